"""What servers are sent, and what is read from their answers."""

import json

from bench.serving.protocol_adapter import PLAIN, V2
from bench.serving.servers import THIS


def test_a_request_counts_its_bytes() -> None:
    head, _, body = PLAIN.request(["Größe"], port=1234).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:1234\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert json.loads(body) == {"reviews": ["Größe"]}


def test_only_a_server_that_knows_deadlines_is_given_one() -> None:
    assert b"X-Request-Timeout-Ms: 1000" in THIS.adapter.request(["a"], port=1, deadline_ms=1000)
    assert b"1000" not in PLAIN.request(["a"], port=1, deadline_ms=1000)


def test_the_v2_protocol_has_a_column_for_each_label() -> None:
    body = V2.request(["a", "b"], port=1).partition(b"\r\n\r\n")[2]
    assert json.loads(body)["inputs"][0]["shape"] == [2, 1]
    outputs = [
        {"name": "label", "data": ["good", "bad"]},
        {"name": "bad", "data": [0.25, 0.75]},
        {"name": "good", "data": [0.75, 0.25]},
    ]
    answer = V2.answer(json.dumps({"outputs": outputs}).encode())
    assert answer == [{"bad": 0.25, "good": 0.75}, {"bad": 0.75, "good": 0.25}]
