"""`python -m training soft-targets`: write what a teacher says of texts."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from model_store import Store
from training.cli import LINEAR_TEACHER
from training.commands.arguments import columns, require_transformers, review_files, store_path
from training.errors import InvalidSoftTargets
from training.soft_targets.teacher import Teacher
from training.soft_targets.texts import read_texts
from training.soft_targets.version import VersionTeacher
from training.soft_targets.writer import IdentifiedText, SoftTargetWriter

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Write what the teacher of the options says of the texts that they name, part by part."""
    texts = read_texts(
        options.texts, options.sentences_of, columns=columns(options), max_sentences=options.max_sentences
    )
    if not texts:
        raise InvalidSoftTargets("there is nothing to ask about: give --texts or --sentences-of")
    teacher = _teacher(options)
    print(f"{teacher.name} is asked about {len(texts):,} texts", flush=True)
    _write(SoftTargetWriter(options.output, teacher, texts), texts)
    print(options.output)


def _write(writer: SoftTargetWriter, texts: Sequence[IdentifiedText]) -> None:
    with tqdm(total=len(texts), unit="text", desc="soft targets") as bar:
        for num_texts in writer.write():
            bar.update(num_texts)
    writer.join()


def _teacher(options: argparse.Namespace) -> Teacher:
    if options.teacher == LINEAR_TEACHER:
        return _linear_teacher(options)
    if options.train or options.reserved:
        raise InvalidSoftTargets(f"--train and --reserved are for --teacher {LINEAR_TEACHER}: leave them out")
    folder = Path(options.teacher)
    if (folder / "teacher.json").exists():
        require_transformers()
        from training.teach.teacher import TransformerTeacher  # noqa: PLC0415  # an optional extra

        return TransformerTeacher.load(folder)
    return VersionTeacher(Store(store_path(options)).load(options.teacher, device="auto"))


def _linear_teacher(options: argparse.Namespace) -> Teacher:
    if not options.train:
        raise InvalidSoftTargets(f"--teacher {LINEAR_TEACHER} learns from labelled reviews: give --train")
    from training.run.linear_teacher import fit_linear_teacher  # noqa: PLC0415  # SciPy takes long to import

    return fit_linear_teacher(review_files(options, options.train), options.reserved)
