"""Load the service for long: its memory over many requests, then twice the load that it can carry.

    python -m bench.endurance [--requests 20000] [--minutes 1] [--picture docs/measurements/images/memory.png]

Starts the service as a process with as many lanes as there are CPUs. First, eight clients send requests of
random shapes, each the next upon an answer. Then requests of equal size come for some minutes, at twice the
rate that eight such clients have reached. Prints the tables of docs/measurements/endurance.md. Exit status 1
when an answer is missing or, under the first load, not its own, or when threads or open files do not end
where they began.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from bench.answer import Answer
from bench.client import Address, RequestOutcome, closed_loop, constant_arrival, outcome_of
from bench.process import ServiceProcess, Usage, running_service, wait_until
from bench.random_reviews import equal_requests, mixed_requests
from bench.serving.servers import THIS
from training.publishing.report.drawing import COLOURS, FAINT, look, new_axes, to_png

NUM_CLIENTS = 8
# Large enough that the clients need little of the machine beside the service.
NUM_REVIEWS, NUM_WORDS = 16, 200
TIMEOUT_MS = 2000
NUM_DIFFERENT = 200
NUM_READINGS = 200
CAPACITY_SECONDS = 10.0
# How long requests of random shapes may take, before the rest counts as unanswered.
SECONDS_PER_REQUEST, LEAST_SECONDS = 0.1, 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryCurve:
    """Resident memory over a load."""

    num_requests: Sequence[int]
    """Answered when it was read."""
    mib: Sequence[float]

    @property
    def slope(self) -> float:
        """MiB for 1,000 requests, by least squares over the second half."""
        half = len(self.mib) // 2
        return 1000 * statistics.linear_regression(self.num_requests[half:], self.mib[half:]).slope


@dataclass(slots=True)
class AnswerTally:
    """How requests ended, and how many reviews were scored."""

    outcomes: Counter[RequestOutcome] = field(default_factory=Counter)
    num_reviews: int = 0
    """Reviews that were scored."""
    after_each: Callable[[], None] = lambda: None

    @property
    def num_requests(self) -> int:
        """Requests with an answer of any kind."""
        return self.outcomes.total()

    def judge(self, request: bytes, answer: Answer) -> RequestOutcome:
        """Count an answer; the request has failed unless each review has its own prediction."""
        outcome = outcome_of(answer)
        if outcome is RequestOutcome.GOOD:
            lengths = _num_words(request)
            if _num_tokens(answer) == lengths:
                self.num_reviews += len(lengths)
            else:
                outcome = RequestOutcome.FAILED
        self.outcomes[outcome] += 1
        self.after_each()
        return outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Overload:
    """Twice the load that a service can carry."""

    capacity: float
    """Requests a second by clients in turn."""
    seconds: float
    outcomes: Counter[RequestOutcome]
    """Of requests at twice that rate."""


def main() -> int:
    """Run both loads and return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=1.0, help="of the overload")
    parser.add_argument("--model", default="reviews-small")
    parser.add_argument("--store", help="the store to take it from (default: the released one)")
    parser.add_argument("--picture", type=Path, help="where to draw the memory, as PNG")
    options = parser.parse_args()
    flags = ["--model", options.model, *(["--model-store", options.store] if options.store else [])]
    with tempfile.TemporaryDirectory() as folder, running_service(Path(folder), *flags) as service:
        usages, tally = [_warm(service)], AnswerTally()
        memory = _watch(service, options.requests, tally)
        usages.append(_settled(service, usages[0]))
        overload = _overload(service.url(), 60 * options.minutes)
        usages.append(_settled(service, usages[0]))
        status = service.stop()
    print_memory(memory, tally)
    print_overload(overload)
    print_usages(usages)
    if options.picture:
        options.picture.write_bytes(draw(memory))
    return _report_faults(usages, tally, options.requests, overload, status)


def print_memory(memory: MemoryCurve, tally: AnswerTally) -> None:
    """Print the memory over the requests as a Markdown table."""
    print("| requests | reviews | MiB at the start | highest | at the end | slope, MiB per 1,000 requests |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {tally.num_requests:,} | {tally.num_reviews:,} | {memory.mib[0]:.1f} | {max(memory.mib):.1f} "
        f"| {memory.mib[-1]:.1f} | {memory.slope:+.3f} |\n"
    )


def print_overload(overload: Overload) -> None:
    """Print how the requests of the overload ended, as a Markdown table."""
    outcomes = overload.outcomes
    goodput = outcomes[RequestOutcome.GOOD] / overload.seconds
    print(
        "| requests | a second | "
        + " | ".join(each.name.lower() for each in RequestOutcome)
        + " | good, of capacity |"
    )
    print("|---" * (3 + len(RequestOutcome)) + "|")
    counts = " | ".join(f"{outcomes[each]:,}" for each in RequestOutcome)
    print(
        f"| {outcomes.total():,} | {outcomes.total() / overload.seconds:.0f} | {counts} "
        f"| {goodput / overload.capacity:.2f} |\n"
    )


def print_usages(usages: Sequence[Usage]) -> None:
    """Print what the service held at three moments, as a Markdown table."""
    print("| | memory, MiB | threads | open files |\n|---|---|---|---|")
    for name, usage in zip(("warm", "after the requests", "after the overload"), usages, strict=True):
        print(f"| {name} | {usage.rss_mib:.1f} | {usage.num_threads} | {usage.num_open_files} |")


def draw(memory: MemoryCurve) -> bytes:
    """Return the picture of the memory as PNG."""
    with look():
        figure, axes = new_axes("Memory of the service", "requests answered", "resident memory, MiB")
        axes.plot(memory.num_requests, memory.mib, color=COLOURS[0])
        axes.axvspan(
            memory.num_requests[len(memory.mib) // 2], memory.num_requests[-1], color=FAINT, alpha=0.25
        )
        text = f"slope here:\n{memory.slope:+.2f} MiB per\n1,000 requests"
        axes.annotate(text, (0.75, 0.2), xycoords="axes fraction", ha="center")
        axes.set_xlim(0, memory.num_requests[-1])
        axes.set_ylim(0, 1.25 * max(memory.mib))
        axes.locator_params(axis="x", nbins=4)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        return to_png(figure)


def _warm(service: ServiceProcess) -> Usage:
    _send(service, 100, AnswerTally(), seed=1)
    time.sleep(1)  # until it has seen that its clients left
    return service.usage()


def _watch(service: ServiceProcess, num_requests: int, tally: AnswerTally) -> MemoryCurve:
    """Return the memory over the requests, read some two hundred times."""
    step = max(1, num_requests // NUM_READINGS)
    counts, readings = [0], [service.usage().rss_mib]

    def read_memory() -> None:
        if tally.num_requests % step == 0:
            counts.append(tally.num_requests)
            readings.append(service.usage().rss_mib)

    tally.after_each = read_memory
    _send(service, num_requests, tally, seed=2)
    return MemoryCurve(num_requests=counts, mib=readings)


def _send(service: ServiceProcess, num_requests: int, tally: AnswerTally, *, seed: int) -> None:
    address = _address(service.url())
    shapes = islice(mixed_requests(seed), num_requests)
    asyncio.run(
        closed_loop(
            address,
            (THIS.adapter.request(reviews, port=address[1]) for reviews in shapes),
            num_connections=NUM_CLIENTS,
            seconds=LEAST_SECONDS + SECONDS_PER_REQUEST * num_requests,
            judge=tally.judge,
        )
    )


def _num_words(request: bytes) -> list[int]:
    reviews: list[str] = json.loads(request.partition(b"\r\n\r\n")[2])["reviews"]
    return [len(review.split()) for review in reviews]


def _num_tokens(answer: Answer) -> list[int]:
    # A word here is a token, so the lengths of its reviews tell whose answer it is.
    return [prediction["tokens"] for prediction in json.loads(answer.body)["predictions"]]


def _address(url: str) -> Address:
    return "127.0.0.1", urlsplit(url).port or 80


def _overload(url: str, seconds: float) -> Overload:
    address = _address(url)
    few = islice(equal_requests(3, num_reviews=NUM_REVIEWS, num_words=NUM_WORDS), NUM_DIFFERENT)
    requests = [THIS.adapter.request(each, port=address[1], deadline_ms=TIMEOUT_MS) for each in few]
    warm_seconds = min(seconds, CAPACITY_SECONDS)
    samples = asyncio.run(closed_loop(address, requests, num_connections=NUM_CLIENTS, seconds=warm_seconds))
    capacity = len(samples) / warm_seconds
    # Clients wait a second longer than they say, so that they hear of it when the service is too late.
    samples = asyncio.run(
        constant_arrival(
            address,
            requests,
            rate=2 * capacity,
            seconds=seconds,
            deadline_seconds=TIMEOUT_MS / 1000 + 1,
        )
    )
    outcomes = Counter(sample.outcome for sample in samples)
    return Overload(capacity=capacity, seconds=seconds, outcomes=outcomes)


def _settled(service: ServiceProcess, before: Usage) -> Usage:
    """Return what the service holds when it is back at its first usage, or after a minute."""

    def is_back() -> bool:
        return _leaks(before, service.usage()) == []

    with suppress(TimeoutError):
        wait_until(is_back, pause_seconds=0.1)
    return service.usage()


def _report_faults(
    usages: Sequence[Usage], tally: AnswerTally, num_requests: int, overload: Overload, status: int
) -> int:
    """Print what went wrong, and return the exit status."""
    faults = _leaks(usages[0], usages[-1])
    if num_missing := num_requests - tally.outcomes[RequestOutcome.GOOD]:
        faults.append(f"{num_missing} answers are missing or wrong: {dict(tally.outcomes)}")
    if failed := overload.outcomes[RequestOutcome.FAILED]:
        faults.append(f"{failed} requests failed under overload")
    if status != 0:
        faults.append(f"the service ended with status {status}")
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if faults else 0


def _leaks(before: Usage, after: Usage) -> list[str]:
    return [
        f"{what}: {most} before, {now} after"
        for what, most, now in (
            ("threads", before.num_threads, after.num_threads),
            ("open files", before.num_open_files, after.num_open_files),
        )
        if now > most
    ]


if __name__ == "__main__":
    sys.exit(main())
