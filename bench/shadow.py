"""What a shadow costs the live answers: the same load with and without one.

    python -m bench.shadow [--model reviews-small] [--seconds 10] [--rounds 5]

Starts the service as a process, on a store with the model twice: the second one is the candidate. Requests
of equal size come at a quarter of what eight clients in turn reach, and at twice that, by turns without a
shadow and with one of all requests. Prints the medians over the rounds as a table. Exit status 1 when at a
quarter less than half of the reviews were compared, p50 rose by over a tenth or p99 by over a half, or when
at twice the capacity the goodput fell by over 3%.
"""

import argparse
import asyncio
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

from bench.client import Address, RequestOutcome, closed_loop, constant_arrival
from bench.process import ServiceProcess, running_service, wait_until
from bench.random_reviews import equal_requests
from bench.serving.figures import percentile
from bench.serving.servers import THIS
from model_store import Draft, Reason, Rollout, Store
from model_store.manifest import VersionFacts

NUM_CLIENTS = 8
NUM_REVIEWS, NUM_WORDS, NUM_DIFFERENT = 4, 60, 200
TIMEOUT_MS = 2000
LOW, HIGH = 0.25, 2.0
"""Loads, in shares of the capacity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFigures:
    """How the live version did under one load."""

    share: float
    """Of the capacity."""
    is_shadowed: bool
    p50_ms: float
    p99_ms: float
    good_per_second: float
    compared_ratio: float
    """Share of the answered reviews that the candidate has scored too."""


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="reviews-small")
    parser.add_argument("--store", type=Path, default=Store().root, help="default: the released one")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store, candidate = _two_versions(options.store, options.model, Path(folder) / "store")
        flags = ("--model-store", str(store.root), "--model", options.model, "--follow-seconds", "1")
        with running_service(Path(folder) / "service", *flags) as service:
            trial = _Trial(service, store, options.model, candidate)
            found = trial.measure(seconds=options.seconds, num_rounds=options.rounds)
    print_table(found)
    faults = find_faults(found)
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if faults else 0


def print_table(loads: Sequence[LoadFigures]) -> None:
    """Print the figures as a Markdown table; times are ratios to those of the load without a shadow."""
    print("| load, of capacity | shadow | p50 | p99 | good answers | reviews compared |")
    print("|---|---|---|---|---|---|")
    for share in (LOW, HIGH):
        without, shadowed = _pair(loads, share)
        for load in (without, shadowed):
            print(
                f"| {share:g} | {'all' if load.is_shadowed else 'none'} "
                f"| {load.p50_ms / without.p50_ms:.2f} | {load.p99_ms / without.p99_ms:.2f} "
                f"| {load.good_per_second / without.good_per_second:.3f} | {load.compared_ratio:.0%} |"
            )


def find_faults(loads: Sequence[LoadFigures]) -> list[str]:
    """Return what is worse than promised."""
    without, shadowed = _pair(loads, LOW)
    crowded, crowded_shadowed = _pair(loads, HIGH)
    promises = [
        (shadowed.compared_ratio >= 0.5, "less than half of the reviews were compared"),
        (shadowed.p50_ms <= 1.1 * without.p50_ms, "p50 rose by over a tenth"),
        (shadowed.p99_ms <= 1.5 * without.p99_ms, "p99 rose by over a half"),
        (
            crowded_shadowed.good_per_second >= 0.97 * crowded.good_per_second,
            "goodput fell by over 3% at twice the capacity",
        ),
    ]
    return [fault for is_kept, fault in promises if not is_kept]


class _Trial:
    """Loads on one service."""

    def __init__(self, service: ServiceProcess, store: Store, model: str, candidate: int) -> None:
        self._store = store
        self._model = model
        self._candidate = candidate
        self._address: Address = ("127.0.0.1", urlsplit(service.url()).port or 80)
        few = islice(equal_requests(7, num_reviews=NUM_REVIEWS, num_words=NUM_WORDS), NUM_DIFFERENT)
        self._requests = [
            THIS.adapter.request(each, port=self._address[1], deadline_ms=TIMEOUT_MS) for each in few
        ]

    def measure(self, *, seconds: float, num_rounds: int) -> list[LoadFigures]:
        """Return the medians of each load, without and with a shadow."""
        # The candidate is loaded in both cases: what is compared is its work alone.
        self._shadow(0.0)
        capacity = self._capacity(seconds)
        cases = [(share, is_shadowed) for share in (LOW, HIGH) for is_shadowed in (False, True)]
        rounds = [
            [self._load(case, rate=case[0] * capacity, seconds=seconds) for case in cases]
            for _ in range(num_rounds)
        ]
        return [_median(each) for each in zip(*rounds, strict=True)]

    def _capacity(self, seconds: float) -> float:
        """Return requests a second by clients that each send the next upon an answer."""
        load = closed_loop(self._address, self._requests, num_connections=NUM_CLIENTS, seconds=seconds)
        return len(asyncio.run(load)) / seconds

    def _load(self, case: tuple[float, bool], *, rate: float, seconds: float) -> LoadFigures:
        share, is_shadowed = case
        self._shadow(1.0 if is_shadowed else 0.0)
        before = self._num_compared()
        load = constant_arrival(
            self._address,
            self._requests,
            rate=rate,
            seconds=seconds,
            deadline_seconds=TIMEOUT_MS / 1000 + 1,
        )
        good = [each for each in asyncio.run(load) if each.outcome is RequestOutcome.GOOD]
        milliseconds = [1000 * each.latency_seconds for each in good]
        return LoadFigures(
            share=share,
            is_shadowed=is_shadowed,
            p50_ms=percentile(milliseconds, 50) or float("inf"),
            p99_ms=percentile(milliseconds, 99) or float("inf"),
            good_per_second=len(good) / seconds,
            compared_ratio=(self._num_compared() - before) / max(1, NUM_REVIEWS * len(good)),
        )

    def _shadow(self, share: float) -> None:
        rollout = Rollout(candidate=self._candidate, shadow=share)
        self._store.set_rollout(self._model, rollout, Reason(action="rollout"))
        line = f'sentiment_rollout_ratio{{candidate="{self._candidate}",kind="shadow"}} {share}\n'
        wait_until(lambda: line in self._metrics())

    def _num_compared(self) -> float:
        values = re.findall(r"^sentiment_shadow_reviews_total\{.*\} (\S+)$", self._metrics(), re.MULTILINE)
        return sum(map(float, values))

    def _metrics(self) -> str:
        host, port = self._address
        with urlopen(f"http://{host}:{port}/metrics", timeout=30) as answer:
            text: str = answer.read().decode()
        return text


def _two_versions(source: Path, model: str, target: Path) -> tuple[Store, int]:
    """Copy a model's store, and publish the live version once more; return its number too."""
    shutil.copytree(source / model, target / model)
    store = Store(target)
    manifest = store.manifest(*store.resolve(model))
    folder = target / model / str(manifest.version)
    facts = {each.name: getattr(manifest, each.name) for each in fields(VersionFacts)}
    payload = {name: (folder / name).read_bytes() for name in manifest.files}
    return store, store.publish(Draft(**facts, payload=payload))


def _median(loads: Sequence[LoadFigures]) -> LoadFigures:
    return LoadFigures(
        share=loads[0].share,
        is_shadowed=loads[0].is_shadowed,
        p50_ms=statistics.median(each.p50_ms for each in loads),
        p99_ms=statistics.median(each.p99_ms for each in loads),
        good_per_second=statistics.median(each.good_per_second for each in loads),
        compared_ratio=statistics.median(each.compared_ratio for each in loads),
    )


def _pair(loads: Sequence[LoadFigures], share: float) -> tuple[LoadFigures, LoadFigures]:
    """Return the figures of a load without and with a shadow."""
    of_share = [each for each in loads if each.share == share]
    (without,) = (each for each in of_share if not each.is_shadowed)
    (shadowed,) = (each for each in of_share if each.is_shadowed)
    return without, shadowed


if __name__ == "__main__":
    sys.exit(main())
