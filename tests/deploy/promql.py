"""Which metrics a PromQL expression names."""

import re

__all__ = ["metric_names"]

# What holds names that are no metrics: texts, label matchers, ranges, lists of labels; and calls.
NO_METRICS = (
    r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'',
    r"\{[^{}]*\}",
    r"\[[^\]]*\]",
    r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)",
    r"\b[a-zA-Z_]\w*(?=\s*\()",
    r"\$\w+",
)
WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan", "by", "without", "on", "ignoring"} | {
    "group_left",
    "group_right",
}


def metric_names(expression: str) -> set[str]:
    """Return the names in it, those of recording rules (with colons) among them."""
    for pattern in NO_METRICS:
        expression = re.sub(pattern, " ", expression)
    return set(re.findall(r"(?<![\w.:])[a-zA-Z_:][\w:]*", expression)) - WORDS
