"""Made-up reviews that a tiny network learns in a second, and files of them."""

import itertools
import json
from collections.abc import Iterable
from pathlib import Path

__all__ = ["TINY_RECIPE", "made_up_reviews", "write_jsonl"]

TINY_RECIPE = """\
description = "A tiny network for tests."
validation_ratio = 0.2

[tokenizer]
num_words = 200
max_tokens = 40

[network]
embedding_size = 16
hidden_size = 16
input_dropout = 0.1
output_dropout = 0.1

[fitting]
epochs = 3
batch_reviews = 16
learning_rate = 1e-2
schedule = "linear"
warmup_ratio = 0.1
clip_norm = 1.0
ema_decay = 0.8
"""

_PRAISE = ("a wonderful film", "simply superb", "great acting", "I loved it", "warm, funny and moving")
_BLAME = ("a terrible film", "simply awful", "wooden acting", "I hated it", "cold, dull and boring")
_FILLER = (
    "The camera moves.",
    "It is set in Paris.",
    "Two hours long.",
    "There is a train.",
    "My sister came too.",
)


def made_up_reviews() -> list[dict[str, object]]:
    """Return 250 labelled reviews of 25 films, half of them positive, all different."""
    reviews = []
    sentences = itertools.product(_FILLER, _FILLER, zip(_PRAISE, _BLAME, strict=True))
    for number, (before, after, opinions) in enumerate(sentences):
        for label, opinion in ((1, opinions[0]), (0, opinions[1])):
            text = f"{before} {opinion}! {after}"
            reviews.append(
                {"id": f"{label}/{number}", "text": text, "label": label, "movie": f"tt{number % 25}"}
            )
    return reviews


def write_jsonl(path: Path, rows: Iterable[object]) -> Path:
    """Write rows as JSON Lines and return the path."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
