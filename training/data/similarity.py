"""When two texts are near-duplicates; separate from the search for them, which needs SciPy."""

__all__ = ["MIN_SIMILARITY", "SHINGLE_TOKENS"]

SHINGLE_TOKENS = 5
"""Tokens in a row that are compared (Lee et al. 2022, arXiv:2107.06499)."""
MIN_SIMILARITY = 0.5
"""Jaccard similarity from which texts are near-duplicates (Broder et al. 1997)."""
