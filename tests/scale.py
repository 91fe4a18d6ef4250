"""How often tests repeat a fault: a hundredth of full size under `make test`, full size under `make soak`.

`TEST_SCALE`, a variable of the environment, is the ratio. A test that uses it has the mark `soak`.
"""

import os

__all__ = ["scaled"]

SCALE = float(os.environ.get("TEST_SCALE", "0.01"))


def scaled(full_size: int) -> int:
    """Return the count to run in place of `full_size`, at least 1."""
    return max(1, round(SCALE * full_size))
