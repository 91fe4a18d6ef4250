"""Drafts to publish: a small one whose files are a few bytes, and a real one that loads and predicts."""

from collections.abc import Mapping
from dataclasses import replace

import torch

from model_store import (
    DataFingerprint,
    Draft,
    DuplicateFigures,
    Evaluation,
    GoldenExample,
    Histogram,
    ProbeFigures,
    golden,
)
from sentiment import Classifier, NetworkConfig, SentimentLSTM, Tokenizer, TokenizerConfig, weights_to_bytes

LABELS = ("negative", "positive")
TEXTS = (
    "a wonderful film with a wonderful cast",
    "a dull film, two hours I will never get back",
    "the cast is good and the story is not",
    "never dull, a good story",
)
TOKENIZER = TokenizerConfig(num_words=20, max_tokens=16)
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
DATA = DataFingerprint(
    role="train",
    source="reviews.csv",
    sha256="ab" * 32,
    num_reviews=100,
    label_counts={"positive": 50, "negative": 50},
)


def small_draft(*, payload: Mapping[str, bytes] | None = None) -> Draft:
    """Return a draft of a few bytes, some in a folder; it can be published and verified, not loaded."""
    files = {
        "model.safetensors": b"weights",
        "tokenizer.json": b"{}",
        "golden.jsonl": b"{}",
        "MODEL_CARD.md": b"# Card\n",
        "report/roc.png": b"\x89PNG",
        "report/pages/calibration.png": b"",
    }
    return Draft(
        model="reviews",
        labels=LABELS,
        network=NetworkConfig(vocabulary_size=22, num_labels=2, embedding_size=4, hidden_size=4),
        tokenizer=TOKENIZER,
        temperature=1.25,
        recipe={"epochs": 3, "optimizer": {"name": "adam", "rate": 1e-3}, "notes": None},
        data=(DATA,),
        evaluation={"test": EVALUATION},
        probes={"negated praise": ProbeFigures(num_cases=40, failure_ratio=0.25)},
        duplicates={"test in train": DuplicateFigures(num_reviews=10, num_near=3, num_exact=2)},
        num_runs=7,
        reference={"score": Histogram(edges=(0.0, 0.5, 1.0), counts=(3, 4))},
        libraries={"torch": "2.5", "sentiment-service": "0.1.0"},
        payload=files if payload is None else payload,
    )


def real_draft(config: TokenizerConfig = TOKENIZER) -> Draft:
    """Return a draft of a network with random weights, its tokenizer and its golden examples."""
    tokenizer = Tokenizer.fit(TEXTS, config)
    draft = replace(small_draft(), tokenizer=config)
    network = replace(draft.network, vocabulary_size=tokenizer.vocabulary_size)
    torch.manual_seed(0)
    weights = weights_to_bytes(SentimentLSTM(network), "float32")
    files = {"model.safetensors": weights, "tokenizer.json": tokenizer.to_json().encode()}
    classifier = Classifier.build(
        labels=LABELS,
        network=network,
        weights=files["model.safetensors"],
        tokenizer=files["tokenizer.json"],
        temperature=draft.temperature,
        device="cpu",
    )
    examples = [
        GoldenExample(text=text, probabilities=prediction.probabilities)
        for text, prediction in zip(TEXTS, classifier.predict(TEXTS), strict=True)
    ]
    payload = {**draft.payload, **files, "golden.jsonl": golden.write(examples)}
    return replace(draft, network=network, payload=payload)


def with_files(draft: Draft, **contents: bytes) -> Draft:
    """Return a draft with some contents changed: `with_files(draft, **{"MODEL_CARD.md": b""})`."""
    return replace(draft, payload={**draft.payload, **contents})
