"""How a file of reviews is written: its format, encoding, separator and quoting."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Layout", "Quoting"]

Quoting = Literal["double", "backslash", "none"]
"""How a table of text protects separators and line breaks in a field.

"double": a field may stand in quotes, and a quote in it is doubled (RFC 4180). "backslash": a field may stand
in quotes, a backslash stands before a quote or a backslash in it, and with n, r or t it is a line break or a
tab. "none": quotes are characters like any others.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a file was found to be, or was said to be; None for what its format does not have."""

    format: str
    encoding: str | None = None
    """A name that Python knows, such as "UTF-8" or "Windows-1252"."""
    separator: str | None = None
    quoting: Quoting | None = None
