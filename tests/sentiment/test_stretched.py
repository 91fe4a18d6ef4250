import pytest

from sentiment.stretched import is_stretched, spellings


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("woooorst", ["woorst", "worst"]),
        ("goooood", ["good", "god"]),
        ("haaappyyy", ["haappyy", "haappy", "happyy", "happy"]),
        ("сууупер", ["суупер", "супер"]),
        ("good", []),
        ("1000", []),
        ("___", []),
    ],
)
def test_runs_are_cut_to_two_letters_and_to_one(word: str, expected: list[str]) -> None:
    assert sorted(spellings(word)) == sorted(expected)
    assert [len(spelling) for spelling in spellings(word)] == sorted(map(len, expected), reverse=True)
    assert is_stretched(word) == bool(expected)


def test_many_runs_have_few_spellings() -> None:
    found = list(spellings("aaabbb" * 500))
    assert len(found) == 16
    assert found[-1] == "ab" * 500
