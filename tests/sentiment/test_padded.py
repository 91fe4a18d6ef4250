import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sentiment import TOLERANCE
from sentiment.lengths import LENGTH_STEP_TOKENS, round_up
from sentiment.padded import LEAST_FILL_RATIO, MAX_BATCH_TOKENS, ROW_COUNTS, Padded
from tests.sentiment.networks import network, padded

RUNNER = Padded(network(), torch.device("cpu"))
LENGTHS = st.lists(st.integers(1, 900), max_size=300)


@given(LENGTHS)
def test_every_review_is_in_one_batch_within_the_limits(lengths: list[int]) -> None:
    batches = list(RUNNER.batches(lengths))
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = round_up(max(lengths[place] for place in batch), LENGTH_STEP_TOKENS)
        assert len(batch) <= ROW_COUNTS[-1]
        assert len(batch) == 1 or len(batch) * longest <= MAX_BATCH_TOKENS
        assert all(
            lengths[place] == max(lengths[other] for other in batch)
            or lengths[place] >= LEAST_FILL_RATIO * longest
            for place in batch
        )


def test_equal_lengths_fill_whole_batches() -> None:
    assert [len(batch) for batch in RUNNER.batches([100] * 300)] == [128, 128, 44]


@pytest.mark.parametrize(
    ("lengths", "expected"), [([33], 8 * 64), ([32] * 9, 16 * 32), ([400, 300], 8 * 416)]
)
def test_padding_is_counted(lengths: list[int], expected: int) -> None:
    assert RUNNER.num_tokens_computed(lengths) == expected


def test_padding_changes_no_logit() -> None:
    batches = [[[3, 4, 5], [6] * 40], [[7]]]
    for found_BL, batch in zip(RUNNER.logits(batches), batches, strict=True):
        expected_BL = network()(*padded(batch))
        assert torch.allclose(torch.from_numpy(found_BL), expected_BL, rtol=0, atol=TOLERANCE)
