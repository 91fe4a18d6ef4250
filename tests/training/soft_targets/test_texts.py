"""The texts that a teacher is asked about."""

from pathlib import Path

from reviews import Columns
from tests.sample_reviews import write_jsonl
from training.soft_targets.texts import cut_sentences, read_texts
from training.soft_targets.writer import IdentifiedText

REVIEW = "The plot is thin. I liked it all the same!<br /><br />Yes. My sister did not like it at all."


def test_sentences_of_three_words_or_more_are_cut_and_numbered() -> None:
    assert cut_sentences("r1", REVIEW) == [
        IdentifiedText("r1#0", "The plot is thin."),
        IdentifiedText("r1#1", "I liked it all the same!"),
        IdentifiedText("r1#3", "My sister did not like it at all."),
    ]


def test_a_choice_of_sentences_is_the_same_each_time_and_in_order() -> None:
    chosen = cut_sentences("r1", REVIEW, max_sentences=2)
    assert len(chosen) == 2
    assert chosen == cut_sentences("r1", REVIEW, max_sentences=2)
    assert [each.id for each in chosen] == sorted(each.id for each in chosen)


def test_a_text_is_asked_about_once_wherever_it_stands(tmp_path: Path) -> None:
    whole = write_jsonl(tmp_path / "whole.jsonl", [{"id": "a", "text": "The plot is thin."}])
    to_cut = write_jsonl(tmp_path / "cut.jsonl", [{"id": "b", "text": REVIEW}, {"id": "c", "text": REVIEW}])
    texts = read_texts([whole, whole], [to_cut], columns=Columns())
    assert [each.id for each in texts] == ["a", "b#1", "b#3"]
