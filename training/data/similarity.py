"""What makes two texts near-duplicates; apart from the search for them, which needs SciPy."""

__all__ = ["LEAST_SIMILARITY", "SHINGLE_TOKENS"]

SHINGLE_TOKENS = 5
LEAST_SIMILARITY = 0.5
