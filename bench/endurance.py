"""What a long day does to the service: its memory over many requests, and twice the load that it can carry.

    python -m bench.endurance [--requests 20000] [--minutes 1] [--picture docs/measurements/images/memory.png]

Starts the service as its own process, with as many lanes as there are CPUs. First come requests of random
shapes, by eight clients in turn; then, for some minutes, requests of equal size at twice the rate that eight
clients in turn have reached. Prints the tables of docs/measurements/endurance.md. Exit status 1 when
an answer is missing or, under the first load, not its own, or when threads or open files do not end where
they began.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from bench.load import Tally, fixed_requests, random_requests, send_in_turn
from bench.service_process import ServiceProcess, Usage, running, wait_until
from bench.serving.client import Outcome, closed_loop, constant_arrival
from bench.serving.servers import THIS
from training.publishing.report.drawing import COLOURS, FAINT, look, new_axes, to_png

NUM_CLIENTS = 8
# Large enough that the clients need little of the machine beside the service.
NUM_REVIEWS, NUM_WORDS = 16, 200
TIMEOUT_MS = 2000
NUM_DIFFERENT = 200
CAPACITY_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Resident memory over a load."""

    num_requests: Sequence[int]
    """So many were answered when it was read."""
    mib: Sequence[float]

    @property
    def slope(self) -> float:
        """MiB for 1,000 requests, by least squares over the second half."""
        half = len(self.mib) // 2
        return 1000 * statistics.linear_regression(self.num_requests[half:], self.mib[half:]).slope


@dataclass(frozen=True, slots=True, kw_only=True)
class Overload:
    """Twice the load that a service can carry."""

    capacity: float
    """Requests a second by clients in turn."""
    seconds: float
    outcomes: Counter[Outcome]
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
    with running(*flags) as service:
        usages, tally = [_warm(service)], Tally()
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
    return _judge(usages, tally, overload, status)


def print_memory(memory: Memory, tally: Tally) -> None:
    """Print what many requests did to the memory, as a Markdown table."""
    print("| requests | reviews | MiB at the start | highest | at the end | slope, MiB per 1,000 requests |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {tally.num_requests:,} | {tally.num_reviews:,} | {memory.mib[0]:.1f} | {max(memory.mib):.1f} "
        f"| {memory.mib[-1]:.1f} | {memory.slope:+.3f} |\n"
    )


def print_overload(overload: Overload) -> None:
    """Print what became of requests at twice the rate that the service can carry, as a Markdown table."""
    outcomes = overload.outcomes
    goodput = outcomes[Outcome.GOOD] / overload.seconds
    print(
        "| requests | a second | "
        + " | ".join(each.name.lower() for each in Outcome)
        + " | good, of capacity |"
    )
    print("|---" * (3 + len(Outcome)) + "|")
    counts = " | ".join(f"{outcomes[each]:,}" for each in Outcome)
    print(
        f"| {outcomes.total():,} | {outcomes.total() / overload.seconds:.0f} | {counts} "
        f"| {goodput / overload.capacity:.2f} |\n"
    )


def print_usages(usages: Sequence[Usage]) -> None:
    """Print what the service held, as a Markdown table."""
    print("| | memory, MiB | threads | open files |\n|---|---|---|---|")
    for name, usage in zip(("warm", "after the requests", "after the overload"), usages, strict=True):
        print(f"| {name} | {usage.memory_mib:.1f} | {usage.num_threads} | {usage.num_open_files} |")


def draw(memory: Memory) -> bytes:
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
    requests = islice(random_requests(seed=1), 100)
    asyncio.run(
        send_in_turn(service.url(), requests, Tally(), num_clients=NUM_CLIENTS, after_each=lambda: None)
    )
    time.sleep(1)  # until it has seen that its clients left
    return service.usage()


def _watch(service: ServiceProcess, num_requests: int, tally: Tally) -> Memory:
    """Return the memory over so many requests, read two hundred times."""
    step = max(1, num_requests // 200)
    places, readings = [0], [service.usage().memory_mib]

    def look_at_memory() -> None:
        if tally.num_requests % step == 0:
            places.append(tally.num_requests)
            readings.append(service.usage().memory_mib)

    requests = islice(random_requests(seed=2), num_requests)
    asyncio.run(
        send_in_turn(service.url(), requests, tally, num_clients=NUM_CLIENTS, after_each=look_at_memory)
    )
    return Memory(num_requests=places, mib=readings)


def _overload(url: str, seconds: float) -> Overload:
    address = ("127.0.0.1", urlsplit(url).port or 80)
    few = islice(fixed_requests(3, num_reviews=NUM_REVIEWS, num_words=NUM_WORDS), NUM_DIFFERENT)
    requests = [THIS.dialect.request(each, port=address[1], deadline_ms=TIMEOUT_MS) for each in few]
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
    """Return what the service holds once it has let go of its clients, or what it never let go of."""

    def is_back() -> bool:
        return _leaks(before, service.usage()) == []

    with suppress(TimeoutError):
        wait_until(is_back, pause_seconds=0.1)
    return service.usage()


def _judge(usages: Sequence[Usage], requests: Tally, overload: Overload, status: int) -> int:
    """Print what went wrong, and return the exit status."""
    faults = _leaks(usages[0], usages[-1])
    if requests.num_wrong:
        faults.append(f"{requests.num_wrong} answers are missing or wrong")
    faults += [f"status {other}" for other in sorted(requests.statuses.keys() - {200})]
    if failed := overload.outcomes[Outcome.FAILED]:
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
