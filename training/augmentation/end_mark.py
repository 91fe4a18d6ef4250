"""End marks: people leave the last one out, or write another."""

import re
from random import Random

__all__ = ["vary_end_mark"]

# A question stays one, and dots in a row stay: both may turn what is said.
_FULL_STOP_OR_EXCLAMATION = re.compile(r"(?<![.!?…])(?:\.|!{1,3})(?=[\"'\u201d\u2019)\]]*\s*\Z)")
_WITHOUT = re.compile(r"(?<=[\w\"'\u201d\u2019)\]])\s*\Z")


def vary_end_mark(text: str, random: Random) -> str:
    """Return the text without its last full stop or exclamation mark, with the other of them, or with one.

    Taking it off is as likely as replacing it.
    """
    if found := _FULL_STOP_OR_EXCLAMATION.search(text):
        other = "!" if found[0] == "." else "."
        return text[: found.start()] + random.choice(("", other)) + text[found.end() :]
    if _WITHOUT.search(text):
        return text.rstrip() + random.choice((".", "!"))
    return text
