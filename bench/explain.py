"""Measure explanations beside predictions: what each costs the other.

    python -m bench.explain imdb_test.jsonl.xz

1. Single reviews arrive at `POST /predict` at a constant rate, a quarter of what the service can do; in every
   other turn, one client asks `POST /explain` without a pause. Printed are the latencies of the predictions
   with and without that, from one run of one service.
2. Reviews of about the median length are sent alone, in turn as a prediction and as an explanation of their
   sentences. Printed is the second latency as a multiple of the first.
"""

import argparse
import asyncio
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from bench.client import Address, RequestOutcome, Sample, closed_loop, constant_arrival
from bench.process import running_service
from bench.serving.figures import percentile
from bench.serving.protocol_adapter import PLAIN, ProtocolAdapter
from bench.serving.workload import Workload
from model_store import RELEASED, Store

LOAD_RATIO = 0.25
CAPACITY_CONNECTIONS = 64
NUM_MEDIAN = 20
_DEADLINE_SECONDS = 10.0
_WHOLE = replace(PLAIN, path="/explain")
_SENTENCES = replace(_WHOLE, to_json=lambda reviews: {"reviews": list(reviews), "unit": "sentence"})


@dataclass
class PredictionLatencies:
    """Latencies of good answers of all turns of a kind, in milliseconds, and what was not answered well."""

    milliseconds: list[float] = field(default_factory=list)
    num_bad: int = 0

    def add(self, samples: Sequence[Sample]) -> None:
        """Take the requests of a turn."""
        good = [sample for sample in samples if sample.outcome is RequestOutcome.GOOD]
        self.milliseconds += [1000 * sample.latency_seconds for sample in good]
        self.num_bad += len(samples) - len(good)

    def percentile(self, share: float) -> float:
        """Return the latency that `share` percent do not exceed."""
        return percentile(self.milliseconds, share) or 0.0


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reviews", type=Path)
    parser.add_argument("--model", default="reviews")
    parser.add_argument("--seconds", type=float, default=10.0, help="time of a turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns with explanations, and without")
    options = parser.parse_args()
    texts = Workload.read(options.reviews).mixed
    with TemporaryDirectory() as folder, running_service(Path(folder), "--model", options.model) as service:
        address = ("127.0.0.1", urlsplit(service.url()).port or 80)
        asyncio.run(beside(address, texts, seconds=options.seconds, rounds=options.rounds))
        asyncio.run(alone(address, median_texts(options.model, texts), rounds=options.rounds))


async def beside(address: Address, texts: Sequence[str], *, seconds: float, rounds: int) -> None:
    """Print the latencies of predictions at a constant rate, without explanations and with them."""
    predictions, explanations = (_requests(address, adapter, texts) for adapter in (PLAIN, _WHOLE))
    full = await closed_loop(
        address, predictions, num_connections=CAPACITY_CONNECTIONS, seconds=max(2.0, seconds / 2)
    )
    rate = LOAD_RATIO * len(full) / max(2.0, seconds / 2)
    without, beside_them = PredictionLatencies(), PredictionLatencies()
    explained: list[Sample] = []
    for _ in range(rounds):
        without.add(await _predict(address, predictions, rate, seconds))
        found, more = await asyncio.gather(
            _predict(address, predictions, rate, seconds),
            closed_loop(address, explanations, num_connections=1, seconds=seconds),
        )
        beside_them.add(found)
        explained += more
    print(f"{rate:.0f} predictions/s, {len(explained) / (rounds * seconds):.2f} explanations/s beside them\n")
    print("| | p50 | p99 | not answered |\n|---|---|---|---|")
    for name, figures in (("without /explain", without), ("with /explain", beside_them)):
        p50, p99 = figures.percentile(50), figures.percentile(99)
        print(f"| {name} | {p50:.1f} ms | {p99:.1f} ms | {figures.num_bad} |")
    ratios = [beside_them.percentile(share) / without.percentile(share) for share in (50, 99)]
    print(f"| ratio | {ratios[0]:.2f} | {ratios[1]:.2f} | |\n")


async def alone(address: Address, texts: Sequence[str], *, rounds: int) -> None:
    """Print the latency of the sentence view of a review as a multiple of its prediction's."""
    kinds = {name: (_requests(address, adapter, texts), PredictionLatencies()) for name, adapter in _VIEWS}
    for _ in range(rounds):
        for requests, figures in kinds.values():
            figures.add(await closed_loop(address, iter(requests), num_connections=1, seconds=60))
    lone = kinds["prediction"][1].percentile(50)
    print("| of a median review, alone | p50 | of a prediction | not answered |\n|---|---|---|---|")
    for name, (_, figures) in kinds.items():
        p50 = figures.percentile(50)
        print(f"| {name} | {p50:.1f} ms | {p50 / lone:.1f} | {figures.num_bad} |")


def median_texts(model: str, texts: Sequence[str]) -> list[str]:
    """Return the reviews whose numbers of tokens are nearest to the median."""
    tokenizer = Store(RELEASED).load(model, device="cpu").classifier.tokenizer
    lengths = {text: tokenizer.encode(text).num_tokens for text in texts}
    median = statistics.median(lengths.values())
    return sorted(lengths, key=lambda text: abs(lengths[text] - median))[:NUM_MEDIAN]


_VIEWS = (("prediction", PLAIN), ("its sentences", _SENTENCES), ("sentences and words", _WHOLE))


def _requests(address: Address, adapter: ProtocolAdapter, texts: Sequence[str]) -> list[bytes]:
    return [adapter.request([text], port=address[1]) for text in texts]


async def _predict(address: Address, requests: Sequence[bytes], rate: float, seconds: float) -> list[Sample]:
    return await constant_arrival(
        address, requests, rate=rate, seconds=seconds, deadline_seconds=_DEADLINE_SECONDS
    )


if __name__ == "__main__":
    main()
