"""What the command line asks for, done."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from model_store import RELEASED
from reviews import Columns
from scoring.cli import KEY_VARIABLE, STANDARD, STORE_VARIABLE
from scoring.errors import UnusableInput, UnusableOutput
from scoring.files import writable
from scoring.inputs import TABLE_ENDINGS, InputFile, find_inputs, fingerprint
from scoring.job import Job, JobOptions, Shard, join
from scoring.output import check_ending
from scoring.part_scorer import Threads
from scoring.parts import rejects_path
from scoring.remote_scorer import RemoteScorer
from scoring.scorer import Scorer
from scoring.summary import summary_lines

__all__ = ["job_options", "run", "say"]


def run(options: argparse.Namespace) -> None:
    """Run a job, or join its parts, and say at the end what came of it; raises SentimentError."""
    if options.is_join:
        say(*summary_lines(join(options.output)))
        return
    _check(options)
    with _standard_streams(options) as (files, output):
        shard = Shard(*options.shard) if options.shard else None
        job = job_options(options, files, output)
        job = replace(job, shard=shard, allow_other_hardware=options.allow_other_hardware)
        with _scorer(options) as scorer:
            say(*summary_lines(Job(job, Threads(scorer)).run()))


def job_options(options: argparse.Namespace, files: tuple[InputFile, ...], output: Path) -> JobOptions:
    """Return what the options for reading and writing say: a job of one process on the same hardware."""
    return JobOptions(
        files=files,
        output=output,
        columns=Columns(
            text=options.text_column,
            encoding=options.encoding,
            separator=options.separator,
            quoting=options.quoting,
        ),
        kept=options.keep,
        prefix=options.prefix,
        part_rows=options.part_rows,
        max_rejects=options.max_bad,
    )


def say(*lines: str) -> None:
    """Write lines for people to standard error."""
    print(*lines, sep="\n", file=sys.stderr, flush=True)


def _check(options: argparse.Namespace) -> None:
    streams = STANDARD in options.inputs or options.output == STANDARD
    if STANDARD in options.inputs and len(options.inputs) > 1:
        raise UnusableInput("standard input is scored alone: name no other input")
    if streams and options.shard:
        raise UnusableInput("standard input and output are not shared by shards: name files")
    if options.url and (options.model or options.store or options.device):
        raise UnusableInput("--url asks a service for its model: leave out --model, --store and --device")
    if streams:
        say("note: a job with standard input or output cannot be resumed: stopped, it begins again")


@contextmanager
def _scorer(options: argparse.Namespace) -> Iterator[Scorer]:
    if options.url:
        with closing(RemoteScorer(options.url, os.environ.get(KEY_VARIABLE), options.threads)) as scorer:
            yield scorer
        return
    from scoring.local_scorer import LocalScorer  # noqa: PLC0415 - a service needs no PyTorch here

    yield LocalScorer(
        options.store or os.environ.get(STORE_VARIABLE) or RELEASED,
        options.model or "reviews@production",
        options.device or "auto",
        options.threads,
    )


@contextmanager
def _standard_streams(options: argparse.Namespace) -> Iterator[tuple[tuple[InputFile, ...], Path]]:
    """Yield the files to score and where to write; standard streams are files of a folder meanwhile.

    Their layout and number of rows must be known before the first row is scored, so they are copied first.
    """
    from_stream, to_stream = STANDARD in options.inputs, options.output == STANDARD
    output = Path(f"output.{options.output_format}" if to_stream else options.output)
    check_ending(output.name)
    if not from_stream and not to_stream:
        yield tuple(fingerprint(path) for path in find_inputs(options.inputs)), output
        return
    if not to_stream and output.exists():
        raise UnusableOutput(f"{output}: is there already: remove it, or name another output")
    with (
        writable(output),
        tempfile.TemporaryDirectory(prefix=".scoring-", dir=None if to_stream else output.parent) as folder,
    ):
        place = Path(folder)
        files = (_copied_input(place, options.input_format),) if from_stream else None
        yield files or tuple(map(fingerprint, find_inputs(options.inputs))), place / output.name
        _deliver(place, output, to_stream=to_stream)


def _copied_input(folder: Path, format_name: str) -> InputFile:
    path = folder / f"input.{format_name}"
    if not path.name.endswith(TABLE_ENDINGS):
        known = ", ".join(ending.removeprefix(".") for ending in TABLE_ENDINGS)
        raise UnusableInput(f"--input-format must be one of {known}, not {format_name!r}")
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file, 2**20)
    return fingerprint(path, STANDARD)


def _deliver(folder: Path, output: Path, *, to_stream: bool) -> None:
    """Bring what a job has written where it should go; rejects go to standard error beside a stream."""
    rejects = rejects_path(output, check_ending(output.name))
    if not to_stream:
        (folder / output.name).replace(output)
        if (folder / rejects.name).exists():
            (folder / rejects.name).replace(rejects)
        return
    if (folder / rejects.name).exists():
        say((folder / rejects.name).read_text(encoding="utf-8").rstrip())
    with (folder / output.name).open("rb") as file:
        shutil.copyfileobj(file, sys.stdout.buffer, 2**20)
