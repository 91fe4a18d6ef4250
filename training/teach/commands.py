"""What `python -m training teach` and `soft-targets` do."""

import argparse
import importlib.util
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tqdm import tqdm

from model_store import Store
from reviews.review import Columns
from training.errors import InvalidSoftTargets, InvalidTransformer
from training.soft_targets.teacher import Teacher
from training.soft_targets.texts import read_texts
from training.soft_targets.version import VersionTeacher
from training.soft_targets.writer import IdentifiedText, SoftTargetWriter
from training.teach.plan import FineTuning, TeachingPlan, file_sha256

__all__ = ["teach", "write_soft_targets"]

_MISSING = "transformers is not installed: pip install 'sentiment-service[transformer]'"


def teach(options: argparse.Namespace, columns: Columns) -> None:
    """Fine-tune the encoder that the options name, or go on with one, and print where the teacher is."""
    if importlib.util.find_spec("transformers") is None:
        raise InvalidTransformer(_MISSING)
    from training.teach.run import TeachingRun, finetune_teacher  # noqa: PLC0415  # an optional extra

    if options.resume:
        run = TeachingRun.open(options.resume)
    else:
        folder = options.run_folder or Path("runs") / f"teacher-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        run = TeachingRun.create(folder, _plan(options, columns))
    print(f"run: {run.folder}", flush=True)
    teacher = finetune_teacher(run)
    print(f"teacher: {teacher.name}")
    print(
        f"ask it with: python -m training soft-targets --teacher {run.folder} --texts FILE --output OUT.jsonl"
    )


def write_soft_targets(options: argparse.Namespace, columns: Columns, store: Path) -> None:
    """Write what the teacher of the options says of the texts that they name."""
    texts = read_texts(
        options.texts, options.sentences_of, columns=columns, max_sentences=options.max_sentences
    )
    if not texts:
        raise InvalidSoftTargets("there is nothing to ask about: give --texts or --sentences-of")
    teacher = _teacher(options.teacher, store)
    print(f"{teacher.name} is asked about {len(texts):,} texts", flush=True)
    writer = SoftTargetWriter(options.output, teacher, texts)
    _write(writer, texts)
    print(options.output)


def _write(writer: SoftTargetWriter, texts: Sequence[IdentifiedText]) -> None:
    with tqdm(total=len(texts), unit="text", desc="soft targets") as bar:
        for num_texts in writer.write():
            bar.update(num_texts)
    writer.join()


def _teacher(name: str, store: Path) -> Teacher:
    folder = Path(name)
    if (folder / "teacher.json").exists():
        if importlib.util.find_spec("transformers") is None:
            raise InvalidTransformer(_MISSING)
        from training.teach.teacher import TransformerTeacher  # noqa: PLC0415  # an optional extra

        return TransformerTeacher.load(folder)
    return VersionTeacher(Store(store).load(name, device="auto"))


def _plan(options: argparse.Namespace, columns: Columns) -> TeachingPlan:
    # Absolute, so that the run can be resumed from any folder.
    return TeachingPlan(
        transformer=options.transformer.resolve(),
        transformer_sha256=file_sha256(options.transformer / "model.safetensors"),
        train=tuple(path.resolve() for path in options.train),
        neutral=tuple(path.resolve() for path in options.neutral),
        reserved=options.reserved and options.reserved.resolve(),
        columns=columns,
        skip_bad=options.skip_bad,
        train_tokens=options.train_tokens,
        max_file_tokens=tuple(options.max_file_tokens),
        finetuning=FineTuning(
            epochs=options.epochs,
            learning_rate=options.learning_rate,
            num_frozen_layers=options.frozen_layers,
        ),
    )
