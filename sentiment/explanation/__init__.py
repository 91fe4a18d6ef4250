"""Why the model says what it says of a review: what is lost when a part of it is left out.

Pure functions over token ids: they know neither PyTorch nor HTTP, and whoever calls them scores the ids.
"""

from sentiment.explanation.explainer import explain
from sentiment.explanation.explanation import Explanation, SentenceEffect, TextRange, TokenEffect
from sentiment.explanation.occlusion import Occlusion, Unit
from sentiment.explanation.offsets import in_utf16
from sentiment.explanation.reading import Reading

__all__ = [
    "Explanation",
    "Occlusion",
    "Reading",
    "SentenceEffect",
    "TextRange",
    "TokenEffect",
    "Unit",
    "explain",
    "in_utf16",
]
