"""Whether this machine has products in bfloat16."""

from sentiment import InvalidConfiguration
from sentiment.compiled import bfloat16_kernel

__all__ = ["HAS_BFLOAT16"]


def _has_bfloat16() -> bool:
    try:
        bfloat16_kernel()
    except InvalidConfiguration:
        return False
    return True


HAS_BFLOAT16 = _has_bfloat16()
