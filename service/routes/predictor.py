"""What all routes do that score the reviews of one body, whatever form the body and the answer have.

The route gives a function that reads its body, and writes its answer from what comes back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, cast

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from sentiment import Prediction
from service.batching.model import Model
from service.errors import InferenceFailed, Rejection
from service.http.body import check_media_type, read_body
from service.http.deadline import Deadline, timeout_ms
from service.http.middleware import CLIENT_LEFT
from service.routes.choice import Choice, choose
from service.runtime.state import State, state_of
from service.settings import Settings

__all__ = [
    "Asking",
    "Body",
    "BodyForm",
    "Parse",
    "Scored",
    "ScoredEach",
    "ask",
    "count_and_keep",
    "record",
    "respond",
    "score",
    "score_each",
    "unless_gone",
]


class _Reviews(Protocol):
    """A body that has been read and checked."""

    @property
    def reviews(self) -> Sequence[str]:
        """What is to be scored."""


Answer = TypeVar("Answer")
Body = TypeVar("Body")
Asked = TypeVar("Asked", bound=_Reviews)
Parse = Callable[[bytes, Settings], Body]
"""Reads the bytes of a body; raises MalformedJson, or InvalidRequest, which says where the body is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyForm(Generic[Asked]):
    """How the body of a route is read."""

    parse: Parse[Asked]
    check: Callable[[Request], None] = check_media_type
    """Refuses a request by its headers."""
    version: str | None = None
    """Names the version to ask, before the query does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking(Generic[Asked]):
    """A body, and what answers it."""

    body: Asked
    choice: Choice
    ends_at_seconds: float
    """On the clock of the event loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored(Generic[Asked]):
    """A body, with a prediction for each of its reviews, in order."""

    body: Asked
    model: Model
    predictions: Sequence[Prediction]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredEach(Generic[Asked]):
    """A body, with what each of its reviews got, in order: None where the model failed on it."""

    body: Asked
    choice: Choice
    outcomes: Sequence[Prediction | None]
    failure: InferenceFailed | None


async def respond(request: Request, answer: Callable[[Request, State], Awaitable[Response]]) -> Response:
    """Return what a function answers, and count its refusals; 499 when the client has left."""
    state = state_of(request)
    try:
        return await answer(request, state)
    except ClientDisconnect:
        return Response(status_code=CLIENT_LEFT)
    except Rejection as error:
        state.metrics.rejected(error.code)
        raise


async def score(
    request: Request,
    state: State,
    parse: Parse[Asked],
    *,
    check: Callable[[Request], None] = check_media_type,
    version: str | None = None,
) -> Scored[Asked]:
    """Read a body and score its reviews, within the deadline of the request.

    `check` refuses a request by its headers; `version` names the version to ask, before the query does.
    Raises all that docs/api.md lists for POST /predict, and starlette's ClientDisconnect when the client
    leaves.
    """
    scored = await _run(request, state, BodyForm(parse=parse, check=check, version=version))
    if scored.failure is not None:
        raise scored.failure
    predictions = cast("list[Prediction]", scored.outcomes)  # each has one, since nothing has failed
    record(state, scored.choice, scored.body.reviews, predictions)
    return Scored(body=scored.body, model=scored.choice.slot.model, predictions=predictions)


async def score_each(
    request: Request,
    state: State,
    parse: Parse[Asked],
    *,
    check: Callable[[Request], None] = check_media_type,
) -> ScoredEach[Asked]:
    """Do as `score`, but let a review that the model fails on leave the others alone.

    The body may have no review.
    """
    scored = await _run(request, state, BodyForm(parse=parse, check=check))
    answered = [
        (review, outcome)
        for review, outcome in zip(scored.body.reviews, scored.outcomes, strict=True)
        if outcome is not None
    ]
    if answered:
        reviews, predictions = zip(*answered, strict=True)
        record(state, scored.choice, reviews, predictions)
    return scored


async def _run(request: Request, state: State, form: BodyForm[Asked]) -> ScoredEach[Asked]:
    async def submit(asking: Asking[Asked]) -> ScoredEach[Asked]:
        slot, reviews = asking.choice.slot, asking.body.reviews
        failure = None
        with slot.batcher.submit(slot.model, reviews, deadline_seconds=asking.ends_at_seconds) as answer:
            try:
                outcomes: list[Prediction | None] = [*await unless_gone(request, answer)]
            except InferenceFailed as error:
                outcomes, failure = [error.scored.get(index) for index in range(len(reviews))], error
        return ScoredEach(body=asking.body, choice=asking.choice, outcomes=outcomes, failure=failure)

    return await ask(request, state, form, submit)


async def ask(
    request: Request,
    state: State,
    form: BodyForm[Asked],
    answer: Callable[[Asking[Asked]], Awaitable[Answer]],
) -> Answer:
    """Read a body, choose the version for it, and return what a function answers, all within the deadline.

    Raises what is said of `score`.
    """
    state.lifecycle.admit()
    ends_at_seconds = asyncio.get_running_loop().time() + timeout_ms(request, state.settings) / 1000
    async with Deadline(ends_at_seconds) as deadline:
        form.check(request)
        body, content = await _read(request, state, form.parse)
        deadline.is_read = True
        live = state.lifecycle.admit()  # again, since the body may have taken long to come in
        choice = choose(request, state.lifecycle.versions, live, content, version=form.version)
        request.state.log_fields = {"num_reviews": len(body.reviews), "model_version": choice.slot.number}
        return await answer(Asking(body=body, choice=choice, ends_at_seconds=ends_at_seconds))


async def _read(request: Request, state: State, parse: Parse[Body]) -> tuple[Body, bytes]:
    """Return the body, parsed and as it came; raises BodyTooLarge, and what `parse` raises."""
    try:
        with state.metrics.stage("read"):
            content = await read_body(request, max_bytes=state.settings.max_body_bytes)
    except (ClientDisconnect, asyncio.CancelledError):
        state.metrics.cancelled("read")
        raise
    with state.metrics.stage("parse"):
        return parse(content, state.settings), content


def record(state: State, choice: Choice, reviews: Sequence[str], predictions: Sequence[Prediction]) -> None:
    """Count and keep what a client is answered, and let the candidate be compared with it if it is to be."""
    count_and_keep(state, choice, reviews, predictions)
    if choice.shadow is not None:
        choice.shadow.compare(reviews, predictions)


def count_and_keep(
    state: State, choice: Choice, reviews: Sequence[str], predictions: Sequence[Prediction]
) -> None:
    """Count what a client is answered, and keep the reviews where a folder for that is set."""
    model = choice.slot.model
    state.metrics.predicted(model.version, predictions, by_name=choice.by_name)
    if state.capture is not None and not choice.by_name:
        state.capture.keep(f"{model.name}@{model.version}", reviews, predictions)


async def unless_gone(request: Request, answer: asyncio.Future[Answer]) -> Answer:
    """Return the answer; raises ClientDisconnect as soon as the client has left."""
    watcher = asyncio.create_task(_wait_for_disconnect(request))
    watcher.add_done_callback(lambda _: answer.cancel())
    try:
        return await answer
    except asyncio.CancelledError:
        if watcher.done():
            raise ClientDisconnect from None
        raise
    finally:
        watcher.cancel()


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
