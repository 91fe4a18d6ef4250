import json
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.process import PATIENCE_SECONDS
from model_store import ModelVersion
from sentiment import TOLERANCE
from sentiment.explanation import Explanation, explain
from service.runtime.explanations import MAX_UNDER_WAY
from tests.service import faults, stores
from tests.service.http_helpers import connect, head, post, problem
from tests.service.running import process, samples, series, service, wait_for_sample

TEXTS = [
    "A wonderful film, warm and funny. But the end is dull &amp; zanzibar \U0001f600! Not bad.",
    "Dull.",
    "A <b>good</b> story…\n\nNever again!",
]
LONG = "good dull never story film cast. " * 60
FORWARDS = "sentiment_explain_forwards_total"


def ask(url: str, *reviews: str, timeout_ms: int = 60_000, **fields: Any) -> httpx.Response:  # noqa: ANN401 - any field
    return httpx.post(
        f"{url}/explain",
        json={"reviews": reviews, **fields},
        headers={"X-Request-Timeout-Ms": str(timeout_ms)},
        timeout=PATIENCE_SECONDS,
    )


def explained(url: str, *reviews: str, **fields: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any field
    found: list[dict[str, Any]] = ask(url, *reviews, **fields).raise_for_status().json()["explanations"]
    return found


def approximately(parts: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - effects of sentences or tokens
    """Return what the JSON of some effects must be."""
    return [
        {
            name: pytest.approx(getattr(part, name), abs=100 * TOLERANCE)
            if name in ("contribution", "alone")
            else getattr(part, name)
            for name in part_names(part)
        }
        for part in parts
    ]


def part_names(part: object) -> tuple[str, ...]:
    kind = "alone" if hasattr(part, "alone") else "known"
    return ("start", "end", "text", "contribution", kind)


def expected(version: ModelVersion, text: str) -> Explanation:
    return explain(text, version.classifier.tokenizer, version.classifier.score)


def test_the_answer(client: httpx.Client, tiny_version: ModelVersion) -> None:
    content = client.post("/explain", json={"reviews": TEXTS}).raise_for_status().json()
    assert content.keys() == {"model", "offsets", "explanations"}
    assert content["model"] == {"name": "reviews", "version": 1}
    assert content["offsets"] == "codepoint"
    for found, text, prediction in zip(content["explanations"], TEXTS, post(client, *TEXTS), strict=True):
        truth = expected(tiny_version, text)
        for name in ("confidence", "probabilities"):
            prediction[name] = pytest.approx(prediction[name], abs=TOLERANCE)
        assert found == {
            "prediction": prediction,
            "complete": True,
            "mixed": truth.mixed,
            "unread": [],
            "sentences": approximately(truth.sentences),
            "tokens": approximately(truth.tokens),
        }
        assert [text[part["start"] : part["end"]] for part in found["tokens"]] == [
            part["text"] for part in found["tokens"]
        ]


@pytest.mark.parametrize(("unit", "empty"), [("sentence", "tokens"), ("token", "sentences")])
def test_a_unit_is_all_that_is_explained(client: httpx.Client, unit: str, empty: str) -> None:
    whole = client.post("/explain", json={"reviews": TEXTS}).json()["explanations"]
    found = client.post("/explain", json={"reviews": TEXTS, "unit": unit}).json()["explanations"]
    assert found == [each | {empty: []} for each in whole]


def test_offsets_count_what_is_asked_for(client: httpx.Client) -> None:
    content = client.post("/explain", json={"reviews": TEXTS, "offsets": "utf16"}).json()
    assert content["offsets"] == "utf16"
    raw = TEXTS[0].encode("utf-16-le")
    for part in content["explanations"][0]["tokens"]:
        assert raw[2 * part["start"] : 2 * part["end"]].decode("utf-16-le") == part["text"]


def test_what_truncation_left_unread_is_said(slow_store: Path) -> None:
    raw = f"{LONG}{'the end ' * 300}"
    with service(slow_store) as url:
        [found] = explained(url, raw)
    [unread] = found["unread"]
    assert found["prediction"]["truncated"]
    assert len(found["tokens"]) == 400
    assert found["tokens"][-1]["end"] < unread["start"] or unread["end"] < found["tokens"][-1]["start"]
    assert found["complete"]


def test_a_version_is_asked_by_its_number(client: httpx.Client) -> None:
    body = {"reviews": ["Good."]}
    assert client.post("/explain?version=1", json=body).json()["model"]["version"] == 1
    problem(client.post("/explain?version=9", json=body), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ([], {"body": "must be a JSON object"}),
        ({"reviews": []}, {"reviews": "must not be empty"}),
        ({"reviews": ["a", " "]}, {"reviews[1]": "must hold more than white space"}),
        ({"reviews": ["a"] * 9}, {"reviews": "has 9 reviews, and at most 8 are accepted"}),
        (
            {"reviews": ["b" * 100_001]},
            {"reviews[0]": "has 100001 characters, and at most 100000 are accepted"},
        ),
        ({"reviews": ["a"], "unit": "word"}, {"unit": "must be 'sentence', 'token' or 'both'"}),
        ({"reviews": ["a"], "offsets": 1}, {"offsets": "must be 'codepoint' or 'utf16'"}),
        ({"reviews": ["a"], "version": 1}, {"version": "is not a known field"}),
    ],
)
def test_invalid_requests(client: httpx.Client, body: object, errors: dict[str, str]) -> None:
    content = problem(client.post("/explain", json=body), 422, "invalid_request")
    assert {error["location"]: error["message"] for error in content["errors"]} == errors


def test_a_longest_text_is_explained_and_holds_nothing_up(client: httpx.Client) -> None:
    worst = ["a. " * 33_000, "." * 99_999 + "x", " " * 99_999 + "x", "<br " * 25_000, "½" * 100_000]
    found = client.post("/explain", json={"reviews": worst}).raise_for_status().json()["explanations"]
    assert len(found) == len(worst)


def test_a_budget_ends_an_explanation(tiny_store: Path, tiny_version: ModelVersion) -> None:
    with service(tiny_store, max_explain_forwards=3) as url:
        [found] = explained(url, TEXTS[0])
        counted = samples(url)
    truth = expected(tiny_version, TEXTS[0])
    assert not found["complete"]
    assert found["prediction"]["label"] == truth.prediction.label
    assert [part["contribution"] is None for part in found["sentences"]] == [False, False, True]
    assert {part["contribution"] for part in found["tokens"]} == {None}
    assert counted[FORWARDS] == 3
    assert counted[series("sentiment_explanations_total", outcome="partial")] == 1
    assert counted[series("sentiment_explanations_total", outcome="complete")] == 0


def test_explanations_are_counted_and_no_predictions(tiny_store: Path) -> None:
    with service(tiny_store) as url:
        explained(url, *TEXTS)
        counted = samples(url)
    assert counted[series("sentiment_explanations_total", outcome="complete")] == len(TEXTS)
    assert counted["sentiment_explain_duration_seconds_count"] == 1
    assert counted[FORWARDS] > 20
    assert counted["sentiment_review_tokens_count"] == 0
    assert counted["sentiment_batch_reviews_count"] == 0
    assert (
        counted[series("sentiment_http_requests_total", route="/explain", method="POST", status="200")] == 1
    )


def test_what_is_known_at_the_deadline_is_the_answer(slow_store: Path) -> None:
    gate = faults.Gate()
    with service(slow_store, load=faults.made_by(lambda whole: faults.GatedLater(whole, gate))) as url:
        [found] = explained(url, LONG, timeout_ms=500)
        gate.open()
        counted = samples(url)
    assert not found["complete"]
    assert found["prediction"]["tokens"] == 420
    assert {part["contribution"] for part in found["tokens"]} == {None}
    assert counted[series("sentiment_explanations_total", outcome="partial")] == 1


def test_without_a_prediction_in_time_there_is_no_answer(slow_store: Path) -> None:
    gate = faults.Gate()
    with service(slow_store, load=faults.made_by(lambda whole: faults.Gated(whole, gate))) as url:
        problem(ask(url, "Good.", timeout_ms=200), 504, "deadline_exceeded")
        assert samples(url)[series("sentiment_requests_cancelled_total", stage="queue")] == 1
        gate.open()


def test_too_many_at_a_time_are_refused_and_predictions_go_on(slow_store: Path) -> None:
    gate = faults.Gate()
    load = faults.made_by(lambda whole: faults.Gated(whole, gate))
    with service(slow_store, load=load) as url, ThreadPoolExecutor(MAX_UNDER_WAY) as threads:
        held = [threads.submit(ask, url, "Good. Never dull.") for _ in range(MAX_UNDER_WAY)]
        wait_for_sample(url, "sentiment_http_requests_in_flight", MAX_UNDER_WAY + 1)
        refused = problem_when_full(url)
        assert int(refused.headers["retry-after"]) >= 1
        assert samples(url)["sentiment_queue_tokens"] == 0, "explanations are not in the queue of predictions"
        gate.open()
        assert {each.result(PATIENCE_SECONDS).status_code for each in held} == {200}
        assert httpx.post(f"{url}/predict", json={"reviews": ["good"]}).status_code == 200
        assert explained(url, "Good.")[0]["complete"]


def problem_when_full(url: str) -> httpx.Response:
    """Ask until an explanation is refused: those before it may still be on their way in."""
    while (answer := ask(url, "Good.", timeout_ms=100)).status_code == 504:
        pass
    problem(answer, 429, "overloaded")
    return answer


def test_a_client_that_leaves_takes_the_rest_back(slow_store: Path) -> None:
    gate = faults.Gate()
    load = faults.made_by(lambda whole: faults.Gated(whole, gate))
    body = json.dumps({"reviews": [LONG] * 8}).encode()
    with service(slow_store, load=load) as url:
        with connect(url) as (connection, _):
            connection.sendall(head(len(body)).replace(b"/predict", b"/explain") + body)
            gate.wait_until_reached()
        wait_for_sample(url, series("sentiment_requests_cancelled_total", stage="queue"), 1)
        left = series("sentiment_http_requests_total", route="/explain", method="POST", status="499")
        wait_for_sample(url, left, 1)
        gate.open()
        assert explained(url, "Good.")[0]["complete"]
        assert samples(url)[FORWARDS] < 10, "only the last request was scored to its end"


def test_a_review_that_cannot_be_scored_is_named(poisoned: str) -> None:
    bad = ask(poisoned, "Good. Never dull.", f"A good film. A {stores.POISON} film.")
    assert problem(bad, 500, "inference_failed")["errors"] == [
        {"location": "reviews[1]", "message": "could not be scored"}
    ]
    assert explained(poisoned, "Good. Never dull.")[0]["complete"]


def test_a_service_that_stops_finishes_explanations_and_logs_no_review(
    slow_store: Path, tmp_path: Path
) -> None:
    flags = ("--model-store", str(slow_store), "--log-level", "debug")
    with process(tmp_path, *flags) as running, ThreadPoolExecutor(1) as threads:
        running.wait_for("ready")
        asked = threads.submit(ask, running.url(), *[f"{LONG} zanzibar"] * 8)
        wait_for_sample(running.url(), FORWARDS, 1)
        running.send_signal(signal.SIGTERM)
        content = asked.result(PATIENCE_SECONDS).raise_for_status().json()
        assert all(each["complete"] for each in content["explanations"])
        assert running.wait() == 0
        assert "/explain" in json.dumps(running.log())
        assert "zanzibar" not in json.dumps(running.log()).lower()
        assert running.errors() == ""
