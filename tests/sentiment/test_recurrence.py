import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment import TOLERANCE
from sentiment.recurrence import MAX_REVIEWS, MAX_TOGETHER_BYTES, MAX_TOKENS, Recurrence
from tests.scale import scaled
from tests.sentiment.networks import POOLINGS, SHAPES, VOCABULARY_SIZE, padded, trained_network

NETWORKS = {
    (pooling, shape): trained_network(pooling=pooling, num_layers=shape[0], bidirectional=shape[1])
    for pooling in POOLINGS
    for shape in SHAPES
}
RUNNERS = {kind: Recurrence(model) for kind, model in NETWORKS.items()}
IDS = st.lists(st.integers(1, VOCABULARY_SIZE - 1), min_size=1, max_size=45)


@pytest.mark.soak
@settings(max_examples=scaled(10_000), deadline=None)
@given(kind=st.sampled_from(sorted(NETWORKS)), reviews=st.lists(IDS, min_size=1, max_size=9))
def test_the_logits_are_those_of_the_network(
    kind: tuple[str, tuple[int, bool]], reviews: list[list[int]]
) -> None:
    with torch.inference_mode():
        expected_BL = NETWORKS[kind](*padded(reviews)).softmax(-1)
    [found_BL] = RUNNERS[kind].logits([reviews])
    assert torch.allclose(found_BL.softmax(-1), expected_BL, rtol=0, atol=TOLERANCE)


def test_directions_too_large_to_step_together_step_apart() -> None:
    model = trained_network(hidden_size=200, pooling="concat", num_layers=2)
    assert MAX_TOGETHER_BYTES < 2 * 4 * 200 * 200 * 4
    reviews = [[3, 4, 5], [6, 7], [8] * 30]
    with torch.inference_mode():
        expected_BL = model(*padded(reviews)).softmax(-1)
    [found_BL] = Recurrence(model).logits([reviews])
    assert torch.allclose(found_BL.softmax(-1), expected_BL, rtol=0, atol=TOLERANCE)


@given(st.lists(st.integers(1, 900), max_size=400))
def test_every_review_is_in_one_batch_within_the_limits(lengths: list[int]) -> None:
    batches = list(RUNNERS["max", (1, True)].batches(lengths))
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) <= MAX_REVIEWS
        assert len(batch) == 1 or sum(lengths[place] for place in batch) <= MAX_TOKENS


def test_no_batch_is_smaller_than_it_must_be() -> None:
    assert list(map(len, RUNNERS["max", (1, True)].batches([10] * 300))) == [128, 128, 44]
    assert list(map(len, RUNNERS["max", (1, True)].batches([400] * 100))) == [81, 19]
