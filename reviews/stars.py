"""Star ratings as data sets write them, and the five classes that they stand for."""

import re

__all__ = ["star_class"]

_RATING = re.compile(
    r"(?P<stars>\d+)(?:\.0+)?"
    r"(?:(?:\s*/\s*|\s+out\s+of\s+)(?P<scale>\d+)(?:\.0+)?)?"
    r"(?:\s*-?\s*stars?(?:\s+rating)?)?",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"(?P<stars>★+|⭐+)(?P<rest>☆*)")
_NUM_CLASSES = 5


def star_class(rating: str, scale: int) -> str | None:
    """Return the class, "1" to "5", of a rating from 1 to `scale`; None if it is no such rating.

    "4", "4.0", "4 stars", "4.0 out of 5 stars", "4/5" and "★★★★☆" are all 4 of 5. On a scale of 10 two steps
    share a class: 7 and 8 are 4. Half stars between two classes are no rating here.
    """
    if match := _RATING.fullmatch(rating.strip()):
        stars, written_scale = int(match["stars"]), match["scale"] and int(match["scale"])
    elif match := _PICTURE.fullmatch(rating.strip().replace("\ufe0f", "")):
        stars, written_scale = len(match["stars"]), match["rest"] and len(match[0])
    else:
        return None
    if not 1 <= stars <= scale or (written_scale and written_scale != scale):
        return None
    return str(-(-stars * _NUM_CLASSES // scale))
