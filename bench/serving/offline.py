"""The same work without HTTP: what the cores could do at best, and what a transformer would.

Run as a process of its own, so that it holds the cores like a server does:

    python -m bench.serving.offline REVIEWS.jsonl.xz --model reviews@production --seconds 5

It prints one line of JSON.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from bench.serving.transformer import Transformer
from bench.serving.workload import Workload
from model_store import RELEASED, Store
from sentiment import set_num_threads

T = TypeVar("T")
# The engine cuts such a group into a few batches of near-equal length.
GROUP_REVIEWS = 256
TRANSFORMER_ROWS = 8


def main() -> None:
    """Print reviews/s of scoring, of predicting, and of a transformer, with a thread for each core."""
    options = _parser().parse_args()
    workload = Workload.read(options.reviews)
    classifier = Store(RELEASED).load(options.model, device="cpu").classifier
    texts = sorted(workload.mixed, key=lambda text: len(classifier.tokenizer.encode(text).ids))
    reviews = classifier.tokenize(texts)
    figures = {
        "score": throughput(classifier.score, groups(reviews, GROUP_REVIEWS), options.seconds),
        "predict": throughput(classifier.predict, groups(texts, GROUP_REVIEWS), options.seconds),
    }
    if options.transformer:
        transformer = Transformer()
        # As many in the sample as there are lengths, for one of its batches takes a second.
        lengths = [min(len(review.ids), transformer.max_tokens) for review in reviews]
        batches = groups(lengths[:: len(lengths) // 64], TRANSFORMER_ROWS)
        figures["transformer"] = throughput(transformer.run, batches, 0.0)
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


def groups(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """Cut items into groups, each about as much work as any other: the rest goes into the last."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def throughput(
    work: Callable[[Sequence[T]], object], batches: Sequence[Sequence[T]], seconds: float
) -> float:
    """Return reviews/s over whole passes through the batches, on all cores, after half of one to warm up.

    It passes at least once, and on until the time is over.
    """
    num_threads = len(os.sched_getaffinity(0))
    num_reviews = sum(map(len, batches))
    with ThreadPoolExecutor(num_threads, initializer=set_num_threads, initargs=(1,)) as pool:
        list(pool.map(work, batches[::2]))
        start, num_passes = time.perf_counter(), 0
        while num_passes == 0 or time.perf_counter() - start < seconds:
            list(pool.map(work, _heaviest_first(batches)))
            num_passes += 1
        return num_passes * num_reviews / (time.perf_counter() - start)


def _heaviest_first(batches: Sequence[Sequence[T]]) -> Iterator[Sequence[T]]:
    # So that the last batch, which one core computes while the others are done, is a short one.
    return reversed(batches)


if __name__ == "__main__":
    main()
