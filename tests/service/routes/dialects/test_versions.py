"""Versions beside each other answer dialects by the same rules as POST /predict."""

from typing import Any

import httpx
import pytest

from model_store import Reason, Rollout, Store
from tests.service import stores
from tests.service.routes.dialects.clients import ALL
from tests.service.routes.dialects.test_errors import BODIES, address
from tests.service.running import samples, series, wait_for_sample
from tests.service.runtime.following import following


@pytest.fixture
def store(tmp_path: Any) -> Store:  # noqa: ANN401
    """A store with two versions; the first is live."""
    store = Store(tmp_path / "store")
    for size in (10, 11):
        store.publish(stores.draft(hidden_size=size))
    store.set_alias("reviews", "production", 1)
    return store


def test_a_canary_and_a_shadow(store: Store) -> None:
    store.set_rollout("reviews", Rollout(candidate=2, canary=1.0), Reason(action="rollout"))
    with following(store, dialects=ALL) as running:
        running.refresh()
        ask_all(running.url)
        found = samples(running.url)
        assert scored(found, 1) == 0
        assert scored(found, 2) == len(BODIES)
        store.set_rollout("reviews", Rollout(candidate=2, shadow=1.0), Reason(action="rollout"))
        running.refresh()
        ask_all(running.url)
        compared = series("sentiment_shadow_score_difference_count", candidate="2")
        found = wait_for_sample(running.url, compared, len(BODIES))
        assert scored(found, 1) == len(BODIES)


def test_a_version_that_is_asked_for(store: Store) -> None:
    store.set_rollout("reviews", Rollout(candidate=2), Reason(action="rollout"))
    with following(store, dialects=ALL) as running:
        running.refresh()
        body, _ = BODIES["/v2/models/reviews/infer"]
        for version, number in (("1", "1"), ("2", "2"), ("candidate", "2")):
            response = httpx.post(f"{running.url}/v2/models/reviews/versions/{version}/infer", json=body)
            assert response.raise_for_status().json()["model_version"] == number
        ask_all(running.url, version="2")
        assert scored(samples(running.url), 2) == len(BODIES) + 2
        for path, (content, headers) in BODIES.items():
            url = f"{running.url}{address(path)}?version=9"
            assert httpx.post(url, json=content, headers=headers).status_code == 404


def ask_all(url: str, **query: str) -> None:
    """Let each dialect score one text."""
    for path, (body, headers) in BODIES.items():
        httpx.post(url + address(path), json=body, headers=headers, params=query).raise_for_status()


def scored(found: dict[str, float], version: int) -> float:
    """Return how many reviews a version has answered."""
    label = f'model_version="{version}"'
    return sum(value for name, value in found.items() if "predictions_total" in name and label in name)
