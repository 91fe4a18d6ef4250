"""How often explanations run beside predictions."""

import pytest

from service.runtime.pace import MAX_REST_SECONDS, REST_RATIO, Pace


def test_without_predictions_nothing_rests() -> None:
    pace = Pace()
    assert pace.wait_seconds(0.0) == 0.0
    pace.ran(start_seconds=1.0, end_seconds=1.05, has_live_work=False)
    assert pace.wait_seconds(1.05) == 0.0


def test_beside_predictions_explanations_have_a_tenth_of_the_time() -> None:
    pace = Pace()
    pace.ran(start_seconds=1.0, end_seconds=1.05, has_live_work=True)
    assert pace.wait_seconds(1.05) == pytest.approx(0.45)
    assert pace.wait_seconds(1.15) == pytest.approx(0.35)
    assert pace.wait_seconds(2.0) == 0.0
    assert 1 / (1 + REST_RATIO) == 0.1


def test_a_round_that_had_to_wait_does_not_make_the_rest_longer() -> None:
    pace = Pace()
    pace.ran(start_seconds=1.0, end_seconds=9.0, has_live_work=True)
    assert pace.wait_seconds(9.0) == MAX_REST_SECONDS
