from hypothesis import given
from hypothesis import strategies as st

from sentiment.recurrence import MAX_REVIEWS, MAX_TOKENS, Recurrence
from tests.sentiment.networks import network

RUNNER = Recurrence(network())


@given(st.lists(st.integers(1, 900), max_size=400))
def test_every_review_is_in_one_batch_within_the_limits(lengths: list[int]) -> None:
    batches = list(RUNNER.batches(lengths))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) <= MAX_REVIEWS
        assert len(batch) == 1 or sum(lengths[index] for index in batch) <= MAX_TOKENS


def test_no_batch_is_smaller_than_it_must_be() -> None:
    assert list(map(len, RUNNER.batches([10] * 300))) == [128, 128, 44]
    assert list(map(len, RUNNER.batches([400] * 100))) == [81, 19]
