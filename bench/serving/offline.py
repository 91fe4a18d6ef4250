"""Measures the same work without HTTP: this engine at its best, and a transformer.

Runs as a separate process, so that it has the cores as a server has them:

    python -m bench.serving.offline REVIEWS.jsonl.xz --model reviews@production --seconds 5

It prints one line of JSON.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from bench.serving.transformer import Transformer
from bench.serving.workload import Workload
from model_store import RELEASED, Store
from sentiment import set_num_threads

T = TypeVar("T")
NUM_REVIEWS = 1024
NUM_TRANSFORMED = 64
TRANSFORMER_ROWS = 8


def main() -> None:
    """Print reviews/s of scoring, of predicting, and of a transformer, with a thread for each core."""
    options = _parser().parse_args()
    workload = Workload.read(options.reviews)
    classifier = Store(RELEASED).load(options.model, device="cpu").classifier
    texts = workload.mixed[:NUM_REVIEWS]
    reviews = classifier.tokenize(texts)
    # The engine makes batches of near-equal length of all that a core is given at once.
    figures = {
        "score": throughput(classifier.score, deal(reviews, _num_cores()), options.seconds),
        "predict": throughput(classifier.predict, deal(texts, _num_cores()), options.seconds),
    }
    if options.transformer:
        transformer = Transformer()
        lengths = sorted(min(len(review.ids), transformer.max_tokens) for review in reviews[:NUM_TRANSFORMED])
        figures["transformer"] = throughput(
            transformer.run, groups(lengths, TRANSFORMER_ROWS), options.seconds
        )
    print(json.dumps(figures))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reviews", type=Path)
    parser.add_argument("--model", default="reviews@production")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--transformer", action="store_true")
    return parser


def deal(items: Sequence[T], num_parts: int) -> list[Sequence[T]]:
    """Distribute items evenly, so that all parts are equal work."""
    return [items[part::num_parts] for part in range(num_parts)]


def groups(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """Cut items into groups of neighbours, last group first: the longest, so that all cores end together."""
    return [items[start : start + size] for start in range(0, len(items), size)][::-1]


def throughput(
    work: Callable[[Sequence[T]], object], batches: Sequence[Sequence[T]], seconds: float
) -> float:
    """Return reviews/s over whole passes through the batches on all cores, after a short warm-up.

    There is one pass at least, and another as long as time is left.
    """
    num_reviews = sum(map(len, batches))
    with ThreadPoolExecutor(_num_cores(), initializer=set_num_threads, initargs=(1,)) as pool:
        list(pool.map(work, [batch[::8] for batch in batches]))
        start, num_passes = time.perf_counter(), 0
        while num_passes == 0 or time.perf_counter() - start < seconds:
            list(pool.map(work, batches))
            num_passes += 1
        return num_passes * num_reviews / (time.perf_counter() - start)


def _num_cores() -> int:
    return len(os.sched_getaffinity(0))


if __name__ == "__main__":
    main()
