"""Measure throughput on Ray with 1, 2 and 4 replicas, on a machine with fewer cores.

    python -m bench.scaling --score-ms 1.99 --png docs/measurements/images/scaling.png

Ray's proxy, HTTP, tokenizer, queue, batches and lanes are real. Only scoring is not: a lane sleeps for as
long as scoring its batch would take (`--score-ms` a review, which `python -m bench.sizes` prints). So lanes
do not compete for cores, as on machines with a core for each. Everything else does: on few cores the CPU time
of the proxy and the replicas limits the throughput, so the table has it too. Needs the extra `ray`. With
RAY_SERVE_ENABLE_HA_PROXY=1, Ray uses the HAProxy that it ships in place of its proxy in Python.
"""

import argparse
import asyncio
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import ray
from ray import serve

from bench.client import RequestOutcome, closed_loop
from bench.process import ROOT
from bench.serving.free_port import free_port
from bench.serving.protocol_adapter import PLAIN
from bench.throughput import ScalingRun, draw, print_table
from deploy.ray.replica import Replica
from model_store import ModelVersion
from sentiment import Classifier, Prediction, RunPlan
from service.runtime.loading import load_version
from service.settings import Settings

SENTENCE = "The camera work is fine, the dialogue is not, and nobody seems to have read the script. "
REVIEW = SENTENCE * 14
"""About as long as a review of a film: some 240 words."""
WARM_UP_SECONDS = 2.0
SIGNS = {"replicas": r"^ray::ServeReplica", "proxy": r"^ray::(HA)?Proxy|^\S*/haproxy\b"}
"""What the command lines of processes begin with."""
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Asleep(Classifier):
    """Tokenizes, and sleeps for as long as scoring would take."""

    def __init__(self, whole: Classifier, score_ms: float) -> None:
        super().__init__(labels=whole.labels, tokenizer=whole.tokenizer, engine=whole._engine)
        self._review_seconds = score_ms / 1000

    def run(self, plan: RunPlan, *, parallel_directions: bool | None = None) -> list[Prediction]:
        """Sleep, and return the same prediction for each review."""
        del parallel_directions  # each replica has one lane
        time.sleep(self._review_seconds * len(plan.reviews))
        return [self._prediction(review, [0.5, 0.5]) for review in plan.reviews]


class AsleepReplica(Replica):
    """A replica whose lanes sleep."""

    def __init__(self, settings: dict[str, object], score_ms: float) -> None:
        super().__init__(settings)
        self._score_ms = score_ms

    def load(self, settings: Settings, reference: str) -> ModelVersion:
        """Load the real version, with a classifier that sleeps."""
        version = load_version(settings, reference)
        return replace(version, classifier=Asleep(version.classifier, self._score_ms))


def main() -> None:
    """Print the table and draw the picture."""
    options = _parser().parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)  # for the replicas
    ray.init(num_cpus=max(options.replicas), include_dashboard=False, log_to_driver=False)
    port = free_port()
    serve.start(proxy_location="HeadOnly", http_options={"host": "127.0.0.1", "port": port})
    try:
        runs = [
            _run(port, num_replicas, reviews_per_request, options.score_ms, options.seconds)
            for num_replicas in options.replicas
            for reviews_per_request in _deployed(num_replicas, options.score_ms, options.reviews_per_request)
        ]
    finally:
        ray.shutdown()
    print_table(runs)
    if options.png is not None:
        draw(runs, options.png)


def _deployed(num_replicas: int, score_ms: float, sizes: Sequence[int]) -> Iterator[int]:
    """Yield the sizes of requests to send while this number of replicas is ready."""
    deployment = serve.deployment(serve.ingress()(AsleepReplica)).options(
        num_replicas=num_replicas, max_ongoing_requests=8192, ray_actor_options={"num_cpus": 1}
    )
    serve.run(deployment.bind({"model": "reviews-small", "log_level": "error"}, score_ms))
    yield from sizes


def _run(
    port: int, num_replicas: int, reviews_per_request: int, score_ms: float, seconds: float
) -> ScalingRun:
    request = PLAIN.request([REVIEW] * reviews_per_request, port=port)
    num_clients = 4 + 4 * num_replicas
    _num_answers(port, request, num_clients, WARM_UP_SECONDS)
    before, start = _cpu_seconds(), time.perf_counter()
    num_requests = _num_answers(port, request, num_clients, seconds)
    after, taken = _cpu_seconds(), time.perf_counter() - start
    spent_ms = {name: 1000 * (after[name] - before.get(name, 0.0)) / num_requests for name in after}
    return ScalingRun(
        num_replicas=num_replicas,
        reviews_per_request=reviews_per_request,
        requests_per_second=num_requests / taken,
        ideal_reviews_per_second=1000 * num_replicas / score_ms,
        proxy_request_ms=spent_ms["proxy"],
        replica_request_ms=spent_ms["replicas"],
    )


def _num_answers(port: int, request: bytes, num_clients: int, seconds: float) -> int:
    address = ("127.0.0.1", port)
    samples = asyncio.run(closed_loop(address, [request], num_connections=num_clients, seconds=seconds))
    if bad := {sample.outcome for sample in samples} - {RequestOutcome.GOOD}:
        raise RuntimeError(f"requests ended as {', '.join(outcome.name.lower() for outcome in bad)}")
    return len(samples)


def _cpu_seconds() -> dict[str, float]:
    """Return the CPU time of Ray's proxy and of the replicas so far, of all that this process started."""
    seconds: dict[str, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
            numbers = (folder / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        except OSError:  # it has just ended
            continue
        name = next((name for name, sign in SIGNS.items() if re.search(sign, command)), None)
        if name is not None and _is_ours(int(folder.name)):
            spent = (int(numbers[11]) + int(numbers[12])) / TICKS_PER_SECOND
            seconds[name] = seconds.get(name, 0.0) + spent
    return seconds


def _is_ours(pid: int) -> bool:
    while pid > 1 and pid != os.getpid():
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        pid = int(stat.rsplit(")", 1)[1].split()[1])
    return pid == os.getpid()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--score-ms", type=float, required=True, help="scoring a review on one thread")
    parser.add_argument("--replicas", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--reviews-per-request", type=int, nargs="+", default=[1, 32])
    parser.add_argument("--seconds", type=float, default=6.0, help="for each row")
    parser.add_argument("--png", type=Path)
    return parser


if __name__ == "__main__":
    main()
