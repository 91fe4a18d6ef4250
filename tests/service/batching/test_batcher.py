import asyncio
import gc
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from model_store import Store
from sentiment import TOLERANCE, Classifier, Prediction, TokenizedReview
from service.batching.batcher import Batcher
from service.batching.request import Job
from service.errors import Draining, InferenceFailed, Overloaded
from service.outcomes import LaneState
from service.telemetry.metrics import Metrics
from tests.service import faults, stores
from tests.service.running import PATIENCE_SECONDS

pytestmark = pytest.mark.xdist_group("batcher")


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """Return a classifier that fails on the poisonous word."""
    store = stores.publish(tmp_path_factory.mktemp("store"), stores.draft(poisoned=True))
    return Store(store).load("reviews", device="cpu").classifier


def make(classifier: Classifier, metrics: Metrics, **options: int) -> Batcher:
    """Return a batcher with small batches."""
    defaults = {
        "max_batch_tokens": 200,
        "max_queue_tokens": 100_000,
        "num_lanes": 1,
        "lane_threads": 1,
        "lane_stall_seconds": 60,
    }
    return Batcher(classifier, metrics, tokenize=as_they_are, **defaults | options)


def as_they_are(reviews: Sequence[Any]) -> list[TokenizedReview]:
    """Tokenize what is tokenized already."""
    return list(reviews)


async def ask(batcher: Batcher, reviews: list[TokenizedReview], seconds: float = 60) -> list[Prediction]:
    """Do what a request does."""
    deadline_seconds = asyncio.get_running_loop().time() + seconds
    num_tokens = sum(len(review.ids) for review in reviews)
    job = batcher.admit(num_tokens, deadline_seconds=deadline_seconds)
    try:
        texts: list[Any] = reviews
        return await batcher.answer(job, texts)
    finally:
        batcher.discard(job)


async def answers(batcher: Batcher, requests: list[list[TokenizedReview]]) -> list[Any]:
    """Start a batcher, return what each of some requests gets from it, exceptions too, and close it."""
    tasks = [asyncio.create_task(ask(batcher, request)) for request in requests]
    await asyncio.sleep(0)  # so that all wait before a lane takes the first
    await batcher.start()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    await batcher.close(patience_seconds=PATIENCE_SECONDS)
    return found


def value(metrics: Metrics, name: str, **labels: str) -> float:
    """Return the value of a series."""
    found = metrics.registry.get_sample_value(f"sentiment_{name}", labels)
    assert found is not None
    return found


def broken(review: TokenizedReview) -> TokenizedReview:
    """Return a review with a token that the network does not have, on which it raises."""
    return replace(review, ids=[*review.ids, 10_000])


def assert_same(found: list[Prediction], expected: list[Prediction]) -> None:
    """Compare predictions, probabilities within the tolerance."""
    assert [prediction.label for prediction in found] == [prediction.label for prediction in expected]
    for prediction, truth in zip(found, expected, strict=True):
        assert prediction.probabilities == pytest.approx(truth.probabilities, abs=TOLERANCE)


@pytest.mark.parametrize("num_lanes", [1, 2])
def test_requests_spread_over_batches_keep_their_order(classifier: Classifier, num_lanes: int) -> None:
    metrics = Metrics([])
    texts = [f"{text} {'good ' * number}" for number in range(8) for text in stores.TEXTS]
    requests = [texts[start:] for start in range(len(texts))]

    async def score() -> list[Any]:
        batcher = make(classifier, metrics, num_lanes=num_lanes)
        return await answers(batcher, [classifier.tokenize(request) for request in requests])

    for request, found in zip(requests, asyncio.run(score()), strict=True):
        assert_same(found, classifier.predict(request))
    num_reviews = sum(map(len, requests))
    assert value(metrics, "batch_reviews_sum") == num_reviews
    assert value(metrics, "batch_reviews_count") < num_reviews
    assert value(metrics, "batch_padding_ratio_count") == value(metrics, "batch_reviews_count")
    assert value(metrics, "stage_duration_seconds_count", stage="queue") == len(requests)
    assert value(metrics, "queue_tokens") == 0
    assert value(metrics, "queue_tokens_limit") == 100_000


def test_a_review_that_the_model_raises_on_fails_alone(classifier: Classifier) -> None:
    metrics = Metrics([])
    good = classifier.tokenize(stores.TEXTS)

    async def score() -> list[Any]:
        batcher = make(classifier, metrics, max_batch_tokens=1000)
        return await answers(batcher, [good, [good[0], broken(good[1]), broken(good[2])], good])

    first, failed, last = asyncio.run(score())
    assert isinstance(failed, InferenceFailed)
    assert [error.location for error in failed.errors] == ["reviews[1]", "reviews[2]"]
    for answer in (first, last):
        assert_same(answer, classifier.predict(stores.TEXTS))
    assert value(metrics, "inference_failures_total", reason="exception") == 2
    assert value(metrics, "inference_failures_total", reason="not_finite") == 0
    assert value(metrics, "batch_splits_total", reason="exception") > 1


def test_a_probability_that_is_no_number_is_a_failure(classifier: Classifier) -> None:
    metrics = Metrics([])

    async def score() -> list[Any]:
        batcher = make(classifier, metrics, max_batch_tokens=1000)
        texts = ("dull", f"a {stores.POISON} film")
        return await answers(batcher, [classifier.tokenize(["good", text]) for text in texts])

    good, failed = asyncio.run(score())
    assert_same(good, classifier.predict(["good", "dull"]))
    assert isinstance(failed, InferenceFailed)
    assert [error.location for error in failed.errors] == ["reviews[1]"]
    assert value(metrics, "inference_failures_total", reason="not_finite") == 1


def test_a_batch_without_memory_runs_in_smaller_parts(classifier: Classifier) -> None:
    metrics = Metrics([])
    cramped = faults.Cramped(classifier)
    # Of equal length, so that the network has them in one run.
    reviews = classifier.tokenize([f"{word} " * 30 for word in ("good", "dull", "never", "story")])

    async def score() -> list[Any]:
        return await answers(make(cramped, metrics, max_batch_tokens=1000), [reviews])

    assert_same(asyncio.run(score())[0], classifier.score(reviews))
    assert sorted(cramped.sizes) == [2, 2, 4]
    assert value(metrics, "batch_splits_total", reason="out_of_memory") == 1
    assert value(metrics, "inference_failures_total", reason="out_of_memory") == 0


def test_a_lane_that_dies_answers_what_it_held_and_is_noticed(classifier: Classifier) -> None:
    metrics = Metrics([])
    deadly, good = classifier.tokenize(["a dull film", "good"])
    texts = stores.TEXTS * 3

    async def score() -> tuple[Any, list[Prediction], Counter[LaneState]]:
        batcher = make(faults.Deadly(classifier), metrics, num_lanes=2)
        await batcher.start()
        with pytest.raises(InferenceFailed) as failed:
            await ask(batcher, [deadly, good])
        rest = await ask(batcher, classifier.tokenize(texts))
        await batcher.close(patience_seconds=PATIENCE_SECONDS)
        return failed.value, rest, batcher.lane_states()

    failed, rest, states = asyncio.run(score())
    assert [error.location for error in failed.errors] == ["reviews[0]", "reviews[1]"]
    assert_same(rest, classifier.predict(texts))
    assert states == {LaneState.DEAD: 1, LaneState.IDLE: 1}
    assert value(metrics, "lanes", state="dead") == 1
    assert value(metrics, "inference_failures_total", reason="lane_died") == 2


def test_a_lane_that_cannot_be_warmed_keeps_the_batcher_from_starting(classifier: Classifier) -> None:
    async def start() -> None:
        batcher = make(faults.Cold(classifier), Metrics([]), num_lanes=2)
        try:
            await batcher.start()
        finally:
            await batcher.close(patience_seconds=PATIENCE_SECONDS)

    with pytest.raises(RuntimeError, match="cold"):
        asyncio.run(start())


def test_every_lane_has_its_own_number_of_threads(classifier: Classifier) -> None:
    warm = faults.Warm(classifier)

    async def start() -> None:
        batcher = make(warm, Metrics([]), num_lanes=2, lane_threads=3)
        await batcher.start()
        await batcher.close(patience_seconds=PATIENCE_SECONDS)

    before = torch.get_num_threads()
    asyncio.run(start())
    assert warm.threads == {"lane-0": 3, "lane-1": 3}
    assert torch.get_num_threads() == before


def test_a_lane_that_hangs_is_stalled_and_is_left_behind(classifier: Classifier) -> None:
    gate = faults.Gate()

    async def hang() -> Counter[LaneState]:
        batcher = make(faults.Gated(classifier, gate), Metrics([]), lane_stall_seconds=0)
        await batcher.start()
        hanging = asyncio.create_task(ask(batcher, classifier.tokenize(["good"])))
        await asyncio.to_thread(gate.wait_until_reached)
        states = batcher.lane_states()
        await batcher.close(patience_seconds=0)
        hanging.cancel()
        await asyncio.wait([hanging])
        return states

    assert asyncio.run(hang()) == {LaneState.STALLED: 1}
    gate.open()


def test_a_cancelled_request_leaves_the_queue(classifier: Classifier) -> None:
    metrics = Metrics([])
    (review,) = classifier.tokenize(["good"])

    async def cancel() -> None:
        batcher = make(classifier, metrics)  # never started, so nothing is ever taken
        kept, left = (asyncio.create_task(ask(batcher, [review] * number)) for number in (3, 4))
        await asyncio.sleep(0)
        assert value(metrics, "queue_tokens") == 7
        left.cancel()
        await asyncio.wait([left])
        assert value(metrics, "queue_tokens") == 3
        kept.cancel()
        await asyncio.wait([kept])

    asyncio.run(cancel())


def test_a_full_queue_refuses_more(classifier: Classifier) -> None:
    async def fill() -> Overloaded:
        batcher = make(classifier, Metrics([]), max_queue_tokens=10)
        batcher.admit(10, deadline_seconds=1e9)
        with pytest.raises(Overloaded) as refused:
            batcher.admit(1, deadline_seconds=1e9)
        return refused.value

    assert asyncio.run(fill()).headers == {"Retry-After": "1"}


def test_more_tokens_than_were_admitted_may_find_no_room(classifier: Classifier) -> None:
    async def outgrow() -> None:
        batcher = make(classifier, Metrics([]), max_queue_tokens=10)
        await batcher.start()
        job = batcher.admit(5, deadline_seconds=1e9)
        other = batcher.admit(5, deadline_seconds=1e9)
        texts: list[Any] = classifier.tokenize(["good " * 6])
        with pytest.raises(Overloaded) as refused:
            await batcher.answer(job, texts)
        assert refused.value.headers == {"Retry-After": "1"}
        for each in (job, other):
            batcher.discard(each)
        await batcher.close(patience_seconds=PATIENCE_SECONDS)

    asyncio.run(outgrow())


def test_a_request_leaves_nothing_behind(classifier: Classifier) -> None:
    def count() -> int:
        gc.collect()
        return sum(type(each) is Job for each in gc.get_objects())

    async def score() -> int:
        batcher = make(classifier, Metrics([]))
        await batcher.start()
        await asyncio.gather(*[ask(batcher, classifier.tokenize(stores.TEXTS)) for _ in range(20)])
        await batcher.close(patience_seconds=PATIENCE_SECONDS)
        return count()

    before = count()
    assert asyncio.run(score()) <= before


def test_closing_answers_what_was_accepted_and_nothing_more(classifier: Classifier) -> None:
    reviews = classifier.tokenize(stores.TEXTS * 5)

    async def close() -> list[Prediction]:
        batcher = make(classifier, Metrics([]))
        await batcher.start()
        accepted = asyncio.create_task(ask(batcher, reviews))
        await asyncio.sleep(0)
        await batcher.close(patience_seconds=PATIENCE_SECONDS)
        with pytest.raises(Draining):
            await ask(batcher, reviews)
        return await accepted

    assert_same(asyncio.run(close()), classifier.score(reviews))
