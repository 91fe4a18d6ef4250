import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from service.telemetry.logs import REQUEST_ID, configure, log_event


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Send the logs to a stream, and restore the configuration afterwards."""
    root, uvicorn = logging.getLogger(), logging.getLogger("uvicorn")
    before, levels = root.handlers[:], (root.level, uvicorn.level)
    for handler in before:
        root.removeHandler(handler)
    target = io.StringIO()
    configure("info", target)
    yield target
    logging.captureWarnings(False)
    root.handlers[:] = before
    root.setLevel(levels[0])
    uvicorn.setLevel(levels[1])


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Return what was logged."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event(stream: io.StringIO) -> None:
    log_event("something", count=3, place=None)
    log_event("too_small", level=logging.DEBUG)
    (line,) = lines(stream)
    assert line.pop("time").endswith("+00:00")
    assert line == {"level": "info", "event": "something", "count": 3, "place": None}


def test_the_request_id_of_the_task(stream: io.StringIO) -> None:
    token = REQUEST_ID.set("one")
    log_event("inside")
    REQUEST_ID.reset(token)
    log_event("outside")
    assert [line.get("request_id") for line in lines(stream)] == ["one", None]


def test_libraries_log_in_the_same_form(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("Line\nof %s", "two")
    logging.getLogger("uvicorn.error").info("Started server process")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    first, second = lines(stream)
    assert (first["event"], first["logger"], first["message"]) == ("library", "uvicorn.error", "Line\nof two")
    assert (second["logger"], second["level"]) == ("py.warnings", "warning")


def test_an_exception_is_logged_without_its_text(stream: io.StringIO) -> None:
    try:
        dict[str, int]()["the text of a review"]
    except KeyError as error:
        log_event("failed", level=logging.ERROR, error=error)
        logging.getLogger("elsewhere").exception("failed")
    for line in lines(stream):
        assert line["exception"] == "KeyError"
        assert "test_logs.py:" in line["traceback"][0]
    assert "the text of a review" not in stream.getvalue()
    assert len(lines(stream)) == 2


def test_text_that_is_not_unicode_does_no_harm(stream: io.StringIO) -> None:
    log_event("odd", name="\ud800\n")
    assert lines(stream)[0]["name"] == "\ud800\n"
