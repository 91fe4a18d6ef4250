"""Measure what a version gains by one vector for names and by pieces of its own, before any training.

    OMP_NUM_THREADS=1 python -m experiments.names --base reviews@3 --train TRAIN... --unlabelled TEXTS... \\
        --reserved IDS

Takes a version with pieces and the files that it was trained on, of which it holds out what `fit` does.
Prints a Markdown table with a row for the version as it is, with each of the two changes, and with both. The
temperature stays.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from model_store import RELEASED, ModelVersion, Store
from reviews import Columns, Review, read_reviews
from sentiment import Classifier, Engine, SentimentLSTM, Tokenizer, set_num_threads
from sentiment.tokenizer import FIRST_WORD_ID
from sentiment.vocabulary import learn_vocabulary
from training.data.labels import LabelSet
from training.data.proper_nouns import proper_nouns
from training.data.sources import indices_by_source
from training.data.split import read_reserved_ids, split_validation
from training.evaluation.invariance.invariance import measure_invariance
from training.learning.tied_rows import tie_rows
from training.run.vocabulary_transfer import with_vocabulary

_GROUPS = ("names", "places", "identity words")


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What is learned from, and what is measured on."""

    texts: Sequence[str]
    held_out: Sequence[Review]
    labels: Sequence[int]
    parts: Mapping[str, Sequence[int]]
    """By file: the indices of its reviews among those held out."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table for the version and the files that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", default="reviews", help="version to change (default: the released one)")
    parser.add_argument("--store", type=Path, default=RELEASED, help="its store")
    parser.add_argument("--train", type=Path, nargs="+", required=True, help="labelled reviews")
    parser.add_argument("--unlabelled", type=Path, nargs="*", default=[], help="more texts")
    parser.add_argument("--reserved", type=Path, help="ids of train reviews for validation alone")
    options = parser.parse_args(arguments)
    set_num_threads(1)
    version = Store(options.store).load(options.base, device="cpu")
    material = read_material(options.train, options.unlabelled, options.reserved)
    for line in table(version, material):
        print(line, flush=True)


def read_material(train: Sequence[Path], unlabelled: Sequence[Path], reserved: Path | None) -> Material:
    """Read the files, and hold out what a recipe with the default seed and ratio does."""
    read = read_reviews(train, split="train", columns=Columns())
    ids = read_reserved_ids(reserved) if reserved else frozenset[str]()
    split = split_validation(read.reviews, ratio=0.1, reserved_ids=ids, seed=1)
    more = read_reviews(unlabelled, split="unlabelled", columns=Columns()).reviews if unlabelled else ()
    held_out = {review.text for review in split.validation}
    return Material(
        texts=[review.text for review in (*split.train, *more) if review.text not in held_out],
        held_out=split.validation,
        labels=LabelSet.infer(read.reviews).indices(split.validation),
        parts=indices_by_source(read, split.validation_indices),
    )


def table(version: ModelVersion, material: Material) -> Iterator[str]:
    """Yield the lines of the table: spreads as mean and largest, then shares in per cent."""
    spreads = [f"{name}, mean and largest" for name in _GROUPS]
    header = ["", *spreads, "label changes by a typo", *(f"accuracy, {name}" for name in material.parts)]
    yield f"| {' | '.join(header)} |"
    yield "|---" * len(header) + "|"
    names = proper_nouns(material.texts)
    own = with_own_beginnings(version.classifier.tokenizer, material.texts)
    for row, tokenizer, tied in (
        ("as it is", version.classifier.tokenizer, False),
        ("names with one vector", version.classifier.tokenizer, True),
        ("beginnings of their own", own, False),
        ("both", own, True),
    ):
        classifier = converted(version, tokenizer, names if tied else frozenset())
        yield f"| {' | '.join([row, *measured(classifier, material)])} |"


def with_own_beginnings(tokenizer: Tokenizer, texts: Sequence[str]) -> Tokenizer:
    """Return a tokenizer of the same words, with pieces learned anew."""
    config = replace(tokenizer.config, own_beginnings=True)
    pieces = learn_vocabulary((tokenizer.split(text) for text in texts), config).pieces
    return Tokenizer(tokenizer.words, config, pieces)


def converted(version: ModelVersion, tokenizer: Tokenizer, names: frozenset[str]) -> Classifier:
    """Return the version with another tokenizer, and one vector for the words that are names."""
    manifest, base = version.manifest, version.classifier
    network = SentimentLSTM(replace(manifest.network, vocabulary_size=tokenizer.vocabulary_size))
    network.load_state_dict(with_vocabulary(base.network.state_dict(), base.tokenizer, tokenizer))
    tied = [token_id for token_id, word in enumerate(tokenizer.words, start=FIRST_WORD_ID) if word in names]
    if tied:
        tie_rows(network.embedding, tied)
    engine = Engine(
        network.eval(),
        temperature=manifest.temperature,
        temperature_slope=manifest.temperature_slope,
        device="cpu",
    )
    return Classifier(labels=base.labels, tokenizer=tokenizer, engine=engine)


@torch.inference_mode()
def measured(classifier: Classifier, material: Material) -> Iterator[str]:
    """Yield the cells of a row."""
    texts = [review.text for review in material.held_out]
    figures = measure_invariance(classifier, texts).figures
    for name in _GROUPS:
        yield f"{figures.spread[name].mean:.2f}, {figures.spread[name].largest:.2f}"
    yield f"{figures.label_changes['typo'].change_ratio:.2%}"
    said = [max(it.probabilities, key=it.probabilities.__getitem__) for it in classifier.predict(texts)]
    right = [label == classifier.labels[index] for label, index in zip(said, material.labels, strict=True)]
    for indices in material.parts.values():
        yield f"{sum(right[index] for index in indices) / len(indices):.2%}"


if __name__ == "__main__":
    main()
