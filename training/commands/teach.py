"""`python -m training teach`: fine-tune a transformer to be a teacher."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from training.commands.arguments import columns, require_transformers
from training.teach.plan import FineTuning, TeachingPlan, file_sha256

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Fine-tune the encoder that the options name, or go on with one, and print where the teacher is."""
    require_transformers()
    from training.teach.run import TeachingRun, finetune_teacher  # noqa: PLC0415  # an optional extra

    if options.resume:
        begun = TeachingRun.open(options.resume)
    else:
        folder = options.run_folder or Path("runs") / f"teacher-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        begun = TeachingRun.create(folder, _plan(options))
    print(f"run: {begun.folder}", flush=True)
    teacher = finetune_teacher(begun)
    print(f"teacher: {teacher.name}")
    asking = f"python -m training soft-targets --teacher {begun.folder}"
    print(f"ask it with: {asking} --texts FILE --output OUT.jsonl")


def _plan(options: argparse.Namespace) -> TeachingPlan:
    # Absolute, so that the run can be resumed from any folder.
    return TeachingPlan(
        transformer=options.transformer.resolve(),
        transformer_sha256=file_sha256(options.transformer / "model.safetensors"),
        train=tuple(path.resolve() for path in options.train),
        neutral=tuple(path.resolve() for path in options.neutral),
        reserved=options.reserved and options.reserved.resolve(),
        columns=columns(options),
        skip_bad=options.skip_bad,
        train_tokens=options.train_tokens,
        max_file_tokens=tuple(options.max_file_tokens),
        finetuning=FineTuning(
            epochs=options.epochs,
            learning_rate=options.learning_rate,
            num_frozen_layers=options.frozen_layers,
        ),
    )
