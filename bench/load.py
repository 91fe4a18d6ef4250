"""Requests of random shapes, and clients that see to it that each review gets its own answer."""

import asyncio
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import httpx

__all__ = ["Tally", "fixed_requests", "random_requests", "send_in_turn"]

PATIENCE_SECONDS = 60.0
WORDS = (
    "a",
    "the",
    "film",
    "story",
    "cast",
    "good",
    "bad",
    "dull",
    "great",
    "never",
    "not",
    "but",
    "zyx",
    "qwv",
)

Request = list[str]


@dataclass(slots=True)
class Tally:
    """What came of requests."""

    statuses: Counter[int] = field(default_factory=Counter)
    num_reviews: int = 0
    """Reviews that were scored."""
    num_wrong: int = 0
    """Requests without an answer, or whose answer does not fit their reviews."""

    @property
    def num_requests(self) -> int:
        """Requests that have ended, in whatever way."""
        return self.statuses.total() + self.num_wrong


def random_requests(seed: int) -> Iterator[Request]:
    """Yield requests of 1 to 32 reviews, each of 1 to 800 words: small ones often, and large ones sometimes.

    Reviews are log-uniform, words log-normal with a median of 20.
    """
    chance = random.Random(seed)  # noqa: S311  # no secret
    while True:
        num_reviews = round(math.exp(chance.uniform(0, math.log(32))))
        yield [_review(chance, round(chance.lognormvariate(math.log(20), 1.2))) for _ in range(num_reviews)]


def fixed_requests(seed: int, *, num_reviews: int, num_words: int) -> Iterator[Request]:
    """Yield requests that cost the same."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    while True:
        yield [_review(chance, num_words) for _ in range(num_reviews)]


async def send_in_turn(
    url: str, requests: Iterable[Request], tally: Tally, *, num_clients: int, after_each: Callable[[], object]
) -> None:
    """Let clients send the next request as soon as they have the answer to their last."""
    waiting = iter(requests)

    async def insist() -> None:
        for request in waiting:
            await _send(client, request, tally)
            after_each()

    async with _client(url) as client:
        await asyncio.gather(*[insist() for _ in range(num_clients)])


def _client(url: str) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    return httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS, limits=limits)


async def _send(client: httpx.AsyncClient, request: Request, tally: Tally) -> None:
    try:
        response = await client.post("/predict", json={"reviews": request})
    except httpx.TransportError:
        tally.num_wrong += 1
        return
    if response.status_code == 200 and not _fits(response, request):
        tally.num_wrong += 1
        return
    tally.statuses[response.status_code] += 1
    if response.status_code == 200:
        tally.num_reviews += len(request)


def _fits(response: httpx.Response, request: Request) -> bool:
    """Return whether each review has its own prediction: a word is a token, so lengths tell them apart."""
    lengths: Sequence[int] = [prediction["tokens"] for prediction in response.json()["predictions"]]
    return lengths == [len(review.split()) for review in request]


def _review(chance: random.Random, num_words: int) -> str:
    return " ".join(chance.choices(WORDS, k=min(max(num_words, 1), 800)))
