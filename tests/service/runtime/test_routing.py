import pytest

from service.runtime.routing import takes

KEYS = [f"client-{number}".encode() for number in range(10_000)]


def taken(share: float, salt: str = "canary 4") -> set[bytes]:
    return {key for key in KEYS if takes(key, salt=salt, share=share)}


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_a_share_is_as_large_as_it_says(share: float) -> None:
    assert len(taken(share)) / len(KEYS) == pytest.approx(share, abs=0.012)  # three standard errors and more


def test_a_larger_share_sends_nobody_back() -> None:
    assert taken(0.05) < taken(0.2) < taken(1.0)
    assert taken(0.05) == taken(0.05)


def test_none_and_all() -> None:
    assert taken(0.0) == set()
    assert taken(1.0) == set(KEYS)


def test_another_version_takes_other_keys() -> None:
    both = taken(0.2) & taken(0.2, salt="canary 5")
    assert len(both) / len(KEYS) == pytest.approx(0.04, abs=0.012)
