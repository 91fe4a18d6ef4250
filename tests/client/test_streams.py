"""Streams of the client against services that run, stop, die and answer nonsense."""

import asyncio
import json
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sentiment_client import (
    AsyncClient,
    Client,
    KeyRefused,
    RequestRefused,
    Retries,
    ReviewRefused,
    Score,
    ServiceBusy,
    ServiceUnreachable,
    StreamCut,
)

from tests.client.conftest import KEY
from tests.client.test_client import predict
from tests.scale import scaled
from tests.scoring.jobs import texts
from tests.service.running import process

QUICK = Retries(max_tries=3, first_wait_seconds=0.001)
Answers = list[Score | RequestRefused]
Stream = Callable[..., Answers]


def stream(url: str, reviews: Iterable[str], *, version: int | None = None, **options: Any) -> Answers:  # noqa: ANN401 - any option
    with Client(url, **options) as client:
        return list(client.score_stream(reviews, version=version))


def stream_async(url: str, reviews: Iterable[str], *, version: int | None = None, **options: Any) -> Answers:  # noqa: ANN401 - any option
    async def run() -> Answers:
        async with AsyncClient(url, **options) as client:
            return [answer async for answer in client.score_stream(reviews, version=version)]

    return asyncio.run(run())


both = pytest.mark.parametrize("ask", [stream, stream_async])


@both
def test_each_review_has_the_score_that_a_request_gives_it(ask: Stream, url: str) -> None:
    reviews = list(texts(300))
    scores = ask(url, iter(reviews))
    assert all(isinstance(score, Score) for score in scores)
    for one, other in zip(scores, predict(url, reviews), strict=True):
        assert isinstance(one, Score)
        assert (one.label, one.model, one.version) == (other.label, other.model, other.version)
        assert one.confidence == pytest.approx(other.confidence, abs=1e-6)


@both
def test_no_reviews_ask_nobody(ask: Stream) -> None:
    assert ask("http://127.0.0.1:9", []) == []


@both
def test_a_review_that_cannot_be_scored_has_its_error(ask: Stream, url: str) -> None:
    good, blank, long, other = ask(url, ["Good.", " ", "a" * 100_001, "Good."])
    assert good == other
    assert isinstance(blank, ReviewRefused)
    assert (blank.index, blank.status, blank.code) == (1, 422, "invalid_request")
    assert str(blank) == "422 invalid_request: review 1 must hold more than white space"
    assert isinstance(long, ReviewRefused)


@both
def test_more_is_scored_than_fits_into_all_buffers(ask: Stream, url: str) -> None:
    taken = list[int]()

    def reviews() -> Iterator[str]:
        for number in range(500):
            taken.append(number)
            yield f"{number} " + "a" * 20_000  # 10 MB

    answers = ask(url, reviews())
    assert len(answers) == len(taken) == 500


def test_reviews_are_taken_as_they_are_needed(url: str) -> None:
    taken = list[int]()

    def endless() -> Iterator[str]:
        while True:
            taken.append(1)
            yield "Good. " * 1000

    with Client(url) as client:
        next(client.score_stream(endless()))
    assert len(taken) < 200


def test_asynchronous_reviews_are_taken(url: str) -> None:
    async def reviews(scored: asyncio.Event) -> AsyncIterator[str]:
        yield "Good."
        await scored.wait()
        yield "Bad."

    async def run() -> None:
        scored = asyncio.Event()
        num_scores = 0
        async with AsyncClient(url) as client:
            async for _ in client.score_stream(reviews(scored)):
                num_scores += 1
                scored.set()
        assert num_scores == 2

    asyncio.run(run())


@both
def test_what_the_reviews_raise_comes_through(ask: Stream, url: str) -> None:
    def failing() -> Iterator[str]:
        yield "Good."
        raise OSError("no such disk")

    with pytest.raises(OSError, match="no such disk"):
        ask(url, failing())


@both
def test_a_key_is_needed_where_there_are_keys(ask: Stream, guarded: str) -> None:
    with pytest.raises(KeyRefused):
        ask(guarded, ["Good."])
    assert isinstance(ask(guarded, ["Good."], api_key=KEY)[0], Score)


@both
def test_a_version_that_is_not_loaded_is_refused(ask: Stream, url: str) -> None:
    assert isinstance(ask(url, ["Good."], version=1)[0], Score)
    with pytest.raises(RequestRefused, match="404 not_found"):
        ask(url, ["Good."], version=7)


@both
def test_nobody_there_is_said(ask: Stream) -> None:
    with pytest.raises(ServiceUnreachable, match="cannot be reached"):
        ask("http://127.0.0.1:9", ["Good."], retries=QUICK)


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Run a server that reads a body's first part and sends these bytes, one a connection."""
    bodies = list[bytes]()

    def run(listener: socket.socket) -> None:
        for answer in answers:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as requests:
                while requests.readline() != b"\r\n":
                    pass
                bodies.append(requests.read(int(requests.readline(), 16)))
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/at", bodies
        thread.join()


def as_answer(*lines: object, status: int = 200) -> bytes:
    """Return a response that ends with its connection."""
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    return f"HTTP/1.1 {status} X\r\nConnection: close\r\n\r\n".encode() + body


def scored(line: int) -> dict[str, object]:
    """Return the answer to a line."""
    prediction = {
        "label": "positive",
        "confidence": 0.9,
        "probabilities": {"negative": 0.1, "positive": 0.9},
        "tokens": 2,
        "truncated": False,
        "unknown_ratio": 0.0,
    }
    return {"line": line, "model": {"name": "reviews", "version": 3}, "prediction": prediction}


DRAINING = {"done": False, "lines": 1, "next_line": 2, "reason": {"code": "draining", "detail": "Stopping."}}


@both
def test_another_stream_goes_on_where_one_ended(ask: Stream) -> None:
    with answering(as_answer(scored(1), DRAINING), as_answer(scored(1)), as_answer(scored(1))) as (
        url,
        bodies,
    ):
        assert len(ask(url, ["a", "b", "c"], retries=QUICK)) == 3
    assert [body.count(b"\n") for body in bodies] == [3, 2, 1]
    assert b'"a"' in bodies[0]
    assert b'"c"' in bodies[2]


@both
def test_a_stream_that_nobody_continues_is_cut(ask: Stream) -> None:
    with (
        answering(as_answer(scored(1)), as_answer(), as_answer(DRAINING)) as (url, _),
        pytest.raises(StreamCut, match=r"after 1 answers: Stopping\.") as cut,
    ):
        ask(url, ["a", "b"], retries=QUICK)
    assert (cut.value.num_answered, cut.value.code) == (1, "draining")


@both
def test_a_busy_service_is_asked_again(ask: Stream) -> None:
    head = b"HTTP/1.1 503 X\r\nRetry-After: 0\r\nContent-Length: 38\r\n\r\n"
    busy = head + b'{"code": "draining", "detail": "Full"}'
    with answering(busy, as_answer(scored(1))) as (url, _):
        assert len(ask(url, ["a"], retries=QUICK)) == 1
    with answering(busy, busy, busy) as (url, _), pytest.raises(ServiceBusy, match="503 draining: Full"):
        ask(url, ["a"], retries=QUICK)


@both
@pytest.mark.parametrize("line", [[], 1, {}, {"line": 1}, {"line": 2} | scored(2), scored(1) | {"model": 1}])
def test_an_answer_that_is_not_of_such_a_service_is_said(ask: Stream, line: object) -> None:
    with answering(as_answer(line)) as (url, _), pytest.raises(ServiceUnreachable, match="service"):
        ask(url, ["a"], retries=QUICK)


@both
def test_what_is_no_http_is_said(ask: Stream) -> None:
    with answering(b"hello\r\n\r\n") as (url, _), pytest.raises(ServiceUnreachable, match="not HTTP"):
        ask(url, ["a"], retries=QUICK)


@pytest.mark.soak
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_stream_outlives_the_service_that_it_began_with(
    number: int, tiny_store: Path, tmp_path: Path
) -> None:
    num_reviews = max(3000, scaled(1_000_000))
    flags = ("--model-store", str(tiny_store), "--drain-seconds", "2")
    with ExitStack() as services:
        first = services.enter_context(process(tmp_path / "first", *flags))
        first.wait_for("ready")
        address = first.url()
        patient = Retries(max_tries=1000, max_wait_seconds=0.5)
        num_answers = 0
        with Client(address, retries=patient) as client:
            for answer in client.score_stream(f"Film {index} is good." for index in range(num_reviews)):
                assert isinstance(answer, Score)
                assert answer.tokens == 5
                num_answers += 1
                if num_answers == 1000:
                    first.send_signal(number)
                    first.wait()
                    port = address.rpartition(":")[2]
                    services.enter_context(process(tmp_path / "second", *flags, "--port", port))
        assert num_answers == num_reviews
