"""Lines of a stream in groups that are scored together, and what comes of them."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pydantic_core import to_json

from sentiment import Prediction
from service.batching.batcher import Batcher
from service.batching.model import Model
from service.errors import ApiError, BodyTooLarge, DeadlineExceeded, InferenceFailed, Internal, MalformedJson
from service.http.body import parse_json
from service.http.lines import LineCutter
from service.outcomes import ReviewOutcome
from service.schemas.stream import Line, answer_json, error_json, parse_line
from service.settings import Settings
from service.telemetry.logs import log_event

__all__ = ["PREDICTION", "GroupAnswer", "LineGroup", "LineGrouper", "score_group"]

PREDICTION = "prediction"
"""The outcome of a line that has no error."""
GROUP_LINES = 32
GROUP_BYTES = 16 * 1024
"""About a batch of streams; tokenizing more at once would keep other requests waiting."""
ANSWER_BYTES = 256
"""What an answer has besides the id of its line, roughly."""


@dataclass(slots=True)
class LineGroup:
    """Neighbouring lines."""

    num_lines: int = 0
    """Empty ones count."""
    num_bytes: int = 0
    """Of the lines and of their answers, roughly."""
    content: list[tuple[int, Line | ApiError]] = field(default_factory=list)
    """The number of each line that is not empty, and what is to be scored or why it cannot be."""

    @property
    def is_full(self) -> bool:
        """Whether it may have no more lines."""
        return self.num_lines >= GROUP_LINES or self.num_bytes >= GROUP_BYTES

    @property
    def texts(self) -> list[str]:
        """The reviews."""
        return [line.review for _, line in self.content if isinstance(line, Line)]


@dataclass(slots=True)
class GroupAnswer:
    """What is to be sent for a group."""

    group: LineGroup
    outcomes: list[str] = field(default_factory=list)
    """For each line that is not empty, the code of its error or PREDICTION."""
    lines: list[bytes] = field(default_factory=list)

    def refuse(self, number: int, line: Line | None, error: ApiError) -> None:
        """Add an error."""
        self.outcomes.append(error.code)
        self.lines.append(error_json(number, None if line is None else line.id_json, error))


class LineGrouper:
    """Makes groups of the parts of a body."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cutter = LineCutter(settings.max_body_bytes)
        self._num_lines = 0

    def take(self, data: bytes) -> Iterator[LineGroup]:
        """Yield the lines that end in the next part of the body."""
        return self._group(self._cutter.cut(data))

    def finish(self) -> Iterator[LineGroup]:
        """Yield the last line, if the body has ended without the end of a line."""
        return self._group(self._cutter.finish())

    def _group(self, lines: Sequence[bytes | None]) -> Iterator[LineGroup]:
        group = LineGroup()
        for raw in lines:
            self._num_lines += 1
            group.num_lines += 1
            if raw is None or raw.strip():
                group.content.append((self._num_lines, self._parse(raw)))
                group.num_bytes += ANSWER_BYTES + len(raw or b"")
            if group.is_full:
                yield group
                group = LineGroup()
        if group.num_lines:
            yield group

    def _parse(self, raw: bytes | None) -> Line | ApiError:
        if raw is None:
            return BodyTooLarge(f"A line may have at most {self._settings.max_body_bytes} bytes.")
        try:
            return parse_line(parse_json(raw), self._settings)
        except MalformedJson:
            return MalformedJson("This line is not valid JSON in UTF-8.")
        except ApiError as error:
            return error


async def score_group(
    group: LineGroup, model: Model, batcher: Batcher, *, deadline_seconds: float
) -> tuple[GroupAnswer, list[tuple[str, Prediction]]]:
    """Return the answers to a group, and the reviews with a prediction; never raises for lack of one."""
    outcomes = await _outcomes(group.texts, model, batcher, deadline_seconds)
    found = iter(outcomes)
    answer = GroupAnswer(group)
    model_json = to_json({"name": model.name, "version": model.version})
    for number, line in group.content:
        if isinstance(line, ApiError):
            answer.refuse(number, None, line)
        elif isinstance(outcome := next(found), Prediction):
            answer.outcomes.append(PREDICTION)
            answer.lines.append(answer_json(number, line.id_json, model_json, outcome))
        else:
            answer.refuse(number, line, outcome if isinstance(outcome, ApiError) else InferenceFailed([]))
    scored = zip(group.texts, outcomes, strict=True)
    return answer, [(text, outcome) for text, outcome in scored if isinstance(outcome, Prediction)]


async def _outcomes(
    texts: Sequence[str], model: Model, batcher: Batcher, deadline_seconds: float
) -> Sequence[ReviewOutcome | ApiError]:
    if not texts:
        return []
    try:
        return await batcher.score_lines(model, texts, deadline_seconds=deadline_seconds)
    except TimeoutError:
        return [DeadlineExceeded()] * len(texts)
    except ApiError as error:
        return [error] * len(texts)
    except Exception as error:
        log_event("internal_error", level=logging.ERROR, error=error)
        return [Internal()] * len(texts)
