"""Structured logs: one JSON object per line on standard output, including the lines of libraries.

No line holds the text of a review. Exceptions are logged only by type and place in the code, since the
message of an exception may quote the text that it failed on.
"""

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

__all__ = ["REQUEST_ID", "JsonFormatter", "configure", "log_event"]

REQUEST_ID: ContextVar[str | None] = ContextVar("REQUEST_ID", default=None)
"""The id of the request that the running task belongs to."""

_LOGGER = logging.getLogger("service")


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send all log lines of the process, from `level` up, to standard output or `stream`."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(True)
    # Our own events already say that it starts and stops.
    logging.getLogger("uvicorn").setLevel("DEBUG" if level == "debug" else "WARNING")


def log_event(
    event: str, *, level: int = logging.INFO, error: BaseException | None = None, **fields: object
) -> None:
    """Log an event by its stable name, with the facts that belong to it; never pass a review's text."""
    _LOGGER.log(level, event, exc_info=error, extra={"fields": fields})


class JsonFormatter(logging.Formatter):
    """Turns a record into one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without a newline."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        fields = getattr(record, "fields", None)
        if fields is None:  # from a library
            line |= {"event": "library", "logger": record.name, "message": record.getMessage()}
        else:
            line["event"] = record.msg
        if (request_id := REQUEST_ID.get()) is not None:
            line["request_id"] = request_id
        line |= fields or {}
        if record.exc_info:
            line |= _describe(record.exc_info[0], record.exc_info[2])
        return json.dumps(line, default=str)


def _describe(kind: type[BaseException] | None, trace: TracebackType | None) -> dict[str, Any]:
    frames = traceback.extract_tb(trace)
    return {
        "exception": kind.__name__ if kind else None,
        "traceback": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
