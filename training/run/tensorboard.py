"""A run's curves for TensorBoard, while it trains: `fit --tensorboard FOLDER`."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from training.errors import ScalarsUnavailable
from training.learning.trainer import EpochMetrics, Trainer

__all__ = ["Scalars"]


class Scalars:
    """Writes losses and metrics of a trainer, by the number of steps since the run began.

    Use it as a context manager: at its end everything is on disk. A run that goes on from a checkpoint
    writes to the same folder, and TensorBoard then leaves out what came after that checkpoint before.
    """

    def __init__(self, folder: Path) -> None:
        """Make the folder; raises ScalarsUnavailable if that fails or the package tensorboard is missing."""
        try:
            # Imported here, since the package is optional and slow to import.
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
        """Write the loss of the last step, and the learning rate of the next."""
        self._write(
            trainer, {"loss/train": trainer.progress.step_losses[-1], "learning_rate": trainer.learning_rate}
        )

    def write_epoch(self, trainer: Trainer[Any], metrics: EpochMetrics) -> None:
        """Write the validation metrics of the last epoch."""
        values = {
            "loss/validation": metrics.validation_loss,
            "accuracy/validation": metrics.validation_accuracy,
        }
        if metrics.domain_accuracy is not None:
            values["accuracy/mean_over_domains"] = metrics.domain_accuracy
        self._write(trainer, values)

    def _write(self, trainer: Trainer[Any], values: dict[str, float]) -> None:
        num_steps = len(trainer.progress.step_losses)
        if self._writer is None:
            self._writer = self._new_writer(str(self._folder), purge_step=num_steps)
        for name, value in values.items():
            self._writer.add_scalar(name, value, num_steps)
