"""Compares this service with other model servers in one run:

    python -m bench.serving REVIEWS.jsonl.xz

Makes an environment for each server, measures them in turns, prints the tables, and writes the figures to
build/bench/serving.json. `--document docs/measurements/performance.md` writes tables and pictures there too.
`--from FILE` writes those of an earlier run.

    python -m bench.serving REVIEWS.jsonl.xz --baseline FOLDER --rounds 8

compares this checkout with another one of this project, and nothing else. Figures go to
build/bench/baseline.json.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from bench.serving.baseline import (
    BASELINE_CASES,
    BaselinePlan,
    CaseComparison,
    compare,
    comparison_table,
)
from bench.serving.cases import CAPACITY_CASE, CASES, LoadCase
from bench.serving.document import write_between_markers
from bench.serving.errors import BenchError
from bench.serving.figures import ServingResults
from bench.serving.plots import write_pictures
from bench.serving.report import to_markdown
from bench.serving.run import ServingPlan, expected_answers, run
from bench.serving.servers import SERVERS
from bench.serving.workload import Workload
from sentiment import SentimentError

_ADAPTER: Final = TypeAdapter(ServingResults)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure or read an earlier run, and print and write its tables."""
    options = _parser().parse_args(arguments)
    try:
        if options.baseline:
            print(comparison_table(_compare(options)))
            return
        results = _read(options.read) if options.read else _measure(options)
        table = to_markdown(results)
        print(table)
        if options.document:
            pictures = write_pictures(results, options.document.parent / "images")
            links = "\n\n".join(f"![{path.stem}](images/{path.name})" for path in pictures)
            write_between_markers(options.document, "serving", f"{table}\n{links}")
    except SentimentError as error:
        raise SystemExit(f"error: {error}") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.serving",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("reviews", type=Path, nargs="?", help="file of reviews; its labels are not used")
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=list(SERVERS), metavar="SERVER")
    parser.add_argument("--cases", nargs="+", choices=CASES, metavar="CASE", help="default: all")
    parser.add_argument("--seconds", type=float, default=4.0, help="for each case of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--num-cpus", type=int, default=2, help="cores for servers and client together")
    parser.add_argument("--model", default="reviews@production", help="reference in the released store")
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="environments and logs")
    parser.add_argument("--json", type=Path, default=Path("build/bench/serving.json"))
    parser.add_argument("--document", type=Path, help="document with the markers; pictures go beside it")
    parser.add_argument("--from", dest="read", type=Path, help="JSON file of an earlier run")
    parser.add_argument("--baseline", type=Path, help="checkout to compare this one with")
    parser.add_argument("--no-offline", dest="offline", action="store_false")
    return parser


def _read(path: Path) -> ServingResults:
    try:
        return _ADAPTER.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise BenchError(f"{path} is not the JSON file of a run: {error}") from error


def _measure(options: argparse.Namespace) -> ServingResults:
    workload = _workload(options)
    cases = _cases(options.cases or list(CASES))
    if CAPACITY_CASE not in cases and any(case.arrival != "closed" for case in cases.values()):
        raise BenchError(f"--cases: add {CAPACITY_CASE}, which the rates of the others come from")
    plan = ServingPlan(
        reviews=options.reviews,
        workload=workload,
        servers={name: SERVERS[name] for name in options.servers},
        cases=cases,
        seconds=options.seconds,
        rounds=options.rounds,
        model=options.model,
        folder=options.folder,
        offline=options.offline,
    )
    options.json.parent.mkdir(parents=True, exist_ok=True)
    for results in run(plan):
        # After each round, so that an interruption costs one and not all.
        options.json.write_bytes(_ADAPTER.dump_json(results, indent=2))
    return results


def _compare(options: argparse.Namespace) -> dict[str, CaseComparison]:
    workload = _workload(options)
    cases = _cases(options.cases or BASELINE_CASES)
    if not all(case.arrival == "closed" for case in cases.values()):
        raise BenchError(f"--cases: only {', '.join(BASELINE_CASES)} and single-16 go with --baseline")
    if not (options.baseline / "service").is_dir():
        raise BenchError(f"--baseline: {options.baseline} is not a checkout of this project")
    model, expected = expected_answers(options.model, workload)
    plan = BaselinePlan(
        baseline=options.baseline,
        workload=workload,
        cases=cases,
        seconds=options.seconds,
        rounds=options.rounds,
        model=model,
        expected=expected,
        folder=options.folder,
    )
    path = options.folder / "baseline.json"
    for comparisons in compare(plan):
        path.write_bytes(TypeAdapter(dict[str, CaseComparison]).dump_json(comparisons, indent=2))
    return comparisons


def _workload(options: argparse.Namespace) -> Workload:
    if options.reviews is None:
        raise BenchError("name a file of reviews to send, or --from a JSON file")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.num_cpus])
    return Workload.read(options.reviews)


def _cases(names: Sequence[str]) -> dict[str, LoadCase]:
    return {name: case for name, case in CASES.items() if name in names}


if __name__ == "__main__":
    main()
