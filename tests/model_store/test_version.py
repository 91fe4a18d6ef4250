import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from model_store import CorruptVersion, Draft, GoldenExample, ModelVersion, Store, golden
from sentiment import InvalidConfiguration, NetworkConfig, SentimentLSTM, Tokenizer, weights_to_bytes
from sentiment.text_rules import TextRules
from tests.model_store.drafts import LABELS, TEXTS, TOKENIZER, real_draft, with_files
from tests.model_store.faults import flipped


def test_load_gives_all_of_a_version(loaded: ModelVersion, loadable: Draft) -> None:
    assert str(loaded) == "reviews@1"
    assert loaded.manifest == loadable.manifest(version=1, created_at=loaded.manifest.created_at)
    assert loaded.classifier.labels == LABELS
    assert loaded.classifier.tokenizer.config == TOKENIZER
    assert loaded.classifier.device == "cpu"
    assert loaded.card == "# Card\n"
    assert [example.text for example in loaded.golden] == list(TEXTS)


def test_loaded_version_predicts(loaded: ModelVersion) -> None:
    prediction = loaded.classifier.predict(["a dull film"])[0]
    assert prediction.tokens == 3
    assert sum(prediction.probabilities.values()) == pytest.approx(1)


def test_temperature_is_applied(store: Store, loadable: Draft, loaded: ModelVersion) -> None:
    store.publish(replace(loadable, temperature=1000.0))
    cooler = store.load("reviews@1", device="cpu").classifier.predict(TEXTS)
    assert all(abs(prediction.confidence - 0.5) < 1e-3 for prediction in cooler)
    assert any(abs(prediction.confidence - 0.5) > 1e-3 for prediction in loaded.classifier.predict(TEXTS))


def test_the_slope_of_the_temperature_is_applied(store: Store, loadable: Draft, loaded: ModelVersion) -> None:
    store.publish(replace(loadable, temperature_slope=-1.0))
    assert store.manifest("reviews", 1).schema_version == 2
    # At three tokens, the temperature is that at a hundred times 100 / 3.
    warmer = store.load("reviews@1", device="cpu").classifier.predict(["a dull film"])[0]
    store.publish(replace(loadable, temperature=loadable.temperature * 100 / 3))
    constant = store.load("reviews@2", device="cpu").classifier.predict(["a dull film"])[0]
    assert warmer.probabilities == pytest.approx(constant.probabilities)
    assert warmer.confidence < loaded.classifier.predict(["a dull film"])[0].confidence


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "golden.jsonl", "report/roc.png"])
def test_damaged_version_does_not_load(store: Store, loadable: Draft, name: str) -> None:
    store.publish(loadable)
    path = store.root / "reviews" / "1" / name
    with flipped(path, -1, 1), pytest.raises(CorruptVersion) as refusal:
        store.load("reviews@1")
    assert str(refusal.value).startswith(f"{path}: ")


def weights_of(**sizes: int) -> bytes:
    defaults = {"vocabulary_size": 22, "num_labels": 2, "embedding_size": 4, "hidden_size": 4}
    return weights_to_bytes(SentimentLSTM(NetworkConfig(**{**defaults, **sizes})))  # type: ignore[arg-type]  # sizes alone


def golden_of(*labels: str) -> bytes:
    return golden.write([GoldenExample(text="good", probabilities=dict.fromkeys(labels, 0.5))])


def tokenizer_of(text: str, **changes: int) -> bytes:
    config = replace(TOKENIZER, **changes)  # type: ignore[arg-type]  # numbers alone
    return Tokenizer.fit([text], config).to_json().encode()


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("model.safetensors", b"not tensors", "safetensors"),
        ("model.safetensors", weights_of(hidden_size=5), "shape"),
        ("model.safetensors", weights_of(num_labels=3), "output"),
        ("tokenizer.json", b"{}", "not a saved tokenizer"),
        ("tokenizer.json", tokenizer_of(" ".join(TEXTS), max_tokens=17), "configuration"),
        ("tokenizer.json", tokenizer_of("too few words"), "5 words, but network.vocabulary_size is 22"),
        ("golden.jsonl", b"", "line 1: Invalid JSON"),
        ("golden.jsonl", golden_of("bad", "good"), "labels"),
        ("MODEL_CARD.md", b"\xff", "UTF-8"),
    ],
    ids=lambda value: "content" if isinstance(value, bytes) else None,  # weights are random
)
def test_file_that_does_not_fit_is_refused_by_its_name(
    store: Store, loadable: Draft, name: str, content: bytes, problem: str
) -> None:
    store.publish(with_files(loadable, **{name: content}))
    with pytest.raises(CorruptVersion, match=problem) as refusal:
        store.load("reviews@1")
    assert str(refusal.value).startswith(f"{store.root / 'reviews' / '1' / name}: ")
    assert "\n" not in str(refusal.value)


def test_a_version_cleans_text_by_the_rules_that_it_was_made_with(store: Store) -> None:
    for rules in get_args(TextRules):
        loaded = store.load(f"reviews@{store.publish(real_draft(replace(TOKENIZER, text_rules=rules)))}")
        golden.check(loaded.classifier, loaded.golden)
        assert loaded.classifier.tokenizer.split("_dull_") == ["_dull_" if rules == 1 else "dull"]


class Payload:
    """Makes a folder as soon as someone unpickles it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self._folder),)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "golden.jsonl"])
def test_code_in_a_file_is_never_run(store: Store, loadable: Draft, tmp_path: Path, name: str) -> None:
    evil = tmp_path / "evil"
    content = pickle.dumps(Payload(evil))
    store.publish(with_files(loadable, **{name: content}))
    with pytest.raises(CorruptVersion):
        store.load("reviews@1")
    assert not evil.exists()
    pickle.loads(content)  # noqa: S301  # it would have worked
    assert evil.exists()


def test_device_that_cannot_be_had_is_no_fault_of_the_version(store: Store, loadable: Draft) -> None:
    store.publish(loadable)
    with pytest.raises(InvalidConfiguration, match="device"):
        store.load("reviews@1", device="abacus")


def test_loading_leaves_the_store_as_it_is(store: Store, loadable: Draft) -> None:
    store.publish(loadable)
    before = snapshot(store.root)
    store.load("reviews@1")
    assert snapshot(store.root) == before


def snapshot(root: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in root.rglob("*")}
