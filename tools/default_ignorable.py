"""Write Unicode's default-ignorable characters as a table, since Python's `unicodedata` does not know them.

python -m tools.default_ignorable > sentiment/default_ignorable.py
"""

import sys
from collections.abc import Iterator

import regex

__all__ = ["ranges", "source"]

_HEAD = '''"""Unicode's Default_Ignorable_Code_Point as ranges, written by tools/default_ignorable.py."""

__all__ = ["DEFAULT_IGNORABLE"]

DEFAULT_IGNORABLE = (
'''


def ranges() -> Iterator[tuple[int, int]]:
    """Yield the first and last code point of each run of default-ignorable ones, reserved ones included."""
    is_ignorable = regex.compile(r"\p{Default_Ignorable_Code_Point}").match
    first = None
    for code in range(sys.maxunicode + 2):
        if code <= sys.maxunicode and is_ignorable(chr(code)):
            first = code if first is None else first
        elif first is not None:
            yield first, code - 1
            first = None


def source() -> str:
    """Return the text of the module."""
    rows = "".join(f"    (0x{first:04X}, 0x{last:04X}),\n" for first, last in ranges())
    return f"{_HEAD}{rows})\n"


if __name__ == "__main__":
    print(source(), end="")
