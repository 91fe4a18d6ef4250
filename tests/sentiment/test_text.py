import unicodedata
from typing import get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sentiment.default_ignorable import DEFAULT_IGNORABLE
from sentiment.text import align, clean, is_blank
from sentiment.text_rules import TextRules

IGNORABLE = {chr(code) for first, last in DEFAULT_IGNORABLE for code in range(first, last + 1)}

# Any code points, lone surrogates too, mixed with what the rules look for.
PIECES = st.one_of(
    st.text(),
    st.sampled_from(["<br />", "&eacute;", "&amp;", "\u0130", "e\u0301", "ﬁ", "<", "&"]),
    st.sampled_from(
        ["*", "**", "_", "~~", " ", "word", "n", "t", "\u00bd", "2", "\u0149", "`", "\0", "\u200b"]
    ),
    st.sampled_from(["@", "@name", "https://", "www.", "a.com", "/", ".", "me@a.org", "\U0001f3fd"]),
    st.sampled_from(
        ["\u00e2\u20ac\u2122", "\u00c2\u00bd", "\ufffd", "&shy;", "&frac12;", "\u1fbd", "\uff0a"]
    ),
)
TEXTS = st.lists(PIECES).map("".join)
RULES = pytest.mark.parametrize("rules", get_args(TextRules))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("GREAT Film", "great film"),
        ("one<br /><BR>two", "one" + " " * 10 + "two"),
        ('<a href="x">link</a>', " " * 12 + "link" + " " * 4),
        ("I <3 this, and > that", "i <3 this, and > that"),
        ("fish &amp; chips", "fish & chips"),
        ("&eacute;t&#233; &#xE9;", "été é"),
        ("e\u0301 é", "é é"),
        ("\u201cquoted\u201d don\u2019t \u2014", '"quoted" don\'t -'),
        ("ﬁne ＦＵＬＬ", "fine full"),
        ("won\u00adder\u200bful", "wonderful"),
        ("\x93read as Latin-1\x94", '"read as latin-1"'),
        ("", ""),
    ],
)
def test_clean(raw: str, expected: str) -> None:
    assert clean(raw) == expected


def test_a_tag_is_bounded_so_that_a_stray_bracket_swallows_no_review() -> None:
    raw = "<b " + "word " * 200 + ">"
    assert clean(raw) == raw


@RULES
@given(raw=TEXTS)
def test_align_cleans_as_clean_does_and_stays_inside_the_raw_text(rules: TextRules, raw: str) -> None:
    aligned = align(raw, rules)
    assert aligned.text == clean(raw, rules)
    assert len(aligned.starts) == len(aligned.ends) == len(aligned.text)
    assert all(0 <= start < end <= len(raw) for start, end in zip(aligned.starts, aligned.ends, strict=True))
    assert list(aligned.starts) == sorted(aligned.starts)


@pytest.mark.parametrize(
    "raw", ["\u200b\u2060", "\ufeff", "\u3164", "\0", "", " \n\u00a0", "\x7f\u00ad \u2800", "\U000e0041"]
)
def test_a_text_that_shows_nothing_is_blank(raw: str) -> None:
    assert is_blank(raw)


@given(st.text(), st.characters(categories=["L", "N", "P", "S"], exclude_characters="\u2800"), st.text())
def test_a_text_that_shows_something_is_not_blank(before: str, visible: str, after: str) -> None:
    assume(visible not in IGNORABLE)
    assert not is_blank(before + visible + after)


@given(st.text(alphabet=st.characters(exclude_characters="<&", exclude_categories=["Cs"])))
def test_pieces_normalise_as_the_whole_text_would(raw: str) -> None:
    # Normal forms are safe to join only where no mark combines over the border.
    cleaned = clean(raw)
    assert unicodedata.normalize("NFKC", cleaned).lower() == cleaned or any(
        map(unicodedata.combining, cleaned)
    )
