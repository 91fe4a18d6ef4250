import asyncio
import gc
import os
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.process import PATIENCE_SECONDS
from model_store import Store
from sentiment import TOLERANCE, Classifier, Prediction
from service.batching.batcher import Batcher, BatcherOptions
from service.batching.lane import LANE_NICENESS
from service.batching.model import Model
from service.batching.request import Request, WorkClass
from service.errors import Draining, InferenceFailed, Overloaded
from service.outcomes import LaneState
from service.telemetry.metrics import Metrics
from tests.service import faults, stores

pytestmark = pytest.mark.xdist_group("batcher")


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """Return a classifier that fails on the poisonous word."""
    store = stores.publish(tmp_path_factory.mktemp("store"), stores.draft(poisoned=True))
    return Store(store).load("reviews", device="cpu").classifier


def make(metrics: Metrics, **options: int) -> Batcher:
    """Return a batcher with small batches."""
    defaults = {
        "max_batch_tokens": 200,
        "max_queue_tokens": 100_000,
        "num_lanes": 1,
        "lane_threads": 1,
        "lane_stall_seconds": 60,
    }
    return Batcher(BatcherOptions(**defaults | options), metrics)


def model_of(classifier: Classifier) -> Model:
    """Return a model that requests can carry."""
    return Model(name="reviews", version=1, tokenizer=classifier.tokenizer, scorer=classifier)


async def ask(batcher: Batcher, model: Model, texts: Sequence[str]) -> list[Prediction]:
    """Do what a request does."""
    deadline_seconds = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    with batcher.submit(model, texts, deadline_seconds=deadline_seconds) as answer:
        return await answer


async def answers(batcher: Batcher, model: Model, requests: Sequence[Sequence[str]]) -> list[Any]:
    """Start a batcher, return what each of some requests gets from it, exceptions too, and close it."""
    tasks = [asyncio.create_task(ask(batcher, model, texts)) for texts in requests]
    await asyncio.sleep(0)  # so that all wait before a lane takes the first
    batcher.start()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    await batcher.close(patience_seconds=PATIENCE_SECONDS)
    return found


def value(metrics: Metrics, name: str, **labels: str) -> float:
    """Return the value of a series."""
    found = metrics.registry.get_sample_value(f"sentiment_{name}", labels)
    assert found is not None
    return found


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
        return await answers(make(metrics, num_lanes=num_lanes), model_of(classifier), requests)

    for request, found in zip(requests, asyncio.run(score()), strict=True):
        assert_same(found, classifier.predict(request))
    num_reviews = sum(map(len, requests))
    assert value(metrics, "batch_reviews_sum") == num_reviews
    assert value(metrics, "batch_reviews_count") < num_reviews
    assert value(metrics, "batch_padding_ratio_count") == value(metrics, "batch_reviews_count")
    assert value(metrics, "stage_duration_seconds_count", stage="queue") == len(requests)
    assert value(metrics, "queue_tokens") == 0
    assert value(metrics, "queue_tokens_limit") == 100_000


def test_a_batch_is_planned_once(classifier: Classifier) -> None:
    watched = faults.Watched(classifier)

    async def score() -> None:
        await answers(make(Metrics([]), max_batch_tokens=20), model_of(watched), [stores.TEXTS] * 5)

    asyncio.run(score())
    assert watched.num_plans == len(watched.sizes) > 1


@pytest.mark.parametrize(("num_lanes", "parallel"), [(1, False), (2, True)])
def test_a_lone_request_uses_the_core_of_an_idle_lane(tmp_path: Path, num_lanes: int, parallel: bool) -> None:
    # Large enough for the engine to share.
    store = stores.publish(tmp_path, stores.draft(hidden_size=256))
    watched = faults.Watched(Store(store).load("reviews", device="cpu").classifier)
    text = "never good " * 100

    async def score() -> list[Any]:
        return await answers(make(Metrics([]), num_lanes=num_lanes), model_of(watched), [[text]])

    [found] = asyncio.run(score())
    assert watched.parallel == [parallel]
    assert found == watched.predict([text])  # to the last bit


def test_requests_for_two_models_are_scored_each_by_its_own(classifier: Classifier, tmp_path: Path) -> None:
    store = stores.publish(tmp_path, stores.draft())
    classifiers = classifier, Store(store).load("reviews", device="cpu").classifier
    expected = [each.predict(stores.TEXTS) for each in classifiers]
    assert expected[0] != expected[1]

    async def score() -> list[list[Prediction]]:
        batcher = make(Metrics([]), num_lanes=2)
        models = [model_of(each) for each in classifiers]
        tasks = [asyncio.create_task(ask(batcher, models[n % 2], stores.TEXTS)) for n in range(10)]
        await asyncio.sleep(0)  # so that all wait before a lane takes the first
        batcher.start()
        found = await asyncio.gather(*tasks)
        await batcher.close(patience_seconds=PATIENCE_SECONDS)
        return found

    for number, found in enumerate(asyncio.run(score())):
        assert_same(found, expected[number % 2])


def test_a_review_that_the_model_raises_on_fails_alone(classifier: Classifier) -> None:
    metrics = Metrics([])

    async def score() -> list[Any]:
        requests = [stores.TEXTS, [stores.TEXTS[0], "a dull film", "a good film"], stores.TEXTS]
        batcher = make(metrics, max_batch_tokens=1000)
        return await answers(batcher, model_of(faults.Raising(classifier)), requests)

    first, failed, last = asyncio.run(score())
    assert isinstance(failed, InferenceFailed)
    assert [error.location for error in failed.errors] == ["reviews[1]", "reviews[2]"]
    for answer in (first, last):
        assert_same(answer, classifier.predict(stores.TEXTS))
    assert value(metrics, "inference_failures_total", reason="exception") == 2
    assert value(metrics, "inference_failures_total", reason="not_finite") == 0
    assert value(metrics, "batch_splits_total", reason="exception") > 1


def test_a_probability_that_is_not_a_number_is_a_failure(classifier: Classifier) -> None:
    metrics = Metrics([])

    async def score() -> list[Any]:
        requests = [["good", "dull"], ["good", f"a {stores.POISON} film"]]
        return await answers(make(metrics, max_batch_tokens=1000), model_of(classifier), requests)

    good, failed = asyncio.run(score())
    assert_same(good, classifier.predict(["good", "dull"]))
    assert isinstance(failed, InferenceFailed)
    assert [error.location for error in failed.errors] == ["reviews[1]"]
    assert value(metrics, "inference_failures_total", reason="not_finite") == 1


def test_a_batch_without_memory_runs_in_smaller_parts(classifier: Classifier) -> None:
    metrics = Metrics([])
    cramped = faults.Cramped(classifier)
    # Of equal length, so that the network has them in one run.
    texts = [f"{word} " * 30 for word in ("good", "dull", "never", "story")]

    async def score() -> list[Any]:
        return await answers(make(metrics, max_batch_tokens=1000), model_of(cramped), [texts])

    assert_same(asyncio.run(score())[0], classifier.predict(texts))
    assert sorted(cramped.sizes) == [2, 2, 4]
    assert value(metrics, "batch_splits_total", reason="out_of_memory") == 1
    assert value(metrics, "inference_failures_total", reason="out_of_memory") == 0


def test_a_lane_that_dies_answers_what_it_held_and_is_noticed(classifier: Classifier) -> None:
    metrics = Metrics([])
    texts = stores.TEXTS * 3

    async def score() -> tuple[Any, list[Prediction], Counter[LaneState]]:
        batcher, model = make(metrics, num_lanes=2), model_of(faults.Deadly(classifier))
        batcher.start()
        with pytest.raises(InferenceFailed) as failed:
            await ask(batcher, model, ["a dull film", "good"])
        rest = await ask(batcher, model, texts)
        with pytest.raises(RuntimeError, match="the lane has ended"):
            await batcher.warm_up(model)
        assert not batcher.is_healthy
        await batcher.close(patience_seconds=PATIENCE_SECONDS)
        return failed.value, rest, batcher.lane_states()

    failed, rest, states = asyncio.run(score())
    assert [error.location for error in failed.errors] == ["reviews[0]", "reviews[1]"]
    assert_same(rest, classifier.predict(texts))
    assert states == {LaneState.DEAD: 1, LaneState.IDLE: 1}
    assert value(metrics, "lanes", state="dead") == 1
    assert value(metrics, "inference_failures_total", reason="lane_died") == 2


def test_a_model_that_cannot_be_warmed_up_is_reported_and_harms_no_other(classifier: Classifier) -> None:
    async def score() -> list[Prediction]:
        batcher = make(Metrics([]), num_lanes=2)
        batcher.start()
        with pytest.raises(RuntimeError, match="cold"):
            await batcher.warm_up(model_of(faults.Cold(classifier)))
        found = await ask(batcher, model_of(classifier), stores.TEXTS)
        assert batcher.is_healthy
        await batcher.close(patience_seconds=PATIENCE_SECONDS)
        return found

    assert_same(asyncio.run(score()), classifier.predict(stores.TEXTS))


def test_every_lane_warms_a_model_up_with_its_own_number_of_threads(classifier: Classifier) -> None:
    warm = faults.Warm(classifier)

    async def start() -> None:
        batcher = make(Metrics([]), num_lanes=2, lane_threads=3)
        batcher.start()
        await batcher.warm_up(model_of(warm))
        await batcher.close(patience_seconds=PATIENCE_SECONDS)

    before = torch.get_num_threads()
    asyncio.run(start())
    assert warm.threads == {"lane-0": 3, "lane-1": 3}
    assert torch.get_num_threads() == before


def test_a_lane_that_hangs_is_stalled_and_is_left_behind(classifier: Classifier) -> None:
    gate = faults.Gate()

    async def hang() -> Counter[LaneState]:
        batcher, model = make(Metrics([]), lane_stall_seconds=0), model_of(faults.Gated(classifier, gate))
        batcher.start()
        hanging = asyncio.create_task(ask(batcher, model, ["good"]))
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

    async def cancel() -> None:
        batcher, model = make(metrics), model_of(classifier)  # never started, so nothing is ever taken
        kept, left = (asyncio.create_task(ask(batcher, model, ["a"] * number)) for number in (3, 4))
        await asyncio.sleep(0)
        assert value(metrics, "queue_tokens") == 7
        left.cancel()
        await asyncio.wait([left])
        assert value(metrics, "queue_tokens") == 3
        assert value(metrics, "requests_cancelled_total", stage="tokenize") == 1
        kept.cancel()
        await asyncio.wait([kept])

    asyncio.run(cancel())


def test_a_full_queue_refuses_more(classifier: Classifier) -> None:
    async def fill() -> Overloaded:
        batcher, model = make(Metrics([]), max_queue_tokens=10), model_of(classifier)
        with batcher.submit(model, ["0123456789"], deadline_seconds=1e9):
            with pytest.raises(Overloaded) as refused, batcher.submit(model, ["0"], deadline_seconds=1e9):
                pass
            return refused.value

    assert asyncio.run(fill()).headers == {"Retry-After": "1"}


def test_more_tokens_than_were_estimated_may_find_no_room(classifier: Classifier) -> None:
    async def outgrow() -> None:
        batcher, model = make(Metrics([]), max_queue_tokens=4), model_of(classifier)
        with (
            batcher.submit(model, ["no"], deadline_seconds=1e9),
            batcher.submit(model, ["½" * 2], deadline_seconds=1e9) as answer,
        ):
            batcher.start()
            with pytest.raises(Overloaded) as refused:
                await answer
            assert refused.value.headers == {"Retry-After": "1"}
        await batcher.close(patience_seconds=PATIENCE_SECONDS)

    asyncio.run(outgrow())


def test_a_request_leaves_nothing_behind(classifier: Classifier) -> None:
    def count() -> int:
        gc.collect()
        return sum(type(each) is Request for each in gc.get_objects())

    async def score() -> int:
        batcher, model = make(Metrics([])), model_of(classifier)
        batcher.start()
        await asyncio.gather(*[ask(batcher, model, stores.TEXTS) for _ in range(20)])
        await batcher.close(patience_seconds=PATIENCE_SECONDS)
        return count()

    before = count()
    assert asyncio.run(score()) <= before


def test_a_model_that_no_request_carries_any_more_is_freed(classifier: Classifier) -> None:
    async def score() -> object:
        batcher, model = make(Metrics([])), model_of(classifier)
        batcher.start()
        await batcher.warm_up(model)
        await ask(batcher, model, stores.TEXTS)
        await batcher.close(patience_seconds=PATIENCE_SECONDS)
        left = weakref.ref(model)
        del model
        gc.collect()
        return left()

    assert asyncio.run(score()) is None


def test_closing_answers_what_was_admitted_and_nothing_more(classifier: Classifier) -> None:
    texts = stores.TEXTS * 5

    async def close() -> list[Prediction]:
        batcher, model = make(Metrics([])), model_of(classifier)
        batcher.start()
        admitted = asyncio.create_task(ask(batcher, model, texts))
        await asyncio.sleep(0)
        await batcher.close(patience_seconds=PATIENCE_SECONDS)
        with pytest.raises(Draining):
            await ask(batcher, model, texts)
        return await admitted

    assert_same(asyncio.run(close()), classifier.predict(texts))


@pytest.mark.parametrize("kind", list(WorkClass))
def test_no_texts_are_answered_at_once(classifier: Classifier, kind: WorkClass) -> None:
    async def score() -> list[Prediction]:
        batcher = make(Metrics([]))  # never started
        with batcher.submit(model_of(classifier), [], deadline_seconds=1e9, kind=kind) as answer:
            return await answer

    assert asyncio.run(score()) == []


def test_reviews_that_are_tokenized_already_are_scored_as_they_are(classifier: Classifier) -> None:
    reviews = classifier.tokenize(stores.TEXTS)

    async def score() -> list[Prediction]:
        batcher, model = make(Metrics([])), model_of(classifier)
        options: dict[str, Any] = {"deadline_seconds": 1e9, "kind": WorkClass.EXPLAIN}
        batcher.start()
        with batcher.submit_tokenized(model, reviews, **options) as answer:
            found = await answer
        await batcher.close(patience_seconds=PATIENCE_SECONDS)
        with pytest.raises(Draining), batcher.submit_tokenized(model, reviews, **options):
            pass
        return found

    assert_same(asyncio.run(score()), classifier.score(reviews))


@pytest.mark.parametrize("num_lanes", [1, 2])
@pytest.mark.parametrize("kind", [WorkClass.EXPLAIN, WorkClass.SHADOW])
def test_work_in_the_background_is_answered_and_not_counted(
    classifier: Classifier, num_lanes: int, kind: WorkClass
) -> None:
    metrics = Metrics([])
    texts = [f"{text} {'good ' * number}" for number in range(8) for text in stores.TEXTS]

    async def score() -> list[Prediction]:
        batcher = make(metrics, num_lanes=num_lanes)
        batcher.start()
        deadline_seconds = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        submitted = batcher.submit(model_of(classifier), texts, deadline_seconds=deadline_seconds, kind=kind)
        with submitted as answer:
            found = await answer
        await batcher.close(patience_seconds=PATIENCE_SECONDS)
        return found

    assert_same(asyncio.run(score()), classifier.predict(texts))
    assert value(metrics, "batch_reviews_count") == 0
    assert value(metrics, "stage_duration_seconds_count", stage="inference") == 0
    assert value(metrics, "stage_duration_seconds_count", stage="tokenize") == 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread has no priority of its own")
def test_lanes_give_way_to_the_threads_that_answer_clients(classifier: Classifier) -> None:
    async def run() -> list[int]:
        batcher = make(Metrics([]), num_lanes=2)
        batcher.start()
        await batcher.warm_up(model_of(classifier))
        lanes = [each.native_id for each in threading.enumerate() if each.name.startswith("lane-")]
        priorities = [os.getpriority(os.PRIO_PROCESS, each) for each in lanes if each is not None]
        await batcher.close(patience_seconds=PATIENCE_SECONDS)
        return priorities

    others = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert asyncio.run(run()) == [min(19, others + LANE_NICENESS)] * 2
