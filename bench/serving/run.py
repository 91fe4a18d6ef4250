"""One run: the environments of all servers, then all servers in turns, round by round."""

import json
import math
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from bench.serving.cases import CAPACITY_CASE, LoadCase
from bench.serving.environment import interpreter
from bench.serving.errors import BenchError
from bench.serving.figures import OfflineFigures, ServerFigures, ServingResults
from bench.serving.measurement import Turn, take_turn
from bench.serving.protocol_adapter import Probabilities
from bench.serving.servers import ServerSetup
from bench.serving.workload import Workload
from model_store import RELEASED, Store

__all__ = ["ServingPlan", "expected_answers", "run"]

_NUM_CHECKED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingPlan:
    """What to measure."""

    reviews: Path
    workload: Workload
    servers: Mapping[str, ServerSetup]
    cases: Mapping[str, LoadCase]
    seconds: float
    rounds: int
    model: str
    folder: Path
    offline: bool


class _Measured:
    """The turns of one server so far."""

    def __init__(self, setup: ServerSetup) -> None:
        self.setup = setup
        self.python: Path | None = None
        self.turns: list[Turn] = []
        self.skipped: str | None = None

    def skip(self, error: BenchError) -> None:
        self.skipped = str(error)
        _say(f"{self.setup.name} is left out: {error}")


def run(plan: ServingPlan) -> Iterator[ServingResults]:
    """Measure all servers, and yield all results so far after each round.

    A server that cannot be installed, does not start or answers wrongly is left out.
    """
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    servers = {name: _Measured(setup) for name, setup in plan.servers.items()}
    for server in servers.values():
        _install(server, plan)
    model, expected = expected_answers(plan.model, plan.workload)
    offline: list[dict[str, float]] = []
    for number in range(1, plan.rounds + 1):
        for name, server in servers.items():
            if server.skipped is None:
                _say(f"round {number} of {plan.rounds}: {server.setup.name}")
                _take_turn(plan, name, server, expected, _capacity_of_this(servers))
        if plan.offline:
            _say(f"round {number} of {plan.rounds}: offline")
            offline.append(_offline(plan, with_transformer=number == 1))
        yield ServingResults(
            started_at=started_at,
            machine=_machine(),
            model=model,
            seconds=plan.seconds,
            rounds=number,
            servers={name: _figures(server, plan) for name, server in servers.items()},
            offline=_offline_figures(offline) if offline else None,
        )


def expected_answers(model: str, workload: Workload) -> tuple[str, list[Probabilities]]:
    """Return the version of a reference, and what it says of the first reviews of a workload."""
    version = Store(RELEASED).load(model, device="cpu")
    predictions = version.classifier.predict(workload.mixed[:_NUM_CHECKED])
    return str(version), [prediction.probabilities for prediction in predictions]


def _install(server: _Measured, plan: ServingPlan) -> None:
    _say(f"environment of {server.setup.name}")
    try:
        server.python = interpreter(server.setup, plan.folder)
    except BenchError as error:
        server.skip(error)


def _take_turn(
    plan: ServingPlan,
    name: str,
    server: _Measured,
    expected: list[Probabilities],
    capacity_of_this: float | None,
) -> None:
    assert server.python is not None  # noqa: S101  # or it would be skipped
    start = time.monotonic()
    try:
        turn = take_turn(
            server.setup,
            server.python,
            plan.folder / "servers" / name,
            model=plan.model,
            workload=plan.workload,
            expected=expected,
            cases=plan.cases,
            seconds=plan.seconds,
            capacity_of_this=capacity_of_this,
        )
    except BenchError as error:
        server.skip(error)
        return
    server.turns.append(turn)
    for case, figures in turn.figures.items():
        p99 = math.nan if figures.p99_ms is None else figures.p99_ms
        bad = f"{figures.num_refused} refused, {figures.num_late} late, {figures.num_failed} failed"
        _say(f"  {case:<16} {figures.reviews_per_second:8.1f} reviews/s, p99 {p99:7.1f} ms, {bad}")
    _say(
        f"  {turn.rss_mib:.0f} MiB, cold start {turn.cold_start_seconds:.1f} s; "
        f"{time.monotonic() - start:.0f} s in all"
    )


def _capacity_of_this(servers: Mapping[str, _Measured]) -> float | None:
    # One rate for all rounds and servers, so that they are asked the same.
    for server in servers.values():
        for turn in server.turns:
            if CAPACITY_CASE in turn.figures:
                return turn.figures[CAPACITY_CASE].reviews_per_second
    return None


def _offline(plan: ServingPlan, *, with_transformer: bool) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.serving.offline", str(plan.reviews)]
    command += ["--model", plan.model, "--seconds", str(plan.seconds)]
    command += ["--transformer"] if with_transformer else []
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    figures: dict[str, float] = json.loads(done.stdout)
    _say("  " + ", ".join(f"{name} {value:.1f} reviews/s" for name, value in figures.items()))
    return figures


def _offline_figures(rounds: list[dict[str, float]]) -> OfflineFigures:
    def of(name: str) -> tuple[float, ...]:
        return tuple(figures[name] for figures in rounds if name in figures)

    return OfflineFigures(score=of("score"), predict=of("predict"), transformer=of("transformer"))


def _figures(server: _Measured, plan: ServingPlan) -> ServerFigures:
    turns = server.turns
    return ServerFigures(
        name=server.setup.name,
        setup=server.setup.description,
        requirements=server.setup.requirements,
        skipped=server.skipped,
        cold_start_seconds=tuple(turn.cold_start_seconds for turn in turns),
        rss_mib=tuple(turn.rss_mib for turn in turns),
        pss_mib=tuple(turn.pss_mib for turn in turns),
        cases={case: tuple(turn.figures[case] for turn in turns) for case in plan.cases} if turns else {},
    )


def _machine() -> dict[str, str]:
    cpus = re.findall(
        r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE
    )
    return {
        "processor": cpus[0] if cpus else platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "python": platform.python_version(),
        "torch": metadata.version("torch"),
    }


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
