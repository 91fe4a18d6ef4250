"""The released model: what `make serve` serves on a fresh machine."""

import pytest

from model_store import RELEASED, Store, golden
from sentiment import Classifier

pytestmark = pytest.mark.xdist_group("released")

MAX_BYTES = 14 * 1024**2
MAX_STORE_BYTES = 30_000 * 1024


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    version = Store(RELEASED).load("reviews@production", device="cpu")
    golden.check(version.classifier, version.golden)
    return version.classifier


def test_every_released_version_verifies_and_is_small() -> None:
    store = Store(RELEASED)
    sizes = [
        store.verify(model, version).size_bytes
        for model in store.models()
        for version in store.versions(model)
    ]
    assert max(sizes) <= MAX_BYTES
    assert sum(sizes) <= MAX_STORE_BYTES


def test_no_release_was_trained_on_test_reviews() -> None:
    manifest = Store(RELEASED).load("reviews", device="cpu").manifest
    sources = {part.role: part.sha256 for part in manifest.data}
    assert sources["train"] != sources["test"]
    assert manifest.evaluation["test imdb_test"].num_reviews == 25_000


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (
            "One of the best films I have ever seen. Wonderful acting, a moving story, superb in every way.",
            "positive",
        ),
        (
            "A complete waste of time. Terrible acting, an awful script, and so boring that I left early.",
            "negative",
        ),
    ],
)
def test_plain_verdicts_are_understood(classifier: Classifier, text: str, label: str) -> None:
    [prediction] = classifier.predict([text])
    assert prediction.label == label
    assert prediction.confidence > 0.9


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The staff was rude.", "negative"),
        ("the food was bad", "negative"),
        ("The food was bad.", "negative"),
        ("woooorst", "negative"),
        ("the phone works great", "positive"),
        ("\N{THUMBS UP SIGN}", "positive"),
    ],
)
def test_short_texts_of_other_kinds_are_understood(classifier: Classifier, text: str, label: str) -> None:
    assert [prediction.label for prediction in classifier.predict([text])] == [label]


def test_every_release_has_what_drift_and_invariance_are_judged_by() -> None:
    store = Store(RELEASED)
    for model in store.models():
        manifest = store.load(model, device="cpu").manifest
        assert manifest.reference
        assert manifest.invariance
