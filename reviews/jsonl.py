"""JSON Lines: one object a line."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from reviews.errors import UnusableRow
from reviews.review import Review
from reviews.rows import RejectedReview, RowRules
from reviews.streams import open_stream, readable

__all__ = ["read_jsonl"]

_BOM = b"\xef\xbb\xbf"


def read_jsonl(path: Path, rules: RowRules) -> Iterator[Review | RejectedReview]:
    """The reviews of `path` in order; blank lines are passed over, but counted as lines."""
    with readable(path), open_stream(path) as stream:
        for number, line in enumerate(stream, start=1):
            content = line.removeprefix(_BOM) if number == 1 else line
            if content.isspace() or not content:
                continue
            try:
                yield rules.review(number, _object(content))
            except UnusableRow as problem:
                yield RejectedReview(f"{path}:{number}: {problem}")


def _object(line: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise UnusableRow(f"not UTF-8 (byte {error.start + 1} of the line)") from error
    except (ValueError, RecursionError) as error:
        raise UnusableRow(f"not JSON ({error})") from error
    if not isinstance(value, dict):
        raise UnusableRow("not a JSON object")
    return value
