import asyncio
from dataclasses import replace

import pytest

from model_store import Store
from sentiment import TOLERANCE, Classifier, Prediction, TokenizedReview
from service.batcher import Batcher
from service.errors import Draining, InferenceFailed
from service.metrics import Metrics
from tests.service import stores


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """Return a classifier that fails on the poisonous word."""
    store = stores.publish(tmp_path_factory.mktemp("store"), stores.draft(poisoned=True))
    return Store(store).load("reviews", device="cpu").classifier


def make(classifier: Classifier, metrics: Metrics, **options: int) -> Batcher:
    """Return a batcher with small batches."""
    return Batcher(classifier, metrics, **{"max_batch_tokens": 60, "threads": 1} | options)


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

    async def score() -> list[list[Prediction]]:
        batcher = make(classifier, metrics, num_lanes=num_lanes)
        answers = await asyncio.gather(*[batcher.score(classifier.tokenize(request)) for request in requests])
        await batcher.close()
        return answers

    for request, answer in zip(requests, asyncio.run(score()), strict=True):
        assert_same(answer, classifier.predict(request))
    num_reviews = sum(map(len, requests))
    assert value(metrics, "batch_reviews_sum") == num_reviews
    assert value(metrics, "batch_reviews_count") < num_reviews
    assert value(metrics, "stage_duration_seconds_count", stage="queue") == len(requests)
    assert value(metrics, "queue_tokens") == 0


def test_a_review_that_the_model_raises_on_fails_alone(classifier: Classifier) -> None:
    metrics = Metrics([])
    good = classifier.tokenize(stores.TEXTS)

    async def score() -> list[list[Prediction] | BaseException]:
        batcher = make(classifier, metrics, max_batch_tokens=1000)
        requests = [good, [good[0], broken(good[1]), broken(good[2])], good]
        answers = await asyncio.gather(*map(batcher.score, requests), return_exceptions=True)
        await batcher.close()
        return answers

    first, failed, last = asyncio.run(score())
    assert isinstance(failed, InferenceFailed)
    assert [error.location for error in failed.errors] == ["reviews[1]", "reviews[2]"]
    for answer in (first, last):
        assert isinstance(answer, list)
        assert_same(answer, classifier.predict(stores.TEXTS))
    assert value(metrics, "inference_failures_total", reason="exception") == 2
    assert value(metrics, "inference_failures_total", reason="not_finite") == 0


def test_a_probability_that_is_no_number_is_a_failure(classifier: Classifier) -> None:
    metrics = Metrics([])

    async def score() -> list[list[Prediction] | BaseException]:
        batcher = make(classifier, metrics, max_batch_tokens=1000)
        requests = [classifier.tokenize(["good", text]) for text in ("dull", f"a {stores.POISON} film")]
        answers = await asyncio.gather(*map(batcher.score, requests), return_exceptions=True)
        await batcher.close()
        return answers

    good, failed = asyncio.run(score())
    assert isinstance(good, list)
    assert isinstance(failed, InferenceFailed)
    assert [error.location for error in failed.errors] == ["reviews[1]"]
    assert value(metrics, "inference_failures_total", reason="not_finite") == 1


def test_a_cancelled_request_leaves_the_queue(classifier: Classifier) -> None:
    metrics = Metrics([])
    (review,) = classifier.tokenize(["good"])

    async def cancel() -> None:
        batcher = make(classifier, metrics, num_lanes=0)  # so nothing is ever taken
        kept, left = (asyncio.create_task(batcher.score([review] * number)) for number in (3, 4))
        await asyncio.sleep(0)
        assert value(metrics, "queue_tokens") == 7
        left.cancel()
        await asyncio.wait([left])
        assert value(metrics, "queue_tokens") == 3
        kept.cancel()
        await asyncio.wait([kept])

    asyncio.run(cancel())


def test_closing_answers_what_was_accepted_and_nothing_more(classifier: Classifier) -> None:
    metrics = Metrics([])
    reviews = classifier.tokenize(stores.TEXTS * 5)

    async def close() -> list[Prediction]:
        batcher = make(classifier, metrics)
        accepted = asyncio.create_task(batcher.score(reviews))
        await asyncio.sleep(0)
        await batcher.close()
        with pytest.raises(Draining):
            await batcher.score(reviews)
        return await accepted

    assert_same(asyncio.run(close()), classifier.score(reviews))
