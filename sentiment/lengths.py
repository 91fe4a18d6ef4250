"""Lengths of reviews in tokens, without PyTorch."""

__all__ = ["LENGTH_STEP_TOKENS", "REFERENCE_TOKENS", "round_up"]

LENGTH_STEP_TOKENS = 32
"""Lengths are rounded up to a multiple of this, since kernels keep what they prepare for each shape."""

REFERENCE_TOKENS = 100
"""The length at which a temperature that depends on length is the published temperature itself."""


def round_up(number: int, step: int) -> int:
    """Return the lowest multiple of `step` that is at least `number`."""
    return -(-number // step) * step
