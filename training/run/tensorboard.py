"""A run's curves for TensorBoard, while it trains: `fit --tensorboard FOLDER`."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from training.errors import ScalarsUnavailable
from training.learning.trainer import EpochMetrics, Trainer

__all__ = ["Scalars"]


class Scalars:
    """Writes what a trainer's callbacks see, by the number of steps since the run began.

    Use it as a context manager: at its end everything is on disk. A run that goes on from a checkpoint
    writes to the same folder, and TensorBoard then leaves out what came after that checkpoint before.
    """

    def __init__(self, folder: Path) -> None:
        """Make the folder; raises ScalarsUnavailable when that fails, or without the package tensorboard."""
        try:
            # Here, since the package is optional and slow to import.
            from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415

            folder.mkdir(parents=True, exist_ok=True)
        except ImportError as error:
            raise ScalarsUnavailable(
                "--tensorboard needs another package: install the extra sentiment-service[tensorboard]"
            ) from error
        except OSError as error:
            raise ScalarsUnavailable(f"--tensorboard {folder}: {error.strerror}") from error
        self._folder = folder
        self._new_writer = SummaryWriter
        self._writer: SummaryWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer:
            self._writer.close()

    def write_step(self, trainer: Trainer[Any]) -> None:
        """Write the loss of the step just done, and the learning rate of the next."""
        self._write(
            trainer, {"loss/train": trainer.progress.step_losses[-1], "learning_rate": trainer.learning_rate}
        )

    def write_epoch(self, trainer: Trainer[Any], figures: EpochMetrics) -> None:
        """Write the validation figures of the epoch just done."""
        self._write(
            trainer,
            {"loss/validation": figures.validation_loss, "accuracy/validation": figures.validation_accuracy},
        )

    def _write(self, trainer: Trainer[Any], values: dict[str, float]) -> None:
        num_steps = len(trainer.progress.step_losses)
        if self._writer is None:
            self._writer = self._new_writer(str(self._folder), purge_step=num_steps)
        for name, value in values.items():
            self._writer.add_scalar(name, value, num_steps)
