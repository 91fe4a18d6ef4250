"""A stage of a run: a trainer whose state is saved regularly, and which continues where it was stopped."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import TypeVar

from torch import nn

from training.distributed.processes import any_of, from_first, is_first
from training.errors import Interrupted
from training.learning.trainer import EpochMetrics, Trainer
from training.run.interruption import Interruption
from training.run.progress_lines import ProgressLines
from training.run.run import Run
from training.run.tensorboard import Scalars

__all__ = ["Report", "run_stage"]

N = TypeVar("N", bound=nn.Module)

Report = Callable[[str], None]
"""Takes a line for people."""

_CHECKPOINT_STEPS = 200


def run_stage(
    run: Run, name: str, trainer: Trainer[N], report: Report, scalars: Scalars | None = None
) -> None:
    """Train to the end, from the run's checkpoint of this name if there is one.

    Raises Interrupted, after saving, when SIGINT or SIGTERM arrives: in all processes after the same step,
    whichever of them receives it.
    """
    _restore(run, name, trainer, report)

    lines = ProgressLines(name, trainer.num_steps, report, num_done=trainer.progress.num_steps)

    def after_step() -> None:
        lines.update(trainer.progress.num_steps)
        if scalars:
            scalars.write_step(trainer)
        if any_of(interruption.requested):
            _save(run, name, trainer)
            raise Interrupted(f"stopped; go on with: python -m training fit --resume {run.folder}")
        if trainer.progress.step % _CHECKPOINT_STEPS == 0:
            _save(run, name, trainer)

    def after_epoch(metrics: EpochMetrics) -> None:
        _save(run, name, trainer)
        if scalars:
            scalars.write_epoch(trainer, metrics)
        report(f"{name}: {metrics}")

    with Interruption() as interruption, scalars or nullcontext():
        trainer.run(after_step, after_epoch)


def _restore(run: Run, name: str, trainer: Trainer[N], report: Report) -> None:
    state = from_first(run.checkpoint, name)
    if state is None:
        return
    trainer.restore(state)
    if not trainer.finished:
        report(f"{name}: going on from epoch {trainer.progress.epoch + 1}, step {trainer.progress.step + 1}")


def _save(run: Run, name: str, trainer: Trainer[N]) -> None:
    state = trainer.state()
    if is_first():
        run.save_checkpoint(name, state)
