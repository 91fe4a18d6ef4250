from pathlib import Path
from typing import Any

import httpx

from service.settings import Settings
from tests.service.http_helpers import post, problem
from tests.service.running import service


def status(client: httpx.Client) -> dict[str, Any]:
    content: dict[str, Any] = client.get("/status").raise_for_status().json()
    return content


def requests(content: dict[str, Any], route: str) -> dict[int, int]:
    """Return how many POST requests to a route had each status."""
    return {
        each["status"]: each["count"]
        for each in content["counts"]["requests"]
        if (each["route"], each["method"]) == (route, "POST")
    }


def test_it_says_what_the_replica_is_and_does(client: httpx.Client) -> None:
    content = status(client)
    assert content["state"] == "ready"
    assert content["model"] == {"name": "reviews", "version": 1}
    assert content["queue"] == {"tokens": 0, "max_tokens": Settings().max_queue_tokens}
    assert content["lanes"] == {"idle": 2, "busy": 0, "stalled": 0, "dead": 0}
    assert content["limits"] == {
        "max_reviews": Settings().max_reviews_per_request,
        "max_review_characters": Settings().max_review_characters,
        "max_body_bytes": Settings().max_body_bytes,
    }
    assert content["links"] == {"grafana": None}


def test_counts_grow_and_the_replica_stays(client: httpx.Client) -> None:
    before = status(client)
    predictions = post(client, "good", "dull")
    client.post("/predict", json={"reviews": []})
    after = status(client)
    assert after["replica"] == before["replica"]
    assert after["started_at"] == before["started_at"]
    assert requests(after, "/predict")[200] == requests(before, "/predict").get(200, 0) + 1
    assert requests(after, "/predict")[422] == requests(before, "/predict").get(422, 0) + 1
    assert (
        after["counts"]["rejected"]["invalid_request"] == before["counts"]["rejected"]["invalid_request"] + 1
    )
    label = predictions[0]["label"]
    given = [
        sum(each["count"] for each in content["counts"]["predictions"] if each["label"] == label)
        for content in (before, after)
    ]
    assert given[1] - given[0] == sum(each["label"] == label for each in predictions)


def test_durations_are_cumulative_and_end_with_all_requests(client: httpx.Client) -> None:
    post(client, "good")
    content = status(client)
    (durations,) = [each for each in content["counts"]["durations"] if each["route"] == "/predict"]
    bounds = [each["le_seconds"] for each in durations["buckets"]]
    counts = [each["count"] for each in durations["buckets"]]
    assert bounds[-1] is None
    assert bounds[:-1] == sorted(bounds[:-1])
    assert counts == sorted(counts)
    assert counts[-1] == sum(requests(content, "/predict").values())
    assert durations["sum_seconds"] > 0
    assert {each["method"] for each in content["counts"]["durations"]} == {"POST"}


def test_another_start_is_another_replica(client: httpx.Client, tiny_store: Path) -> None:
    grafana = "https://grafana.example/"
    with service(tiny_store, grafana_url=grafana) as url:
        content = httpx.get(f"{url}/status").json()
    assert content["replica"] != status(client)["replica"]
    assert content["links"] == {"grafana": grafana}


def test_it_needs_a_key_where_there_are_keys(tiny_store: Path) -> None:
    key = "a-key-that-nobody-guesses"
    with service(tiny_store, api_keys=key) as url:
        problem(httpx.get(f"{url}/status"), 401, "unauthorized")
        assert httpx.get(f"{url}/status", headers={"X-API-Key": key}).status_code == 200
