"""This checkout beside an older one: two services of one run, measured in turns.

A round starts both, and measures each case four times: the baseline, this checkout twice, the baseline again.
So a machine that becomes slower during a case slows both sides alike, and the two turns of the baseline show
by how much equal code differs.
"""

import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from bench.serving.cases import LoadCase
from bench.serving.errors import BenchError
from bench.serving.figures import CaseFigures
from bench.serving.measurement import check_answers, measure
from bench.serving.protocol_adapter import Probabilities
from bench.serving.running_server import RunningServer, running
from bench.serving.servers import THIS, ServerSetup
from bench.serving.workload import Workload

__all__ = ["BASELINE_CASES", "BaselinePlan", "CaseComparison", "compare", "comparison_table"]

BASELINE_CASES: Final = ("single-1", "single-64", "short-64", "requests-of-32")
"""The cases that are compared unless others are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselinePlan:
    """What to compare, and how long."""

    baseline: Path
    """The other checkout; it runs with its own `.venv` if it has one."""
    workload: Workload
    cases: Mapping[str, LoadCase]
    seconds: float
    rounds: int
    model: str
    expected: Sequence[Probabilities]
    """Of the first reviews of the workload: both sides must give these."""
    folder: Path


@dataclass(slots=True)
class CaseComparison:
    """One case over all rounds so far. Ratios are of reviews/s: above 1, the first side is faster."""

    to_baseline: list[float] = field(default_factory=list)
    """This checkout to the baseline."""
    baseline_to_itself: list[float] = field(default_factory=list)
    """The last turn of the baseline to its first."""
    p99_to_baseline: list[float] = field(default_factory=list)
    """Of latencies: below 1, this checkout answers sooner."""

    def add(self, first: CaseFigures, second: CaseFigures, third: CaseFigures, last: CaseFigures) -> None:
        """Add a round: the baseline, this checkout twice, the baseline again; raises BenchError."""
        turns = [first, second, third, last]
        rates = [turn.reviews_per_second for turn in turns]
        tails = [turn.p99_ms for turn in turns if turn.p99_ms is not None]
        if not all(rates) or any(turn.num_failed for turn in turns):
            raise BenchError("a turn had no good answer, or a request failed")
        self.to_baseline.append((rates[1] + rates[2]) / (rates[0] + rates[3]))
        self.baseline_to_itself.append(rates[3] / rates[0])
        self.p99_to_baseline.append((tails[1] + tails[2]) / (tails[0] + tails[3]))


def compare(plan: BaselinePlan) -> Iterator[dict[str, CaseComparison]]:
    """Measure round by round, and yield all comparisons so far after each; raises BenchError."""
    comparisons = {name: CaseComparison() for name in plan.cases}
    for number in range(1, plan.rounds + 1):
        print(f"round {number} of {plan.rounds}", file=sys.stderr, flush=True)
        with ExitStack() as stack:
            old, new = (
                stack.enter_context(_started(plan, setup, name))
                for name, setup in (("baseline", _baseline(plan.baseline)), ("this", THIS))
            )
            for server in (old, new):
                check_answers(server.ask, plan.workload.mixed[: len(plan.expected)], plan.expected)
            for name, case in plan.cases.items():
                turns = [
                    measure(server, case, plan.workload, seconds=plan.seconds * case.time_ratio, rate=None)
                    for server in (old, new, new, old)
                ]
                comparisons[name].add(*turns)
                print(f"  {name:<16} {comparisons[name].to_baseline[-1]:.3f}", file=sys.stderr, flush=True)
        yield comparisons


def comparison_table(comparisons: Mapping[str, CaseComparison]) -> str:
    """Return a Markdown table with a row for each case."""
    heads = ["case", "reviews/s to the baseline", "the baseline to itself", "p99 to the baseline"]
    lines = [heads, ["---"] * len(heads)]
    for name, found in comparisons.items():
        ratios = (found.to_baseline, found.baseline_to_itself, found.p99_to_baseline)
        lines.append([name, *map(_spread, ratios)])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\nMedians over the rounds; in brackets the lowest and the highest round."


def _started(plan: BaselinePlan, setup: ServerSetup, name: str) -> AbstractContextManager[RunningServer]:
    return running(
        setup,
        _python(setup.code),
        plan.folder / "servers" / name,
        model=plan.model,
        review=plan.workload.short[0],
    )


def _baseline(checkout: Path) -> ServerSetup:
    return replace(THIS, name=f"baseline {checkout.name}", code=checkout.resolve())


def _python(checkout: Path) -> Path:
    own = checkout / ".venv/bin/python"
    return own if own.exists() else Path(sys.executable)


def _spread(ratios: Sequence[float]) -> str:
    return f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
