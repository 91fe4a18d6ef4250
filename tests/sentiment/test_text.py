import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.text import align, clean

# Any code points, lone surrogates too, mixed with what the rules look for.
PIECES = st.one_of(
    st.text(), st.sampled_from(["<br />", "&eacute;", "&amp;", "\u0130", "e\u0301", "ﬁ", "<", "&"])
)
TEXTS = st.lists(PIECES).map("".join)


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


@given(TEXTS)
def test_align_cleans_as_clean_does_and_stays_inside_the_raw_text(raw: str) -> None:
    aligned = align(raw)
    assert aligned.text == clean(raw)
    assert len(aligned.starts) == len(aligned.ends) == len(aligned.text)
    assert all(0 <= start < end <= len(raw) for start, end in zip(aligned.starts, aligned.ends, strict=True))
    assert list(aligned.starts) == sorted(aligned.starts)


@given(st.text(alphabet=st.characters(exclude_characters="<&", exclude_categories=["Cs"])))
def test_pieces_normalise_as_the_whole_text_would(raw: str) -> None:
    # Normal forms are safe to join only where no mark combines over the border.
    cleaned = clean(raw)
    assert unicodedata.normalize("NFKC", cleaned).lower() == cleaned or any(
        map(unicodedata.combining, cleaned)
    )
