"""Grapheme clusters, beside those of the `regex` package, which follows the standard."""

import itertools
from itertools import pairwise

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from sentiment.graphemes import GraphemeClusters

# One or two characters of each class of the standard.
CHARACTERS = (
    "a. \n\r\u0301\u0903\u0e33\u0600\u0915\u094d\u200d\ufe0f\u20e3\u1100\u1161\u11a8\uac00"
    "\u2764👩🏽🇩🇪\U000e0067\U00011133"
)
# Those that this Python knows: the `regex` package may know a later Unicode.
ASSIGNED = st.characters(exclude_categories=["Cn", "Cs", "Co"])


def clusters(text: str) -> list[str]:
    """Return the clusters of a text."""
    return [text[start:end] for start, end in pairwise(GraphemeClusters.of(text).bounds)]


def check(text: str) -> None:
    """Fail if a cluster is a part of one of the standard's."""
    bounds = {0, *(found.end() for found in regex.finditer(r"\X", text))}
    assert set(GraphemeClusters.of(text).bounds) <= bounds, ascii(text)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_no_cluster_is_a_part_of_one_of_the_standard(length: int) -> None:
    for characters in itertools.product(CHARACTERS, repeat=length):
        check("".join(characters))


@given(st.text(st.one_of(st.sampled_from(CHARACTERS), ASSIGNED)))
def test_nor_is_one_in_any_text(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "A plain text, in two lines.\r\nThe second!\n",
        "e\u0301te\u0301, c\u0327a",
        "👍👍🏽👍🏿 👩\u200d🍳👩🏽\u200d🤝\u200d👨🏿❤\ufe0f\u200d🔥🏳\ufe0f\u200d🌈",
        "🇩🇪🇫🇷 🇩🇪🇫 a🇩",
        "1\ufe0f\u20e32 #\ufe0f\u20e3*\ufe0f\u20e3",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f!",
        "한국어 영화 \u1112\u1161\u11ab, 日本語、映画。",
        "नमस्ते दुनिया। กำลังดี",
        "\ud83d lone \ude00",
    ],
)
def test_in_ordinary_texts_the_clusters_are_those_of_the_standard(text: str) -> None:
    assert clusters(text) == regex.findall(r"\X", text)


@given(st.text(st.sampled_from(CHARACTERS), min_size=1), st.data())
def test_a_range_grows_to_whole_clusters_and_no_further(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    found = GraphemeClusters.of(text)
    first, behind = found.around(start, end)
    assert first <= start < end <= behind
    assert {first, behind} <= set(found.bounds)
    assert not any(first < bound <= start or end <= bound < behind for bound in found.bounds)
