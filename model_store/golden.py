"""Golden examples: texts with the probabilities that a version gave when it was published.

Hashes show that the files are the same; golden examples show that this software computes the same from them
on this machine. They are in `golden.jsonl`, one JSON object a line.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, TypeAdapter, ValidationError

from model_store.errors import GoldenMismatch, InvalidGolden
from model_store.parsing import first_problem
from sentiment.strict import strict

if TYPE_CHECKING:
    from sentiment import Classifier

__all__ = ["GOLDEN_TOLERANCE", "GoldenExample", "check", "read", "write"]

GOLDEN_TOLERANCE = 1e-3
"""How far a probability may lie from its golden value.

Other CPUs, thread counts and libraries move a probability by about 1e-6, half-precision weights by 1e-4, and
a GPU that rounds products to ten bits by a little more; another model or tokenizer moves most by far more.
"""
BFLOAT16_TOLERANCE = 1e-2
"""The same with recurrent products in bfloat16, whose seven bits were seen to move a probability by 1e-3."""


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenExample:
    """A text with the probability that the version must give each label."""

    text: str
    probabilities: Annotated[dict[str, Annotated[float, Field(ge=0, le=1)]], Field(min_length=2)]


_EXAMPLE = TypeAdapter(GoldenExample)


def read(content: bytes) -> tuple[GoldenExample, ...]:
    """Parse the bytes of golden.jsonl; raises InvalidGolden, naming the line, also when there is none."""
    # Not `splitlines`: texts may hold other line separators than the newline.
    lines = content.removesuffix(b"\n").split(b"\n")
    return tuple(_parse(line, number) for number, line in enumerate(lines, start=1))


def write(examples: Iterable[GoldenExample]) -> bytes:
    """Return the bytes of golden.jsonl."""
    lines = (json.dumps(asdict(example), ensure_ascii=False, allow_nan=False) for example in examples)
    return "".join(f"{line}\n" for line in lines).encode()


def check(classifier: "Classifier", examples: Sequence[GoldenExample]) -> None:
    """Raise GoldenMismatch unless the classifier gives every example its probabilities.

    Call it once after loading, before the classifier answers anyone. The error gives the example's number,
    never its text.
    """
    tolerance = BFLOAT16_TOLERANCE if classifier.precision == "bfloat16" else GOLDEN_TOLERANCE
    predictions = classifier.predict([example.text for example in examples])
    for number, (example, prediction) in enumerate(zip(examples, predictions, strict=True), start=1):
        _compare(number, example.probabilities, prediction.probabilities, tolerance)


def _parse(line: bytes, number: int) -> GoldenExample:
    try:
        return _EXAMPLE.validate_json(line)
    except ValidationError as error:
        raise InvalidGolden(f"line {number}: {first_problem(error)}") from error


def _compare(
    number: int, expected: Mapping[str, float], found: Mapping[str, float], tolerance: float
) -> None:
    if expected.keys() != found.keys():
        raise GoldenMismatch(
            f"golden example {number} has the labels {sorted(expected)}, but the model has {sorted(found)}"
        )
    for label, probability in expected.items():
        # Negated, so that a NaN is a mismatch too.
        if not abs(found[label] - probability) <= tolerance:
            raise GoldenMismatch(
                f"golden example {number}: the probability of {label!r} is {found[label]:.6f} on "
                f"this machine, but was {probability:.6f} when the version was published"
            )
