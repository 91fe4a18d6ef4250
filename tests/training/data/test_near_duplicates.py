"""Near-duplicates against a count by hand, at their edges, and on the command line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_store import DuplicateFigures
from sentiment.tokenizer import split
from tests.sample_reviews import write_jsonl
from training.__main__ import main
from training.data.near_duplicates import Pair, ShingledTexts, find_duplicates
from training.data.similarity import MIN_SIMILARITY, SHINGLE_TOKENS

# One letter a word, so that texts of few words often have a sequence of five in common.
texts = st.lists(st.text("ab", min_size=1, max_size=12).map(" ".join), max_size=12)


def words(first: int, last: int) -> str:
    """Return a text of the words w<first> to w<last>: as many sequences of five as words, less four."""
    return " ".join(f"w{number}" for number in range(first, last + 1))


def find(ours: list[str], theirs: list[str]) -> tuple[DuplicateFigures, tuple[Pair, ...]]:
    found = find_duplicates(ShingledTexts.of(ours), ShingledTexts.of(theirs))
    return found.figures, found.pairs


def similarity(one: str, other: str) -> float:
    """Return the Jaccard similarity, from its definition."""
    first, second = (
        {tuple(tokens[start : start + SHINGLE_TOKENS]) for start in range(max(1, len(tokens) - 4))}
        for tokens in (split(one), split(other))
    )
    return len(first & second) / len(first | second)


@given(texts, texts)
def test_every_pair_is_found_as_by_definition(ours: list[str], theirs: list[str]) -> None:
    found = find_duplicates(ShingledTexts.of(ours), ShingledTexts.of(theirs))
    best = {
        index: max((similarity(text, other) for other in theirs), default=0)
        for index, text in enumerate(ours)
    }
    expected = {index: value for index, value in best.items() if value >= MIN_SIMILARITY}
    assert {pair.index: pair.similarity for pair in found.pairs} == pytest.approx(expected)
    assert all(
        similarity(ours[it.index], theirs[it.other]) == pytest.approx(it.similarity) for it in found.pairs
    )
    assert found.num_exact == sum(text in theirs for text in ours)
    assert found.indices == expected.keys()


def test_half_in_common_is_a_near_duplicate_and_less_is_not() -> None:
    # 20 sequences each; with 5 words less in common than all 24, 15 of 25 are common, and so on.
    whole = words(1, 24)
    assert find([words(6, 29)], [whole])[1] == (Pair(0, 0, 15 / 25),)
    assert find([words(1, 14)], [whole])[1] == (Pair(0, 0, 10 / 20),)
    assert find([words(1, 13)], [whole])[1] == ()


def test_markup_and_case_make_no_difference_but_copies_are_to_the_letter() -> None:
    figures, pairs = find([f"<br />{words(1, 9).upper()}"], [words(1, 9)])
    assert figures == DuplicateFigures(num_reviews=1, num_near=1, num_exact=0)
    assert pairs == (Pair(0, 0, 1.0),)


def test_a_text_shorter_than_a_sequence_is_compared_whole() -> None:
    assert find(["so good", "so good!", ""], ["so good"])[0] == DuplicateFigures(
        num_reviews=3, num_near=1, num_exact=1
    )


def test_the_most_similar_of_several_is_named_and_the_first_of_equals() -> None:
    pairs = find([words(1, 24)], [words(1, 20), words(1, 23), words(2, 24)])[1]
    assert pairs == (Pair(0, 1, 19 / 20),)


def test_none_among_none() -> None:
    assert find([], [])[0] == DuplicateFigures(num_reviews=0, num_near=0, num_exact=0)


def test_more_texts_than_are_compared_at_once() -> None:
    ours = [words(10 * number, 10 * number + 9) for number in range(600)]
    figures, pairs = find(ours, ours[550:] + ours[:10])
    assert figures == DuplicateFigures(num_reviews=600, num_near=60, num_exact=60)
    assert [pair.index for pair in pairs] == [*range(10), *range(550, 600)]


def test_the_command_counts_and_names_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = write_jsonl(tmp_path / "train.jsonl", [{"id": "a", "text": words(1, 24)}])
    tests = [{"id": "b", "text": words(6, 29)}, {"id": "c", "text": words(1, 24)}, {"id": "d", "text": "no"}]
    test = write_jsonl(tmp_path / "test.jsonl", tests)
    command = ["duplicates", "--train", str(train), "--test", str(test), "--pairs"]
    assert main([*command, "--unlabelled", str(test)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "test in train: 2 of 3 reviews have a near-duplicate, 1 of them an exact copy",
        "  b  a  0.600",
        "  c  a  1.000",
        "test in unlabelled: 3 of 3 reviews have a near-duplicate, 3 of them an exact copy",
        "  b  b  1.000",
        "  c  c  1.000",
        "  d  d  1.000",
    ]
    assert main([*command, "--min-similarity", "0.7"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["  c  a  1.000"]


@pytest.mark.parametrize("value", ["0", "1.1", "nan", "half"])
def test_a_similarity_that_means_nothing_is_refused(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["duplicates", "--train", "a.jsonl", "--test", "b.jsonl", "--min-similarity", value])
    assert f"must be a number over 0 and at most 1, not '{value}'" in capsys.readouterr().err
