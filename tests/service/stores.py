"""Stores with a small model for the service to load, good ones and broken ones."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch

from model_store import Draft, Evaluation, GoldenExample, Histogram, Store, golden
from sentiment import (
    Classifier,
    NetworkConfig,
    SentimentLSTM,
    Tokenizer,
    TokenizerConfig,
    weights_to_bytes,
)

LABELS = ("negative", "positive")
TEXTS = (
    "A wonderful film with a wonderful cast, and a story that I will never forget!",
    "A dull film: two hours that I will never get back.",
    "The cast is good, and the story is not.",
    "Never dull; a good story, well told.",
)
POISON = "cursed"
"""A word whose embedding overflows in a poisoned network."""
EVALUATION = Evaluation(
    num_reviews=10,
    accuracy=0.8,
    f1=0.8,
    auc=0.9,
    ece=0.01,
    nll=0.4,
    brier=0.3,
    confusion=((4, 1), (1, 4)),
)


def evaluation(num_labels: int) -> Evaluation:
    """Return figures on ten reviews, all of whose mistakes are between the first two labels."""
    rest = [[0] * num_labels for _ in range(num_labels)]
    for first in (0, 1):
        rest[first][:2] = EVALUATION.confusion[first]
    return replace(EVALUATION, confusion=tuple(map(tuple, rest)))


def tokenizer() -> Tokenizer:
    """Return a tokenizer that knows the words of `TEXTS` and `POISON`."""
    return Tokenizer.fit([*TEXTS, POISON], TokenizerConfig(num_words=60, max_tokens=400))


def network(
    words: Tokenizer, *, poisoned: bool = False, hidden_size: int = 10, num_labels: int = len(LABELS)
) -> SentimentLSTM:
    """Return a network with random weights, large enough for scores to differ.

    A poisoned one gives probabilities that are not numbers to reviews that hold `POISON`, and to no others.
    """
    torch.manual_seed(5)
    config = NetworkConfig(
        vocabulary_size=words.vocabulary_size,
        num_labels=num_labels,
        embedding_size=12,
        hidden_size=hidden_size,
    )
    model = SentimentLSTM(config).eval()
    with torch.no_grad():
        model.embedding.weight[1:].normal_()
        model.output.weight.normal_()
    if poisoned:
        poison(model, words.encode(POISON).ids[0])
    return model


@torch.no_grad()
def poison(model: SentimentLSTM, token_id: int) -> None:
    """Let two hidden units open only for one word, and their sum overflow the logits.

    All weights stay finite, as a version's file must have them.
    """
    model.embedding.weight[:, -1] = 0
    model.embedding.weight[token_id, -1] = 1
    weight_ih, weight_hh, bias_ih, _ = model.get_submodule("layers.0.ahead").parameters()
    for unit in (0, 1):
        rows = slice(unit, None, model.config.hidden_size)  # its input, forget, cell and output gates
        weight_hh[rows] = 0
        weight_ih[rows] = 0
        weight_ih[rows, -1] = torch.tensor([0.0, 0.0, 0.0, 2e4])
        bias_ih[rows] = torch.tensor([50.0, -50.0, 50.0, -1e4])
    model.output.weight[0, :2] = 3e38


def draft(*, poisoned: bool = False, hidden_size: int = 10, labels: tuple[str, ...] = LABELS) -> Draft:
    """Return a version with its golden examples, ready to publish."""
    words = tokenizer()
    model = network(words, poisoned=poisoned, hidden_size=hidden_size, num_labels=len(labels))
    files = {
        "model.safetensors": weights_to_bytes(model, "float32"),
        "tokenizer.json": words.to_json().encode(),
    }
    classifier = Classifier.build(
        labels=labels,
        network=model.config,
        weights=files["model.safetensors"],
        tokenizer=files["tokenizer.json"],
        temperature=1.25,
        device="cpu",
    )
    examples = [
        GoldenExample(text=text, probabilities=prediction.probabilities)
        for text, prediction in zip(TEXTS, classifier.predict(TEXTS), strict=True)
    ]
    return Draft(
        model="reviews",
        labels=labels,
        network=model.config,
        tokenizer=words.config,
        temperature=1.25,
        recipe={},
        data=(),
        evaluation={"test": evaluation(len(labels))},
        reference={"score": Histogram(edges=(0.0, 0.5, 1.0), counts=(3, 4))},
        libraries={"sentiment-service": "0.1.0"},
        payload=files | {"golden.jsonl": golden.write(examples), "MODEL_CARD.md": b"# A tiny model\n"},
    )


def publish(root: Path, *drafts: Draft) -> Path:
    """Publish drafts as versions 1, 2, … with the alias production on the last; return the store."""
    store = Store(root)
    for each in drafts:
        store.set_alias(each.model, "production", store.publish(each))
    return root


@contextmanager
def hanging(path: Path) -> Iterator[None]:
    """Let those who read a file wait until the end of the block."""
    fifo, content = path.with_name("fifo"), path.read_bytes()
    path.unlink()
    os.mkfifo(path)
    try:
        yield
    finally:
        path.rename(fifo)
        path.write_bytes(content)
        os.close(os.open(fifo, os.O_RDWR | os.O_NONBLOCK))  # whoever waits finds the end of the file
        fifo.unlink()
