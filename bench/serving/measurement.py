"""Measures a server: its answers, all cases, and its memory."""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.client import closed_loop, constant_arrival
from bench.serving.cases import CAPACITY_CASE, LoadCase
from bench.serving.errors import ServerFailed
from bench.serving.figures import CaseFigures, summarise
from bench.serving.protocol_adapter import Probabilities
from bench.serving.running_server import RunningServer, running
from bench.serving.servers import ServerSetup
from bench.serving.workload import Workload, in_groups

__all__ = ["TOLERANCE", "Turn", "check_answers", "measure", "take_turn"]

TOLERANCE = 1e-4
"""Largest difference of a peer's probability from this project's; padding and the order of sums move it."""
Ask = Callable[[Sequence[str]], list[Probabilities]]
_WARM_UP_SECONDS = 1.0


class Turn:
    """The figures of one server in one round."""

    def __init__(self) -> None:
        self.cold_start_seconds = math.nan
        self.rss_mib = self.pss_mib = math.nan
        self.figures: dict[str, CaseFigures] = {}


def take_turn(  # noqa: PLR0913  # what makes up a turn
    setup: ServerSetup,
    python: Path,
    folder: Path,
    *,
    model: str,
    workload: Workload,
    expected: Sequence[Probabilities],
    cases: Mapping[str, LoadCase],
    seconds: float,
    capacity_of_this: float | None,
) -> Turn:
    """Start a server, check its answers, measure all cases and its memory, stop it; raises ServerFailed."""
    turn = Turn()
    with running(setup, python, folder, model=model, review=workload.short[0]) as server:
        turn.cold_start_seconds = server.cold_start_seconds
        check_answers(server.ask, workload.mixed[: len(expected)], expected)
        for name, case in cases.items():
            turn.figures[name] = measure(
                server,
                case,
                workload,
                seconds=seconds * case.time_ratio,
                rate=_rate(case, turn, capacity_of_this),
            )
        usage = server.process.usage()
        turn.rss_mib, turn.pss_mib = usage.rss_mib, usage.pss_mib
    return turn


def check_answers(ask: Ask, reviews: Sequence[str], expected: Sequence[Probabilities]) -> None:
    """Raise ServerFailed unless the probabilities are right, of all reviews together and one by one."""
    for answers in (ask(reviews), [ask([review])[0] for review in reviews]):
        if len(answers) != len(expected):
            raise ServerFailed(f"gives {len(answers)} answers to {len(expected)} reviews")
        for answer, right in zip(answers, expected, strict=True):
            if answer.keys() != right.keys():
                raise ServerFailed(f"gives the labels {sorted(answer)}, not {sorted(right)}")
            error = max(abs(answer[label] - right[label]) for label in right)
            if not error <= TOLERANCE:
                raise ServerFailed(f"gives a probability that is wrong by {error:.2g}")


def measure(
    server: RunningServer, case: LoadCase, workload: Workload, *, seconds: float, rate: float | None
) -> CaseFigures:
    """Return the figures of one case, after a second that warms up and does not count."""
    return asyncio.run(_measure(server, case, workload, seconds=seconds, rate=rate))


async def _measure(
    server: RunningServer, case: LoadCase, workload: Workload, *, seconds: float, rate: float | None
) -> CaseFigures:
    address = ("127.0.0.1", server.port)
    requests = _requests(server, case, workload)
    whole_seconds = _WARM_UP_SECONDS + seconds
    if rate is None:
        samples = await closed_loop(
            address, requests, num_connections=case.num_connections, seconds=whole_seconds
        )
    else:
        samples = await constant_arrival(
            address, requests, rate=rate, seconds=whole_seconds, deadline_seconds=case.deadline_seconds
        )
    counted_from = min((each.start_seconds for each in samples), default=0.0) + _WARM_UP_SECONDS
    # An answer counts when it comes, as it fills the server's time; a request that is due, by when that was.
    counted = [
        each for each in samples if (each.end_seconds if rate is None else each.start_seconds) >= counted_from
    ]
    return summarise(
        counted,
        window_seconds=seconds,
        reviews_per_request=case.reviews_per_request,
        offered_reviews_per_second=rate,
    )


def _requests(server: RunningServer, case: LoadCase, workload: Workload) -> list[bytes]:
    texts = workload.short if case.short else workload.mixed
    deadline_ms = round(1000 * case.deadline_seconds) if case.arrival != "closed" else None
    return [
        server.setup.adapter.request(group, port=server.port, deadline_ms=deadline_ms)
        for group in in_groups(texts, case.reviews_per_request)
    ]


def _rate(case: LoadCase, turn: Turn, capacity_of_this: float | None) -> float | None:
    if case.arrival == "closed":
        return None
    own = turn.figures.get(CAPACITY_CASE)
    capacity = own.reviews_per_second if own else None
    if case.arrival == "constant":
        capacity = capacity_of_this or capacity
    if capacity is None:
        raise ServerFailed(f"has no rate for {case.title}: it takes {CAPACITY_CASE} among the cases")
    # At least one a second, for a server that answered nothing in the time.
    return max(1.0, capacity) * case.load_ratio
