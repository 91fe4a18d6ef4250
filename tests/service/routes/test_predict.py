import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.process import ServiceProcess
from model_store import ModelVersion
from sentiment import TOLERANCE
from tests.service import stores
from tests.service.http_helpers import connect, head, post, problem, receive
from tests.service.running import samples, series, service, wait_for_sample

HIDDEN = "a review that must stay out of every log: zanzibar"


def test_the_answer(client: httpx.Client, tiny_version: ModelVersion) -> None:
    max_tokens = tiny_version.manifest.tokenizer.max_tokens
    texts = [stores.TEXTS[0], "Zanzibar, a wonderful film", "good " * (max_tokens + 1)]
    response = client.post("/predict", json={"reviews": texts})
    assert response.headers["content-type"] == "application/json"
    content = response.json()
    assert content.keys() == {"model", "predictions"}
    assert content["model"] == {"name": "reviews", "version": 1}
    expected = tiny_version.classifier.predict(texts)
    for prediction, truth in zip(content["predictions"], expected, strict=True):
        assert prediction == {
            "label": truth.label,
            "confidence": pytest.approx(truth.confidence, abs=TOLERANCE),
            "probabilities": pytest.approx(truth.probabilities, abs=TOLERANCE),
            "tokens": truth.tokens,
            "truncated": truth.truncated,
            "unknown_ratio": truth.unknown_ratio,
        }
    assert [prediction["tokens"] for prediction in content["predictions"]][1:] == [5, max_tokens + 1]
    assert [prediction["truncated"] for prediction in content["predictions"]] == [False, False, True]


def test_order_and_batch_mates_do_not_matter(client: httpx.Client) -> None:
    texts = [f"{text} {'never ' * number}" for number in range(10) for text in stores.TEXTS]
    alone = {text: post(client, text)[0]["probabilities"] for text in texts}
    for mixed in (texts, texts[::-1]):
        for text, prediction in zip(mixed, post(client, *mixed), strict=True):
            assert prediction["probabilities"] == pytest.approx(alone[text], abs=TOLERANCE)


def test_many_clients_get_their_own_answers(client: httpx.Client) -> None:
    words = [f"good {'dull ' * number}" for number in range(40)]
    with ThreadPoolExecutor(len(words)) as threads:
        answers = list(threads.map(lambda word: [post(client, word, word) for _ in range(3)], words))
    for number, answer in enumerate(answers):
        assert all(prediction["tokens"] == number + 1 for both in answer for prediction in both)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"reviews": ["a",]}',
        b'{"reviews": [NaN]}',
        b'{"reviews": [Infinity]}',
        b'{"reviews": ["\xff"]}',
        b'{"reviews": ["\\ud800"]}',
        b"\xef\xbb\xbf",
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"reviews": ' + b"9" * 10_000 + b"}",
        b'{"reviews": ["a"]} {"reviews": ["b"]}',
    ],
    ids=range(12),
)
def test_malformed_json(client: httpx.Client, body: bytes) -> None:
    response = client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    problem(response, 400, "malformed_json")


def test_a_byte_order_mark_is_dropped(client: httpx.Client) -> None:
    body = b'\xef\xbb\xbf{"reviews": ["\xef\xbb\xbfgood"]}'
    response = client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 200


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-be", "utf-32-be"])
def test_a_byte_order_mark_of_another_encoding_is_named(client: httpx.Client, encoding: str) -> None:
    body = '\ufeff{"reviews": ["a"]}'.encode(encoding)
    response = client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert "send UTF-8" in problem(response, 400, "malformed_json")["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": ""},
        {"Content-Type": "application/json", "Content-Encoding": "identity, br"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_unsupported_media_types(client: httpx.Client, headers: dict[str, str]) -> None:
    response = client.post("/predict", content=b'{"reviews": ["a"]}', headers=headers)
    problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "Application/JSON; Charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/json;charset=utf8",
        "application/json ;\t; charset=utf-8 ;",
        "application/json; a*1=b; a*=c",
        'application/json; profile="a;charset=latin-1;\\"b"',
        "application/vnd.reviews+json",
    ],
)
def test_supported_media_types(client: httpx.Client, media_type: str) -> None:
    response = client.post("/predict", content=b'{"reviews": ["a"]}', headers={"Content-Type": media_type})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json; charset",
        "application/json; charset=",
        "application/json; =utf-8",
        "application/json; charset = utf-8",
        'application/json; charset="utf-8',
        'application/json; charset=utf-8"',
        "application/json, application/json",
        "application/json charset=utf-8",
        "application/json; charset=utf-8; charset=latin-1",
        "application/json; charset*0*=utf-8''%ff; charset=",
        "application/ json",
        "application",
        "/json",
        "application/json; é=ü",
        "=?utf-8?q?application/json?=",
        ";" * 10_000 + '"',
        "application/json" + '; a="b' * 1_000,
        "application/json" + " ;" * 5_000 + "a",
    ],
)
def test_a_malformed_media_type_is_refused(running: ServiceProcess, media_type: str) -> None:
    line = f"Content-Type: {media_type}".encode("latin-1")
    with connect(running.url()) as (connection, answers):
        connection.sendall(head(18).replace(b"Content-Type: application/json", line) + b'{"reviews": ["a"]}')
        answer = receive(answers)
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert b'"code":"unsupported_media_type"' in answer


def test_two_media_types_are_refused(running: ServiceProcess) -> None:
    with connect(running.url()) as (connection, answers):
        connection.sendall(head(18, "Content-Type: text/plain") + b'{"reviews": ["a"]}')
        assert receive(answers).startswith(b"HTTP/1.1 415 ")


@pytest.mark.parametrize("encoding", ["", "identity", "Identity", ",", "identity, ,identity"])
def test_an_encoding_that_changes_nothing_is_none(client: httpx.Client, encoding: str) -> None:
    response = client.post("/predict", json={"reviews": ["a"]}, headers={"Content-Encoding": encoding})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ([], {"body": "must be a JSON object"}),
        ("text", {"body": "must be a JSON object"}),
        (None, {"body": "must be a JSON object"}),
        ({}, {"reviews": "is missing"}),
        ({"reviews": "a"}, {"reviews": "must be a list"}),
        ({"reviews": {"0": "a"}}, {"reviews": "must be a list"}),
        ({"reviews": []}, {"reviews": "must not be empty"}),
        ({"reviews": ["a", ""]}, {"reviews[1]": "must not be empty"}),
        ({"reviews": ["a", " \n\t\u3000"]}, {"reviews[1]": "must hold more than white space"}),
        (
            {"reviews": ["\u200b\u2060", "\ufeff", "a\u200b", "\u3164", "\0", "\U000e0041", "\x7f \u2800"]},
            {f"reviews[{index}]": "must hold more than white space" for index in (0, 1, 3, 4, 5, 6)},
        ),
        (
            {"reviews": [1, "a", None, ["a"]]},
            {f"reviews[{index}]": "must be a string" for index in (0, 2, 3)},
        ),
        ({"reviews": ["a"], "model": "x"}, {"model": "is not a known field"}),
        ({"reviews": ["a"] * 257}, {"reviews": "has 257 reviews, and at most 256 are accepted"}),
        (
            {"reviews": ["a", "b" * 100_001]},
            {"reviews[1]": "has 100001 characters, and at most 100000 are accepted"},
        ),
    ],
)
def test_invalid_requests(client: httpx.Client, body: object, errors: dict[str, str]) -> None:
    headers = {"Content-Type": "application/json"}
    response = client.post("/predict", content=json.dumps(body), headers=headers)
    content = problem(response, 422, "invalid_request")
    assert {error["location"]: error["message"] for error in content["errors"]} == errors


def test_limits_are_inclusive(client: httpx.Client) -> None:
    assert len(post(client, *["a"] * 256)) == 256
    assert len(post(client, "b" * 100_000)) == 1


def test_an_answer_stays_small_however_much_is_wrong(client: httpx.Client) -> None:
    body = {"reviews": ["a"], "x" * 50_000: 1} | {f"field {number}": 1 for number in range(1000)}
    response = client.post("/predict", json=body)
    assert len(problem(response, 422, "invalid_request")["errors"]) == 100
    assert len(response.content) < 20_000


def big(num_bytes: int) -> bytes:
    """Return a valid body of exactly this many bytes."""
    head, tail = b'{"reviews": ["a"]', b"}"
    return head + b" " * (num_bytes - len(head) - len(tail)) + tail


LIMIT_BYTES = 2 * 1024 * 1024


def test_the_largest_body_is_accepted(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    assert client.post("/predict", content=big(LIMIT_BYTES), headers=headers).status_code == 200


def chunks(num_bytes: int) -> Iterator[bytes]:
    """Yield a body in pieces, which makes the client send it without a Content-Length."""
    body = big(num_bytes)
    yield from (body[start : start + 65_536] for start in range(0, num_bytes, 65_536))


@pytest.mark.parametrize("body", [big(LIMIT_BYTES + 1), chunks(LIMIT_BYTES + 1)], ids=["whole", "chunked"])
def test_too_large_a_body(client: httpx.Client, body: bytes | Iterator[bytes]) -> None:
    response = client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    problem(response, 413, "body_too_large")
    assert client.post("/predict", json={"reviews": ["a"]}).status_code == 200


@pytest.mark.parametrize("length", [LIMIT_BYTES + 1, 10**18])
def test_an_announced_size_is_refused_before_the_body_comes(running: ServiceProcess, length: int) -> None:
    with connect(running.url()) as (connection, answers):
        connection.sendall(head(length))
        response = receive(answers)
    assert response.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"body_too_large"' in response


def test_the_connection_stays_usable_after_too_large_a_body(running: ServiceProcess) -> None:
    small = big(100)
    with connect(running.url()) as (connection, answers):
        connection.sendall(head(LIMIT_BYTES + 1) + big(LIMIT_BYTES + 1) + head(len(small)) + small)
        assert receive(answers).startswith(b"HTTP/1.1 413 ")
        assert receive(answers).startswith(b"HTTP/1.1 200 ")


def test_what_follows_a_body_is_the_next_request(running: ServiceProcess) -> None:
    with connect(running.url()) as (connection, answers):
        connection.sendall(head(10) + big(100))
        response = receive(answers)
    assert response.startswith(b"HTTP/1.1 400 ")
    assert b'"code":"bad_request"' in response


def test_a_client_that_leaves_in_the_middle_of_its_body(running: ServiceProcess) -> None:
    name = series("sentiment_requests_cancelled_total", stage="read")
    before = samples(running.url())[name]
    with connect(running.url()) as (connection, _):
        connection.sendall(head(1000) + b"{")
    wait_for_sample(running.url(), name, before + 1)


def test_a_client_that_leaves_takes_its_reviews_back(slow_store: Path) -> None:
    body = json.dumps({"reviews": ["good " * 400] * 2000}).encode()
    limits: dict[str, Any] = {"max_reviews_per_request": 2000, "max_body_bytes": len(body)}
    with service(slow_store, max_batch_tokens=1, **limits) as url:  # so each review is a batch of its own
        with connect(url) as (connection, _):
            connection.sendall(head(len(body)) + body)
            wait_for_sample(url, "sentiment_batch_reviews_count", 1)
        found = wait_for_sample(url, series("sentiment_requests_cancelled_total", stage="queue"), 1)
        assert found["sentiment_queue_tokens"] == 0
        assert samples(url)["sentiment_batch_reviews_count"] < 2000
        left = series("sentiment_http_requests_total", route="/predict", method="POST", status="499")
        answers = series("sentiment_stage_duration_seconds_count", stage="respond")
        assert wait_for_sample(url, left, 1)[answers] == 0
        assert httpx.post(f"{url}/predict", json={"reviews": ["good"]}).status_code == 200


def test_only_the_request_with_the_bad_review_fails(poisoned: str) -> None:
    failures = series("sentiment_inference_failures_total", reason="not_finite")
    before = samples(poisoned)[failures]
    with httpx.Client(base_url=poisoned) as client:
        good = post(client, *stores.TEXTS)
        bad = client.post("/predict", json={"reviews": ["good", f"a {stores.POISON} film"]})
        assert problem(bad, 500, "inference_failed")["errors"] == [
            {"location": "reviews[1]", "message": "could not be scored"}
        ]
        assert samples(poisoned)[failures] == before + 1
        assert post(client, *stores.TEXTS) == good


def test_logs_hold_no_review(running: ServiceProcess, client: httpx.Client) -> None:
    post(client, HIDDEN)
    client.post("/predict", json={"reviews": [HIDDEN, 1]})
    client.post("/predict", content=HIDDEN.encode(), headers={"Content-Type": "application/json"})
    client.get(f"/{HIDDEN}", params={"text": HIDDEN})
    last = client.get("/models", headers={"X-Request-ID": "the-last"})
    assert last.status_code == 200
    running.wait_for("request", request_id="the-last")
    assert "zanzibar" not in json.dumps(running.log()).lower()
    assert running.errors() == ""
