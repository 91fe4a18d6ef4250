"""Reading HTTP/1.1 answers, however the network cuts them."""

import pytest

from bench.answer import Answer, AnswerReader

WITH_LENGTH = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}'
CHUNKED = (
    b"HTTP/1.1 503 Service Unavailable\r\ntransfer-encoding: chunked\r\nConnection: close\r\n\r\n"
    b"4\r\nabcd\r\nA;name=value\r\n0123456789\r\n0\r\n\r\n"
)
EMPTY = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (WITH_LENGTH, Answer(status=200, closes=False, body=b'{"a":1}')),
        (CHUNKED, Answer(status=503, closes=True, body=b"abcd0123456789")),
        (EMPTY, Answer(status=429, closes=False, body=b"")),
    ],
)
def test_an_answer_is_there_with_its_last_byte(sent: bytes, answer: Answer) -> None:
    reader = AnswerReader()
    for number in range(len(sent) - 1):
        assert reader.feed(sent[number : number + 1]) is None
    assert reader.feed(sent[-1:]) == answer


def test_the_next_answer_begins_where_the_last_one_ended() -> None:
    reader = AnswerReader()
    for _ in range(2):
        first = reader.feed(WITH_LENGTH + CHUNKED[:30])
        assert first is not None
        assert first.body == b'{"a":1}'
        second = reader.feed(CHUNKED[30:])
        assert second is not None
        assert second.status == 503


@pytest.mark.parametrize("sent", [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\nDate: now\r\n\r\n"])
def test_what_has_no_known_end_is_an_error(sent: bytes) -> None:
    with pytest.raises(ValueError, match=r"not HTTP|no content-length"):
        AnswerReader().feed(sent)
