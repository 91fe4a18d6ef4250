"""`python -m tests.sentiment.cramped`: batches of falling size in a process with little memory left.

Prints what came of each batch: "answered", or the name of the exception.
"""

import resource
from pathlib import Path

from sentiment import Engine, SentimentError, set_num_threads
from tests.sentiment.networks import network
from tests.sentiment.test_engine import tokenized

ROOM_BYTES = 30_000_000
NUM_TOKENS = 400


def main() -> None:
    """Warm up, limit the memory to little more than is used by then, and go on."""
    set_num_threads(1)
    engine = Engine(network(embedding_size=64, hidden_size=256, num_layers=2), device="cpu")
    review = tokenized([3] * NUM_TOKENS)
    engine.probabilities([review])
    used_bytes = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used_bytes + ROOM_BYTES, resource.RLIM_INFINITY))
    for num_reviews in (64, 1):
        try:
            engine.probabilities([review] * num_reviews)
            print("answered")
        except SentimentError as error:
            print(type(error).__name__)


if __name__ == "__main__":
    main()
