"""One line of a file of soft targets: a text, a teacher, and a probability for each label."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["DIGEST_LENGTH", "SoftTarget", "digest_of"]

DIGEST_LENGTH = 16
"""Number of hexadecimal digits of a text's SHA-256 in files. Two of a million texts share them with a
probability of one in 37 million."""

_DECIMALS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftTarget:
    """A teacher's probability of each label for one text.

    The text is given by itself, by the first digits of its SHA-256 (UTF-8, as read), or by its id.
    """

    teacher: str
    probabilities: Mapping[str, float]
    text: str | None = None
    sha256: str | None = None
    id: str | None = None

    def to_json(self) -> str:
        """Return the target as one line of JSON: four decimals, and the digest in place of the text."""
        sha256 = self.sha256 or (digest_of(self.text) if self.text is not None else None)
        row = {
            "id": self.id,
            "sha256": sha256,
            "teacher": self.teacher,
            "probabilities": {label: round(value, _DECIMALS) for label, value in self.probabilities.items()},
        }
        return json.dumps(
            {name: value for name, value in row.items() if value is not None}, ensure_ascii=False
        )


def digest_of(text: str) -> str:
    """Return the digits of its SHA-256 that identify a text in files of soft targets."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]
