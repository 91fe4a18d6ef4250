"""The truth about answers comes back, and is counted by the version that gave them."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from model_store import Draft, Reason, Store
from service.telemetry.feedback import MAX_VERSIONS, Feedback
from service.telemetry.metrics import Metrics
from tests.scale import scaled
from tests.service import stores
from tests.service.http_helpers import post, problem
from tests.service.running import process, samples, series
from tests.service.runtime.following import Service, following

NAME = "sentiment_feedback_total"
MAX_GROWTH_MIB = 10


@pytest.fixture(scope="session")
def draft() -> Draft:
    return stores.draft()


@pytest.fixture
def store(tmp_path: Path, draft: Draft) -> Store:
    """A store with four versions, the first of them live."""
    store = Store(tmp_path / "store")
    for _ in range(4):
        store.publish(draft)
    store.set_alias("reviews", "production", 1)
    return store


@pytest.fixture
def running(store: Store) -> Iterator[Service]:
    with following(store) as service:
        yield service


@pytest.fixture(scope="module")
def shared(tiny_store: Path) -> Iterator[Service]:
    """A service that refuses all that it is sent, and so stays as it is."""
    with following(Store(tiny_store)) as service:
        yield service


def feedback(*, version: object = 1, name: str = "reviews", **fields: object) -> dict[str, object]:
    """Return what a client says about one answer."""
    given = {"label": "positive", "confidence": 0.75, "truth": "negative"} | fields
    return {"model": {"name": name, "version": version}} | given


def send(running: Service, *answers: object, **options: Any) -> httpx.Response:  # noqa: ANN401  # any option
    return httpx.post(f"{running.url}/feedback", json={"feedback": answers}, timeout=60, **options)


def counted(running: Service) -> dict[str, float]:
    """Return all counts that are not 0."""
    return {name: value for name, value in samples(running.url).items() if name.startswith(NAME) and value}


def test_answers_are_counted_by_version_label_and_truth(running: Service) -> None:
    with httpx.Client(base_url=running.url) as client:
        (prediction,) = post(client, "A wonderful film.")
    given = {name: prediction[name] for name in ("label", "confidence")}
    right = feedback(**given, truth=given["label"])
    answer = send(running, right, right, feedback(), feedback(version=2)).raise_for_status()
    assert answer.json() == {"accepted": 4}
    found = counted(running)
    assert found.pop(
        series(NAME, model_version="1", label=given["label"], truth=given["label"])
    ) == pytest.approx(2)
    assert found == {
        series(NAME, model_version=version, label="positive", truth="negative"): 1 for version in ("1", "2")
    }
    shown = samples(running.url)
    confidence = "sentiment_feedback_confidence"
    total = shown[series(f"{confidence}_sum", model_version="1", outcome="right")]
    assert total == pytest.approx(2 * float(given["confidence"]))
    assert shown[series(f"{confidence}_count", model_version="1", outcome="wrong")] == 1


@pytest.mark.parametrize(
    ("fields", "location", "message"),
    [
        ({"name": "films"}, "feedback[1].model.name", "must be reviews, the model that is served"),
        ({"version": 5}, "feedback[1].model.version", "is not a version of reviews"),
        ({"version": 0}, "feedback[1].model.version", "is not valid"),
        ({"version": "1"}, "feedback[1].model.version", "is not valid"),
        ({"version": 10**12}, "feedback[1].model.version", "is not valid"),
        ({"label": "neutral"}, "feedback[1].label", "must be one of negative, positive"),
        ({"truth": "neutral"}, "feedback[1].truth", "must be one of negative, positive"),
        ({"truth": None}, "feedback[1].truth", "must be a string"),
        ({"confidence": 1.5}, "feedback[1].confidence", "is not valid"),
        ({"confidence": "0.5"}, "feedback[1].confidence", "is not valid"),
        ({"text": "A wonderful film."}, "feedback[1].text", "is not a known field"),
        ({"id": 7}, "feedback[1].id", "is not a known field"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_counted(
    shared: Service, fields: dict[str, Any], location: str, message: str
) -> None:
    before = samples(shared.url).keys()
    answer = send(shared, feedback(), feedback(**fields))
    assert problem(answer, 422, "invalid_request")["errors"] == [{"location": location, "message": message}]
    assert counted(shared) == {}
    assert samples(shared.url).keys() == before


def test_other_bodies_are_refused(shared: Service) -> None:
    url = f"{shared.url}/feedback"
    bodies: list[object] = [{"feedback": []}, {}, [], {"feedback": [feedback()] * 257}]
    for content in bodies:
        problem(httpx.post(url, json=content), 422, "invalid_request")
    problem(httpx.post(url, content=b"{}"), 415, "unsupported_media_type")
    problem(httpx.post(url, json={"feedback": "x" * 3_000_000}), 413, "body_too_large")
    assert counted(shared) == {}


def test_any_version_is_taken_that_there_is_or_was(running: Service, store: Store, draft: Draft) -> None:
    store.set_alias("reviews", "production", 3)
    store.remove("reviews", 2, Reason(action="remove"))
    store.set_alias("reviews", "production", 1)
    shutil.rmtree(store.root / "reviews/3")  # by hand: nobody has its manifest any more
    assert send(running, *(feedback(version=version) for version in (2, 3, 4))).status_code == 200
    assert [send(running, feedback(version=5)).status_code for _ in range(2)] == [422, 422]
    assert store.publish(replace(draft, labels=("dull", "fine"))) == 5
    problem(send(running, feedback(version=5)), 422, "invalid_request")
    assert send(running, feedback(version=5, label="dull", truth="fine")).status_code == 200
    assert sum(counted(running).values()) == 4


def test_a_store_that_cannot_be_read_is_said(
    running: Service, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    aside = store.root.rename(store.root.with_name("aside"))
    assert send(running, feedback()).status_code == 200
    answer = send(running, feedback(version=2))
    problem(answer, 503, "store_unreadable")
    assert answer.headers["retry-after"] == "1"
    aside.rename(store.root)
    assert send(running, feedback(version=2)).status_code == 200
    history = store.root / "reviews/history.jsonl"
    history.write_text("{")
    assert send(running, feedback(version=3)).status_code == 200
    caplog.clear()
    content = problem(send(running, feedback(version=5)), 503, "store_unreadable")
    [logged] = [each for each in caplog.records if each.getMessage() == "store_unreadable"]
    assert "history.jsonl" in vars(logged)["fields"]["reason"]
    assert "history.jsonl" not in str(content)


def test_a_disk_that_hangs_holds_one_thread_and_stops_nobody(running: Service, store: Store) -> None:
    late = {"X-Request-Timeout-Ms": "50"}
    with ThreadPoolExecutor(8) as clients, stores.hanging(store.root / "reviews/history.jsonl"):
        waiting = [clients.submit(send, running, feedback(version=2), headers=late) for _ in range(16)]
        for each in waiting:
            problem(each.result(), 504, "deadline_exceeded")
        assert len([thread for thread in threading.enumerate() if thread.name == "loader"]) == 1
        assert running.answering() == 1
        assert send(running, feedback()).status_code == 200
    assert send(running, feedback(version=2), feedback(version=3)).status_code == 200


def test_the_series_of_fifty_versions_are_kept() -> None:
    metrics = Metrics([])
    labels = ("negative", "positive")
    for version in [*range(1, MAX_VERSIONS + 1), 1, MAX_VERSIONS + 1]:
        metrics.came_back(
            Feedback(version=version, label="positive", truth="positive", confidence=0.5), labels
        )
    families = {family.name: family for family in metrics.registry.collect()}
    for name in ("sentiment_feedback", "sentiment_feedback_confidence"):
        kept = {sample.labels["model_version"] for sample in families[name].samples}
        # The second had no feedback for longest.
        assert kept == {str(version) for version in range(1, MAX_VERSIONS + 2) if version != 2}


@pytest.mark.soak
def test_a_million_answers_leave_nothing_in_memory(store: Store, tmp_path: Path) -> None:
    with process(tmp_path / "service", "--model-store", str(store.root), "--follow-seconds", "0") as started:
        started.wait_until_ready()
        content = {"feedback": [feedback(version=1 + number % 3) for number in range(250)]}
        with httpx.Client(base_url=started.url(), timeout=60) as client:
            num_requests = scaled(4000)
            memory_mib = []
            for _ in range(num_requests):
                assert client.post("/feedback", json=content).raise_for_status().json() == {"accepted": 250}
                memory_mib.append(started.usage().rss_mib)
        # The first requests bring in what a start has not yet used.
        assert memory_mib[-1] - memory_mib[num_requests // 4] <= MAX_GROWTH_MIB
        found = {name: value for name, value in samples(started.url()).items() if name.startswith(NAME)}
        assert sum(found.values()) == 250 * num_requests
