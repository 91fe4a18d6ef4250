"""The lengths that batches are padded to, without PyTorch."""

__all__ = ["LENGTH_STEP_TOKENS", "round_up"]

LENGTH_STEP_TOKENS = 32
"""Lengths are rounded up to a multiple of this, since kernels keep what they prepare for each shape."""


def round_up(number: int, step: int) -> int:
    """Return the lowest multiple of `step` that is at least `number`."""
    return -(-number // step) * step
