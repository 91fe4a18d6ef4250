"""What streams are worth beside requests, and what they cost others.

    python -m bench.streams [--model reviews] [--seconds 10] [--rounds 5]

Starts the service as a process. Reviews of 220 words go by eight clients in turn, 32 a request, and by one
stream; then one client asks for one review after another, with nothing else, with a stream as fast as it can,
and with one of which a line a second is read. Prints the medians over the rounds, as ratios.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlsplit

from sentiment_client import Client, Score

from bench.client import Address, RequestOutcome, closed_loop
from bench.process import running_service
from bench.random_reviews import equal_requests
from bench.serving.figures import percentile
from bench.serving.servers import THIS

NUM_CLIENTS, NUM_REVIEWS, NUM_WORDS, NUM_DIFFERENT = 8, 32, 220, 50
TIMEOUT_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFigures:
    """One round."""

    requests_per_second: float
    """Reviews, by requests."""
    stream_per_second: float
    alone_ms: tuple[float, float]
    """p50 and p99 of one review a request."""
    beside_stream_ms: tuple[float, float]
    beside_slow_reader_ms: tuple[float, float]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="reviews")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder), "--model", options.model) as service,
    ):
        trial = _Trial(service.url(), options.seconds)
        print_table([trial.round() for _ in range(options.rounds)])
    return 0


def print_table(rounds: list[StreamFigures]) -> None:
    """Print the figures as Markdown tables; all are ratios."""

    def median(ratio: Callable[[StreamFigures], float]) -> float:
        return statistics.median(map(ratio, rounds))

    print("| reviews a second | ratio |\n|---|---|\n| 8 clients, 32 reviews a request | 1.00 |")
    print(f"| one stream | {median(lambda each: each.stream_per_second / each.requests_per_second):.2f} |")
    print(
        "\n| one client, one review a request, beside | p50 | p99 |\n|---|---|---|\n| nothing | 1.00 | 1.00 |"
    )
    p50 = median(lambda each: each.beside_stream_ms[0] / each.alone_ms[0])
    p99 = median(lambda each: each.beside_stream_ms[1] / each.alone_ms[1])
    print(f"| a stream at full speed | {p50:.2f} | {p99:.2f} |")
    p50 = median(lambda each: each.beside_slow_reader_ms[0] / each.alone_ms[0])
    p99 = median(lambda each: each.beside_slow_reader_ms[1] / each.alone_ms[1])
    print(f"| a stream of which a line a second is read | {p50:.2f} | {p99:.2f} |")


class _Trial:
    """Loads on one service."""

    def __init__(self, url: str, seconds: float) -> None:
        self._url = url
        self._seconds = seconds
        self._address: Address = ("127.0.0.1", urlsplit(url).port or 80)
        requests = equal_requests(7, num_reviews=NUM_REVIEWS, num_words=NUM_WORDS)
        self._batches = list(islice(requests, NUM_DIFFERENT))
        self._reviews = [review for batch in self._batches for review in batch]

    def round(self) -> StreamFigures:
        """Return the figures of one round."""
        num_good, _ = self._ask(self._batches, num_connections=NUM_CLIENTS)
        stream_per_second = self._stream_per_second()
        alone_ms = self._lone_ms()
        with self._streaming(pause_seconds=0):
            beside_stream_ms = self._lone_ms()
        with self._streaming(pause_seconds=1):
            beside_slow_reader_ms = self._lone_ms()
        return StreamFigures(
            requests_per_second=NUM_REVIEWS * num_good / self._seconds,
            stream_per_second=stream_per_second,
            alone_ms=alone_ms,
            beside_stream_ms=beside_stream_ms,
            beside_slow_reader_ms=beside_slow_reader_ms,
        )

    def _lone_ms(self) -> tuple[float, float]:
        lone = [[review] for review in self._reviews[:200]]
        _, milliseconds = self._ask(lone, num_connections=1)
        return percentile(milliseconds, 50) or 0.0, percentile(milliseconds, 99) or 0.0

    def _ask(self, batches: list[list[str]], *, num_connections: int) -> tuple[int, list[float]]:
        """Return how many requests were answered, and how long each took."""
        port = self._address[1]
        requests = [THIS.adapter.request(each, port=port, deadline_ms=TIMEOUT_MS) for each in batches]
        load = closed_loop(self._address, requests, num_connections=num_connections, seconds=self._seconds)
        good = [each for each in asyncio.run(load) if each.outcome is RequestOutcome.GOOD]
        return len(good), [1000 * each.latency_seconds for each in good]

    def _stream_per_second(self) -> float:
        ends_at_seconds = time.monotonic() + self._seconds
        num_scores = 0
        with Client(self._url) as client:
            for answer in client.score_stream(cycle(self._reviews)):
                num_scores += isinstance(answer, Score)
                if time.monotonic() > ends_at_seconds:
                    break
        return num_scores / self._seconds

    @contextmanager
    def _streaming(self, *, pause_seconds: float) -> Iterator[None]:
        """Keep a stream open that waits before each answer."""
        stopped, begun = threading.Event(), threading.Event()

        def run() -> None:
            with Client(self._url) as client:
                for _ in client.score_stream(cycle(self._reviews)):
                    begun.set()
                    if stopped.wait(pause_seconds):
                        break

        thread = threading.Thread(target=run)
        thread.start()
        begun.wait()
        try:
            yield
        finally:
            stopped.set()
            thread.join()


if __name__ == "__main__":
    sys.exit(main())
