"""A candidate is tried beside the live version: canary, shadow, and by name."""

import weakref
from typing import Any

import httpx
import pytest

from model_store import ModelVersion, Reason, Rollout, Store
from service.runtime.loading import load_version
from service.settings import Settings
from tests.service.http_helpers import problem
from tests.service.running import samples, series, wait_for_sample
from tests.service.runtime.following import TEXT, Service, following

BEGIN, STOP = Reason(action="rollout"), Reason(action="stop")
KEYS = [f"client-{number}" for number in range(60)]


def begin(store: Store, running: Service, candidate: int = 2, **shares: float) -> dict[str, Any]:
    """Begin or change a rollout, and return what the service holds then."""
    store.set_rollout("reviews", Rollout(candidate=candidate, **shares), BEGIN)
    return running.refresh()


def test_a_canary_answers_its_share_and_a_larger_one_sends_nobody_back(store: Store) -> None:
    with following(store) as running:
        state = begin(store, running, canary=0.2)
        assert state["candidate"] == {"version": 2, "canary": 0.2, "shadow": 0.0}
        assert (state["live"], state["candidate_refused"]) == (1, None)
        first = {key for key in KEYS if running.answering(key=key) == 2}
        again = {key for key in KEYS if running.answering(key=key) == 2}
        assert 0 < len(first) < len(KEYS)
        assert first == again
        begin(store, running, canary=0.6)
        assert first < {key for key in KEYS if running.answering(key=key) == 2}
        found = samples(running.url)
        assert found[series("sentiment_rollout_ratio", candidate="2", kind="canary")] == 0.6
        (info,) = [name for name in found if name.startswith("sentiment_model_info")]
        assert 'version="1"' in info
        # Without a key, requests with the same body stay together.
        assert len({running.answering() for _ in range(5)}) == 1
        begin(store, running, canary=1.0)
        assert running.answering() == 2


def test_the_end_of_a_rollout(store: Store) -> None:
    with following(store) as running:
        begin(store, running, canary=1.0)
        store.set_rollout("reviews", None, STOP)
        state = running.refresh()
        assert (state["live"], state["candidate"]) == (1, None)
        assert running.answering() == 1
        assert not any(name.startswith("sentiment_rollout_ratio") for name in samples(running.url))


def test_a_loaded_version_answers_by_name(store: Store) -> None:
    with following(store) as running:
        begin(store, running)
        assert running.answering() == 1
        assert [running.answering(version=name) for name in ("candidate", "2", "1")] == [2, 2, 1]
        listed = httpx.get(f"{running.url}/models").json()["models"]
        assert [each["version"] for each in listed] == [1, 2]
        assert httpx.get(f"{running.url}/models/2").json()["version"] == 2
        for name in ("3", "live", "", "02", "candidate2"):
            answer = httpx.post(f"{running.url}/predict?version={name}", json={"reviews": [TEXT]})
            problem(answer, 404, "not_found")
        store.set_rollout("reviews", None, STOP)
        running.refresh()
        answer = httpx.post(f"{running.url}/predict?version=candidate", json={"reviews": [TEXT]})
        problem(answer, 404, "not_found")


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_shadow_is_counted_and_answers_nobody(store: Store, lanes: int) -> None:
    with following(store, lanes=lanes) as running:
        begin(store, running, shadow=1.0)
        for _ in range(5):
            assert running.answering() == 1
        name = series("sentiment_shadow_duration_seconds_count", candidate="2")
        found = wait_for_sample(running.url, name, 5)
        outcomes = {
            key: value for key, value in found.items() if key.startswith("sentiment_shadow_reviews_total")
        }
        live, other = (
            store.load(f"reviews@{version}", device="cpu").classifier.predict([TEXT])[0] for version in (1, 2)
        )
        outcome = "agree" if live.label == other.label else f"live_{live.label}_candidate_{other.label}"
        assert outcomes.pop(series("sentiment_shadow_reviews_total", candidate="2", outcome=outcome)) == 5
        assert set(outcomes.values()) == {0}
        difference = abs(other.probabilities[live.label] - live.confidence)
        total = found[series("sentiment_shadow_score_difference_sum", candidate="2")]
        assert total == pytest.approx(5 * difference, abs=1e-5)
        # What nobody was answered with does not count as a prediction.
        assert found[series("sentiment_predictions_total", model_version="2", label=other.label)] == 0
        assert found[series("sentiment_stage_duration_seconds_count", stage="inference")] == 5


def test_a_candidate_that_goes_live_is_not_loaded_again(store: Store) -> None:
    loaded: list[str] = []
    alive: list[weakref.ref[object]] = []

    def load(settings: Settings, reference: str) -> ModelVersion:
        assert sum(each() is not None for each in alive) <= 1, "at most two versions are whole"
        loaded.append(reference)
        version = load_version(settings, reference)
        alive.append(weakref.ref(version.classifier))
        return version

    with following(store, load=load) as running:
        begin(store, running, canary=0.5, shadow=0.5)
        running.answering()
        store.set_alias("reviews", "production", 2, Reason(action="promote"))
        state = running.refresh()
        assert (state["live"], state["previous"], state["candidate"]) == (2, 1, None)
        assert running.answering() == 2
        assert loaded == ["reviews@1", "reviews@2"]
        # Another candidate, which the rollback ends; then another version than the candidate goes live.
        assert begin(store, running, candidate=3, canary=1.0)["candidate"]["version"] == 3
        assert running.answering() == 3
        store.set_alias("reviews", "production", 1, Reason(action="rollback"))
        state = running.refresh()
        assert (state["live"], state["previous"], state["candidate"]) == (1, 2, None)
        begin(store, running, candidate=3)
        store.set_alias("reviews", "production", 4)
        state = running.refresh()
        assert (state["live"], state["candidate"]["version"]) == (4, 3)
        assert loaded == [f"reviews@{version}" for version in (1, 2, 3, 3, 4, 3)]


def test_a_bad_candidate_is_refused(store: Store) -> None:
    path = store.root / "reviews/2/model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with following(store) as running:
        state = begin(store, running, canary=1.0)
        assert (state["live"], state["refused"], state["candidate"]) == (1, None, None)
        assert state["candidate_refused"]["version"] == 2
        assert "model.safetensors" in state["candidate_refused"]["reason"]
        shown = running.models()["slots"]["candidate_refused"]
        assert shown == state["candidate_refused"] | {"reason": "its files are damaged or incomplete"}
        assert str(store.root) not in running.shown_to_clients()
        assert running.answering() == 1
        (store.root / "reviews/rollout.json").write_text("{")
        state = running.refresh()
        assert "rollout.json" in state["candidate_refused"]["reason"]
        shown = running.models()["slots"]["candidate_refused"]
        assert shown == state["candidate_refused"] | {"reason": "the model store cannot be read"}
        assert running.answering() == 1
        assert begin(store, running, candidate=3, canary=1.0)["candidate_refused"] is None
        assert running.answering() == 3
        assert running.state()["candidate"]["version"] == 3
