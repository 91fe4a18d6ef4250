"""Time the tokenizer, the compiled `tokenizers` library with the same rules, and the network.

    python -m pip install tokenizers
    python -m experiments.tokenizer REVIEWS.jsonl.xz

Prints milliseconds a review on one thread, one review at a time as in a request, and ratios to ours.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tokenizers import Regex, models, normalizers, pre_tokenizers
from tokenizers import Tokenizer as CompiledTokenizer

from bench.timing import median_seconds
from model_store import Store
from reviews import read_reviews
from sentiment import Tokenizer, set_num_threads
from sentiment.tokenizer import UNKNOWN_ID

# The rules of sentiment/tokenizer.py without the combining marks, which this library writes in another way.
PATTERN = r"\w+(?:'t\b)?|'(?:s|re|ve|ll|d|m)\b|!{1,3}|\?{1,3}|\.{2,3}|[^\w\s]"


def main() -> None:
    """Print the comparison for the file that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reviews", type=Path)
    parser.add_argument("--num-reviews", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    reviews = read_reviews([options.reviews], split="test", labelled=False).reviews
    texts = [review.text for review in reviews[:: max(1, len(reviews) // options.num_reviews)]]
    set_num_threads(1)
    classifier = Store().load("reviews", device="cpu").classifier
    tokenized = classifier.tokenize(texts)
    runs: dict[str, Callable[[], object]] = {
        "this project": lambda: classifier.tokenize(texts),
        "text rules 2": _encoding(_renewed(classifier.tokenizer, texts, num_pieces=0), texts),
        "text rules 2 and 6,000 pieces": _encoding(
            _renewed(classifier.tokenizer, texts, num_pieces=6_000), texts
        ),
        "tokenizers, lower-cased": _compiled(classifier.tokenizer, texts, nfkc=False),
        "tokenizers, NFKC and lower-cased": _compiled(classifier.tokenizer, texts, nfkc=True),
        "forward pass, one review a batch": lambda: [classifier.score([review]) for review in tokenized],
        "forward pass, all together": lambda: classifier.score(tokenized),
    }
    _print_table(median_seconds(runs, options.rounds), len(texts))


def _encoding(tokenizer: Tokenizer, texts: Sequence[str]) -> Callable[[], object]:
    return lambda: [tokenizer.encode(text) for text in texts]


def _renewed(tokenizer: Tokenizer, texts: Sequence[str], *, num_pieces: int) -> Tokenizer:
    """Return a tokenizer of the same words under rules 2, with pieces that are learned from the texts."""
    config = replace(tokenizer.config, text_rules=2, num_pieces=num_pieces)
    learned = Tokenizer.fit(texts, config).pieces
    return Tokenizer(tokenizer.words, config, sorted({*learned}.difference(tokenizer.words)))


def _compiled(tokenizer: Tokenizer, texts: Sequence[str], *, nfkc: bool) -> Callable[[], object]:
    vocabulary = {word: index for index, word in enumerate(tokenizer.words, start=UNKNOWN_ID + 1)}
    unknown = "<unk>"
    compiled = CompiledTokenizer(models.WordLevel(vocabulary | {unknown: UNKNOWN_ID}, unk_token=unknown))
    steps = [normalizers.NFKC()] if nfkc else []
    compiled.normalizer = normalizers.Sequence([*steps, normalizers.Lowercase()])
    compiled.pre_tokenizer = pre_tokenizers.Split(Regex(PATTERN), behavior="removed", invert=True)
    return lambda: [compiled.encode_batch_fast([text])[0].ids for text in texts]


def _print_table(seconds: dict[str, float], num_reviews: int) -> None:
    ours = next(iter(seconds.values()))
    print(f"{'':<34} ms a review   ratio to ours")
    for name, total in seconds.items():
        print(f"{name:<34} {total / num_reviews * 1e3:>11.3f} {total / ours:>14.2f}")


if __name__ == "__main__":
    main()
