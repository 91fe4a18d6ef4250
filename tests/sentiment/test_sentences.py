"""Where sentences end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.sentences import sentence_spans


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It was bad.", ["It was bad."]),
        ("It was bad. I left!", ["It was bad.", "I left!"]),
        ("no end mark", ["no end mark"]),
        ("Really?! Yes…  no", ["Really?!", "Yes…", "no"]),
        ('"Go away!" he said.', ['"Go away!"', "he said."]),
        ("(It is bad.) So is this.", ["(It is bad.)", "So is this."]),
        ("Mr. Smith met Dr. No. He left.", ["Mr. Smith met Dr. No.", "He left."]),
        ("J. R. Smith, i.e. the director. Good.", ["J. R. Smith, i.e. the director.", "Good."]),
        ("It costs 3.50 now. Cheap.", ["It costs 3.50 now.", "Cheap."]),
        ("one line\nanother", ["one line", "another"]),
        ("one<br /><br />two<BR>three", ["one", "two", "three"]),
        ("  spaces around.  ", ["spaces around."]),
        ("...", ["..."]),
        ("", []),
        (" \n ", []),
    ],
)
def test_a_text_is_cut_where_its_sentences_end(text: str, sentences: list[str]) -> None:
    assert [text[start:end] for start, end in sentence_spans(text)] == sentences


@pytest.mark.parametrize(
    "text", ["a. " * 33_000, " " * 99_999 + "x", "." * 99_999 + "x", "<br " * 25_000, "u." * 50_000]
)
def test_no_text_takes_long(text: str) -> None:
    # With a pattern that takes the square of the length, most of these take seconds to minutes.
    assert [text[start:end] for start, end in sentence_spans(text)] == [text.strip()]


@given(st.text(alphabet=st.sampled_from("ab. !?\n<br />\"')…M"), max_size=60))
def test_spans_rise_do_not_overlap_and_leave_out_white_space_and_breaks_alone(text: str) -> None:
    end_before, left_out = 0, ""
    for start, end in sentence_spans(text):
        assert end_before <= start < end
        assert text[start:end] == text[start:end].strip()
        left_out += text[end_before:start]
        end_before = end
    left_out += text[end_before:]
    assert set(left_out) <= set(" \n<br/>BR")
