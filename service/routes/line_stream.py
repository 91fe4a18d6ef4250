"""Answering the lines of one body while it still comes in.

A reader takes lines while there is room for them, and starts the scoring of small groups; a writer sends what
comes of the groups, in their order. So a body is read no faster than lanes answer and the client takes.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Send

from service.batching.room import Room
from service.errors import NotFound, NotReady
from service.http.duplex import TAKING_FACTOR, Stall, duplex_of
from service.routes.choice import Choice, choose_for_lines
from service.routes.line_groups import PREDICTION, GroupAnswer, LineGroup, LineGrouper, score_group
from service.routes.predictor import count_and_keep
from service.runtime.state import State
from service.schemas.stream import EndReason, StreamCounts, end_json

__all__ = ["MEDIA_TYPE", "LineStream"]

MEDIA_TYPE = "application/x-ndjson"
WINDOW_BYTES = 1024 * 1024
"""What may be held for a client: lines that were read, until their answers are sent."""

Result = TypeVar("Result")


class LineStream:
    """The answer to a stream. Its last line says how many lines are done."""

    def __init__(self, request: Request, state: State, *, timeout_ms: int) -> None:
        """Take how long a line may take, from the moment that there is room for it."""
        self._request = request
        self._state = state
        self._timeout_seconds = timeout_ms / 1000
        self._grouper = LineGrouper(state.settings)
        self._counts = StreamCounts()
        self._ending: asyncio.Future[EndReason] = asyncio.get_running_loop().create_future()
        """Done when no more lines are taken, although there may be more."""
        self._reads = asyncio.Event()
        self._gone = asyncio.Event()
        self._sent = asyncio.Event()
        self._answers: asyncio.Queue[asyncio.Task[GroupAnswer] | EndReason | None] = asyncio.Queue()
        """In the order of the lines; at the end, why there are no more, or None if all are answered."""
        self._num_held_bytes = 0
        self._is_receiving = False

    async def answer(self, receive: Receive, send: Send) -> None:
        """Answer all lines; returns when the last answer has been sent, or the client has left."""
        self._receive, self._send = receive, send
        metrics = self._state.metrics
        outcome = "cut"
        try:
            with duplex_of(self._request).open(self), metrics.streams.track_inprogress():
                outcome = await self._run()
        finally:
            metrics.streamed(outcome)
            counts = self._counts
            self._request.state.log_fields = {
                "num_lines": counts.num_lines,
                "num_predictions": counts.num_predictions,
                "outcome": outcome,
            }

    @property
    def waits_for_client(self) -> bool:
        """Whether everything that has come in is answered."""
        return self._is_receiving and self._num_held_bytes == 0

    def stall(self, stall: Stall) -> None:
        """Come to an end, since nothing moves."""
        seconds = self._state.settings.client_timeout_seconds
        taking_seconds = TAKING_FACTOR * seconds
        if stall is Stall.SENDS_NOTHING:
            detail = f"Nothing came for {seconds} seconds; send an empty line when there is nothing to send."
            self._end(EndReason(code="request_timeout", detail=detail))
        else:
            detail = f"No answer was taken for {taking_seconds} seconds; read answers while sending lines."
            self._end(EndReason(code="answers_not_taken", detail=detail))

    def leave(self) -> None:
        """Give everything up, since the client has left."""
        self._gone.set()

    async def _run(self) -> str:
        """Return how the stream has ended."""
        outcome = "client_left"
        try:
            async with asyncio.TaskGroup() as self._tasks:
                others = [
                    self._tasks.create_task(each)
                    for each in (self._read(), self._end_when_draining(), self._stop_when_gone())
                ]
                await self._reads.wait()  # "100 Continue" is sent by then, which comes before the head
                await self._begin()
                outcome = await self._write()
                for other in others:
                    other.cancel()
        except* ClientDisconnect:
            if self._ending.done():
                outcome = self._ending.result().code
        return outcome

    async def _begin(self) -> None:
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"x-accel-buffering", b"no")]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._send({"type": "http.response.body", "body": b"", "more_body": True})

    async def _write(self) -> str:
        """Send all answers and the last line; returns how the stream has ended."""
        while isinstance(task := await self._answers.get(), asyncio.Task):
            answer = await task
            content = b"".join(answer.lines)
            await self._send({"type": "http.response.body", "body": content, "more_body": True})
            self._count(answer)
        await self._send({"type": "http.response.body", "body": end_json(self._counts, task)})
        return "done" if task is None else task.code

    def _count(self, answer: GroupAnswer) -> None:
        num_predictions = answer.outcomes.count(PREDICTION)
        self._counts.num_lines += answer.group.num_lines
        self._counts.num_predictions += num_predictions
        self._counts.num_errors += len(answer.outcomes) - num_predictions
        self._state.metrics.lines_answered(answer.outcomes)
        self._num_held_bytes -= answer.group.num_bytes
        self._sent.set()

    async def _read(self) -> None:
        """Take all lines, or those that come before the end is asked for; then read on and take nothing."""
        try:
            async for data in self._body():
                await self._take(self._grouper.take(data))
            await self._take(self._grouper.finish())
        except NotFound as error:  # its version went out of service
            self._end(EndReason(code=error.code, detail=error.detail))
        self._answers.put_nowait(self._ending.result() if self._ending.done() else None)
        # A client may read its answers only when it has sent everything.
        while self._ending.done() and (await self._next())["type"] == "http.request":
            pass

    async def _next(self) -> Message:
        self._reads.set()
        return await self._receive()

    async def _body(self) -> AsyncIterator[bytes]:
        more_body = True
        while more_body:
            self._is_receiving = True
            message = await self._unless_ending(self._next())
            self._is_receiving = False
            if message is None:
                return
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            more_body = message.get("more_body", False)
            yield message.get("body", b"")

    async def _take(self, groups: Iterator[LineGroup]) -> None:
        for group in groups:
            while self._num_held_bytes >= WINDOW_BYTES and not self._ending.done():
                self._sent.clear()
                await self._unless_ending(self._sent.wait())
            if self._ending.done():
                return
            await self._admit(group)
            await asyncio.sleep(0)  # many bad lines must not keep others from the event loop

    async def _admit(self, group: LineGroup) -> None:
        """Let a group be scored as soon as there is room for it, unless the end is asked for meanwhile."""
        slot = self._choice().slot
        room, num_tokens = slot.batcher.stream_room, slot.model.max_tokens(group.texts)
        del slot  # the version may go out of service while this waits
        await room.take(num_tokens)
        try:
            if not self._ending.done():
                self._start(group, room, num_tokens)
                num_tokens = 0
        finally:
            room.give(num_tokens)

    def _start(self, group: LineGroup, room: Room, num_tokens: int) -> None:
        task = self._tasks.create_task(self._answer(group, self._choice()))
        task.add_done_callback(lambda _: room.give(num_tokens))
        self._num_held_bytes += group.num_bytes
        self._answers.put_nowait(task)

    async def _answer(self, group: LineGroup, choice: Choice) -> GroupAnswer:
        slot = choice.slot
        deadline_seconds = asyncio.get_running_loop().time() + self._timeout_seconds
        answer, scored = await score_group(group, slot.model, slot.batcher, deadline_seconds=deadline_seconds)
        reviews, predictions = [review for review, _ in scored], [prediction for _, prediction in scored]
        count_and_keep(self._state, choice, reviews, predictions)
        return answer

    def _choice(self) -> Choice:
        """Return the version for the next lines, which may be another one than for those before."""
        lifecycle = self._state.lifecycle
        if (live := lifecycle.slot) is None:
            raise NotReady
        return choose_for_lines(self._request, lifecycle.versions, live)

    async def _end_when_draining(self) -> None:
        await self._state.lifecycle.drains.wait()
        self._end(EndReason(code="draining", detail="The service is about to stop; go on elsewhere."))

    async def _stop_when_gone(self) -> None:
        await self._gone.wait()
        raise ClientDisconnect

    def _end(self, reason: EndReason) -> None:
        if not self._ending.done():
            self._ending.set_result(reason)

    async def _unless_ending(self, result: Awaitable[Result]) -> Result | None:
        """Return a result, or None if the end is asked for before it comes."""
        task = asyncio.ensure_future(result)
        either: set[asyncio.Future[Any]] = {task, self._ending}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            task.cancel()
