import pytest

from model_store import InvalidReference, Reference
from model_store.reference import check_alias, check_model, parse, parse_version


@pytest.mark.parametrize(
    ("text", "model", "selector"),
    [
        ("reviews", "reviews", "production"),
        ("reviews@production", "reviews", "production"),
        ("reviews@3", "reviews", 3),
        ("hotel.stays_v2-large@next-week", "hotel.stays_v2-large", "next-week"),
    ],
)
def test_parse(text: str, model: str, selector: str | int) -> None:
    assert parse(text) == Reference(model=model, selector=selector)


def test_reference_as_text() -> None:
    assert str(parse("reviews")) == "reviews@production"


@pytest.mark.parametrize(
    "text",
    [
        "", "@3", "Reviews", "../reviews", "reviews/3", ".hidden", "reviews\n", "réviews", "a b",
        "reviews@", "reviews@0", "reviews@03", "reviews@-1", "reviews@1.5", "reviews@3x", "reviews@٣",
        "reviews@Production", "reviews@3@production", "reviews@production\n", "reviews@" + "9" * 30,
    ],
)  # fmt: skip
def test_parse_refuses(text: str) -> None:
    with pytest.raises(InvalidReference, match=r"is not a valid (model name|alias): use "):
        parse(text)


@pytest.mark.parametrize("name", ["3", "3rd", "-", "_", "", "production/x"])
def test_alias_cannot_pass_for_a_version(name: str) -> None:
    with pytest.raises(InvalidReference):
        check_alias(name)


def test_model_may_begin_with_a_digit() -> None:
    check_model("2024-reviews")


@pytest.mark.parametrize(
    ("text", "version"), [("1", 1), ("12", 12), ("0", None), ("01", None), ("1_0", None)]
)
def test_parse_version(text: str, version: int | None) -> None:
    assert parse_version(text) == version
