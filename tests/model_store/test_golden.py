import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_store import (
    GOLDEN_TOLERANCE,
    GoldenExample,
    GoldenMismatch,
    InvalidGolden,
    ModelVersion,
    Store,
    golden,
)
from tests.sentiment.bfloat16 import HAS_BFLOAT16

probability = st.floats(min_value=0, max_value=1)
texts = st.text(st.characters(exclude_categories=["Cs"]))


@settings(deadline=None)
@given(st.lists(st.tuples(texts, probability), min_size=1))
def test_round_trip_of_any_text(pairs: list[tuple[str, float]]) -> None:
    examples = tuple(
        GoldenExample(text=text, probabilities={"negative": 1 - p, "positive": p}) for text, p in pairs
    )
    assert golden.read(golden.write(examples)) == examples


@pytest.mark.parametrize("separator", ["\n", "\r", "\u2028", "\x85", "\x1c"])
def test_text_may_hold_line_separators(separator: str) -> None:
    example = GoldenExample(text=f"one{separator}two", probabilities={"negative": 0.25, "positive": 0.75})
    content = golden.write([example, example])
    assert content.count(b"\n") == 2
    assert golden.read(content) == (example, example)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "JSON"),
        ("{", "JSON"),
        ("[]", "object"),
        ('{"text": "good"}', "probabilities"),
        ('{"text": 1, "probabilities": {"a": 0.5, "b": 0.5}}', "text"),
        ('{"text": "good", "probabilities": {"a": 1}}', "probabilities"),
        ('{"text": "good", "probabilities": {"a": 1.5, "b": 0}}', "probabilities.a"),
        ('{"text": "good", "probabilities": {"a": NaN, "b": 0}}', "probabilities.a"),
        ('{"text": "good", "probabilities": {"a": 0.5, "b": 0.5}, "label": "a"}', "label"),
    ],
)
def test_bad_line_is_refused_by_its_number(line: str, problem: str) -> None:
    good = json.dumps({"text": "good", "probabilities": {"a": 0.5, "b": 0.5}})
    with pytest.raises(InvalidGolden, match=rf"^line 2: .*{problem}"):
        golden.read(f"{good}\n{line}\n{good}\n".encode())


def test_no_example_is_refused() -> None:
    with pytest.raises(InvalidGolden, match=r"^line 1: "):
        golden.read(golden.write([]))


def test_check_passes_for_the_same_model(loaded: ModelVersion) -> None:
    assert len(loaded.golden) == 4
    golden.check(loaded.classifier, loaded.golden)


@pytest.mark.parametrize("factor", [-0.9, 0.9])
def test_check_passes_within_the_tolerance(loaded: ModelVersion, factor: float) -> None:
    golden.check(loaded.classifier, [*loaded.golden[:3], moved(loaded.golden[3], factor * GOLDEN_TOLERANCE)])


@pytest.mark.parametrize("factor", [-1.1, 1.1])
def test_check_fails_beyond_the_tolerance(loaded: ModelVersion, factor: float) -> None:
    examples = [*loaded.golden[:3], moved(loaded.golden[3], factor * GOLDEN_TOLERANCE)]
    with pytest.raises(GoldenMismatch, match=r"^golden example 4: the probability of 'negative'") as mismatch:
        golden.check(loaded.classifier, examples)
    assert examples[3].text not in str(mismatch.value)


@pytest.mark.skipif(not HAS_BFLOAT16, reason="the processor has no AMX")
def test_products_in_bfloat16_have_a_tolerance_of_their_own(tiny_store: Path) -> None:
    loaded = Store(tiny_store).load("reviews", device="cpu", precision="bfloat16")
    golden.check(loaded.classifier, [moved(loaded.golden[0], 5 * GOLDEN_TOLERANCE)])
    with pytest.raises(GoldenMismatch):
        golden.check(loaded.classifier, [moved(loaded.golden[0], 20 * GOLDEN_TOLERANCE)])


def test_check_fails_for_other_labels(loaded: ModelVersion) -> None:
    example = replace(loaded.golden[0], probabilities={"bad": 0.5, "good": 0.5})
    with pytest.raises(GoldenMismatch, match=r"golden example 1 has the labels \['bad', 'good'\]"):
        golden.check(loaded.classifier, [example])


def test_check_fails_when_the_model_gives_no_number(loaded: ModelVersion) -> None:
    example = replace(loaded.golden[0], probabilities={"negative": float("nan"), "positive": float("nan")})
    with pytest.raises(GoldenMismatch, match=r"golden example 1"):
        golden.check(loaded.classifier, [example])


def moved(example: GoldenExample, distance: float) -> GoldenExample:
    probabilities = example.probabilities
    return replace(
        example,
        probabilities={
            "negative": probabilities["negative"] + distance,
            "positive": probabilities["positive"] - distance,
        },
    )
