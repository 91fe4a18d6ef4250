"""The lengths that batches are padded to, without PyTorch."""

__all__ = ["LENGTH_STEP_TOKENS", "round_up"]

LENGTH_STEP_TOKENS = 32
"""Kernels keep what they prepare for each shape, so lengths are rounded up to a few."""


def round_up(number: int, step: int) -> int:
    """Return the first multiple of `step` that is not below `number`."""
    return -(-number // step) * step
