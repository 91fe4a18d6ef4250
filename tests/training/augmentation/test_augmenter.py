"""Variations by the rates of a recipe: none without a rate, and the same ones for the same step."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from training.augmentation.augmenter import Augmenter
from training.recipe.tables import Augmentation

TEXT = "I saw Tom Hanks in Boston in 1998 with a gay friend."
RATES = [name for name in Augmentation().rates if name != "pieces"]


def rates(by_name: dict[str, float]) -> Augmentation:
    return TypeAdapter(Augmentation).validate_json(json.dumps(by_name))


def varied(
    augmentation: Augmentation, text: str = TEXT, *, index: int = 3, step: int = 5, seed: int = 1
) -> str:
    return Augmenter(augmentation, seed=seed, known_words=()).vary(text, index=index, step=step)


@given(text=st.text(), step=st.integers(0, 9))
def test_without_a_rate_texts_stay(text: str, step: int) -> None:
    assert varied(Augmentation(), text, step=step) == text


@pytest.mark.parametrize("name", RATES)
def test_each_rate_varies_texts_by_itself(name: str) -> None:
    augmentation = rates({name: 1.0})
    assert augmentation.varies
    assert any(varied(augmentation, step=step) != TEXT for step in range(5))


@pytest.mark.parametrize("name", RATES)
def test_a_rate_is_the_share_of_the_texts(name: str) -> None:
    augmenter = Augmenter(rates({name: 0.25}), seed=1, known_words=())
    always = Augmenter(rates({name: 1.0}), seed=1, known_words=())
    num_varied, num_always = (
        sum(it.vary(TEXT, index=index, step=0) != TEXT for index in range(400)) for it in (augmenter, always)
    )
    assert 0.15 < num_varied / num_always < 0.35


def test_steps_examples_and_seeds_vary_texts_in_other_ways() -> None:
    all_rates = rates(dict.fromkeys(RATES, 0.5))
    assert varied(all_rates) == varied(all_rates)
    assert len({varied(all_rates, step=step) for step in range(20)}) > 15
    assert len({varied(all_rates, index=index) for index in range(20)}) > 15
    assert len({varied(all_rates, seed=seed) for seed in range(20)}) > 15


def test_switching_one_variation_on_leaves_the_others_as_they_are() -> None:
    alone, both = (Augmentation(end_mark=1.0, web_address=rate) for rate in (0.0, 1.0))
    for step in range(20):
        assert varied(alone, step=step) in varied(both, step=step)
