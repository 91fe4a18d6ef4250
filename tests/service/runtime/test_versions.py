"""The service follows its alias: real servers on a store whose versions come and go."""

import json
import shutil
import signal
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.process import wait_until
from model_store import ModelVersion, Reason, Store, golden
from service.runtime.loading import load_version
from service.settings import Settings
from tests.model_store.edits import edit_manifest, rehash
from tests.service import stores
from tests.service.running import process, samples, series
from tests.service.runtime.following import NEVER, TEXT, following


def test_it_answers_with_the_version_that_the_alias_names(store: Store) -> None:
    with following(store) as running:
        assert running.answering() == 1
        store.set_alias("reviews", "production", 2)
        assert running.refresh() == {
            "model": "reviews@production",
            "follows": True,
            "live": 2,
            "previous": 1,
            "refused": None,
            "candidate": None,
            "candidate_refused": None,
        }
        assert running.answering() == 2
        expected = store.load("reviews@2", device="cpu").classifier.predict([TEXT])[0].confidence
        assert running.confidence() == pytest.approx(expected, abs=1e-6)
        found = samples(running.url)
        info = [name for name in found if name.startswith("sentiment_model_info")]
        assert len(info) == 1
        assert 'model_version="2"' in info[0]
        assert found[series("sentiment_model_swaps_total", outcome="live")] == 2
        assert found[series("sentiment_predictions_total", model_version="2", label="positive")] >= 0
        assert found["sentiment_model_behind"] == 0


def test_it_looks_by_itself(store: Store) -> None:
    with following(store, follow_seconds=1) as running:
        store.set_alias("reviews", "production", 2)
        wait_until(lambda: running.answering() == 2)


@pytest.mark.parametrize(
    ("model", "settings"), [("reviews@1", {}), ("reviews@production", {"follow_seconds": 0})]
)
def test_a_pinned_service_stays(store: Store, model: str, settings: dict[str, Any]) -> None:
    with following(store, model=model, **settings) as running:
        store.set_alias("reviews", "production", 2)
        state = running.refresh()
        assert (state["follows"], state["live"], state["previous"]) == (False, 1, None)
        assert running.answering() == 1


def test_a_rollback_needs_nothing_of_the_disk_but_the_manifest(store: Store) -> None:
    with following(store) as running:
        before = running.confidence()
        store.set_alias("reviews", "production", 2)
        running.refresh()
        (store.root / "reviews/1/model.safetensors").write_bytes(b"gone")
        store.set_alias("reviews", "production", 1, Reason(action="rollback"))
        state = running.refresh()
        assert (state["live"], state["previous"], state["refused"]) == (1, 2, None)
        assert running.confidence() == before


def test_at_most_two_versions_are_whole(store: Store) -> None:
    loaded: list[weakref.ref[object]] = []

    def load(settings: Settings, reference: str) -> ModelVersion:
        # Before another table is made: the live version's may be there, and no other.
        assert sum(each() is not None for each in loaded) <= 1
        version = load_version(settings, reference)
        loaded.append(weakref.ref(version.classifier))
        return version

    with following(store, load=load) as running:
        for version in (2, 3, 4, 5):
            assert running.answering() == version - 1
            store.set_alias("reviews", "production", version)
            assert running.refresh()["refused"] is None
        assert running.answering() == 5
    assert len(loaded) == 5


@pytest.mark.parametrize("name", ["aliases.json", "2/manifest.json"])
def test_a_disk_that_hangs_stops_nobody(store: Store, name: str) -> None:
    with following(store, request_timeout_ms=500) as running:
        store.set_alias("reviews", "production", 2)
        with stores.hanging(store.root / "reviews" / name):
            for _ in range(2):  # the second look waits for the first
                state = running.refresh()
                assert (state["live"], state["refused"]) == (1, None)
                assert running.answering() == 1
        # Who has waited finds an empty file, and looks again.
        wait_until(lambda: running.refresh()["live"] == 2)
        assert running.answering() == 2


def flipped_byte(store: Store) -> None:
    """Change one byte of the weights."""
    path = store.root / "reviews/2/model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def not_finite(store: Store) -> None:
    """Let a weight be no number, with a right hash."""
    path = store.root / "reviews/2/model.safetensors"
    rehash(path.parent, path.name, path.read_bytes()[:-4] + b"\xff\xff\xff\x7f")


def other_golden(store: Store) -> None:
    """Let the version have answered otherwise when it was published."""
    path = store.root / "reviews/2/golden.jsonl"
    first, *rest = golden.read(path.read_bytes())
    other = replace(first, probabilities={"negative": 0.125, "positive": 0.875})
    rehash(path.parent, path.name, golden.write([other, *rest]))


def newer_schema(store: Store) -> None:
    """Let a later release have written the version."""
    edit_manifest(store.root / "reviews/2", lambda fields: fields.update(schema_version=99))


def other_labels(store: Store) -> None:
    """Let the version have other labels, golden examples included."""
    folder = store.root / "reviews/2"
    text = (folder / "golden.jsonl").read_text()
    rehash(folder, "golden.jsonl", text.replace("negative", "bad").replace("positive", "good").encode())
    edit_manifest(folder, lambda fields: fields.update(labels=["bad", "good"]))


def too_large(store: Store) -> None:
    """Let the version read more of each review than the queue has room for."""
    folder = store.root / "reviews/2"
    content = json.loads((folder / "tokenizer.json").read_text())
    content["config"]["max_tokens"] = 100_000
    rehash(folder, "tokenizer.json", json.dumps(content).encode())
    edit_manifest(folder, lambda fields: fields["tokenizer"].update(max_tokens=100_000))


def missing(store: Store) -> None:
    """Remove the version."""
    shutil.rmtree(store.root / "reviews/2")


def truncated_aliases(store: Store) -> None:
    """Cut the alias file off."""
    (store.root / "reviews/aliases.json").write_text('{"producti')


def missing_file(store: Store) -> None:
    """Remove a file, as when the folder vanishes while it is read."""
    (store.root / "reviews/2/tokenizer.json").unlink()


DAMAGED = "its files are damaged or incomplete"
OTHER_LABELS = "publish a model with other labels under another name"
BAD = {
    flipped_byte: ("model.safetensors: is damaged", DAMAGED),
    not_finite: ("model.safetensors: ", DAMAGED),
    other_golden: ("golden example 1", "it does not reproduce its golden probabilities here"),
    newer_schema: ("upgrade sentiment-service", "a later release of this software wrote it"),
    other_labels: (OTHER_LABELS, OTHER_LABELS),
    too_large: ("MAX_QUEUE_TOKENS: must be at least", "the settings of this service do not fit it"),
    missing: ("stands for version 2, which the store does not have", "the model store does not have it"),
    truncated_aliases: ("aliases.json: ", "the model store cannot be read"),
    missing_file: ("tokenizer.json: is missing", DAMAGED),
}
"""What makes a version unfit, with a part of the reason that admins see, and that all clients see."""


@pytest.mark.parametrize(
    ("change", "reason", "summary"),
    [pytest.param(change, *reasons, id=change.__name__) for change, reasons in BAD.items()],
)
def test_a_bad_candidate_leaves_the_live_version(
    store: Store, change: Callable[[Store], None], reason: str, summary: str
) -> None:
    with following(store) as running:
        store.set_alias("reviews", "production", 2)
        change(store)
        state = running.refresh()
        assert (state["live"], state["previous"]) == (1, None)
        assert reason in state["refused"]["reason"]
        assert summary in running.models()["slots"]["refused"]["reason"]
        assert str(store.root) not in running.shown_to_clients()
        assert running.answering() == 1
        found = samples(running.url)
        assert found[series("sentiment_model_swaps_total", outcome="refused")] >= 1
        assert found["sentiment_model_behind"] == 1
        # Whatever was wrong, a good version is taken as soon as it is named.
        (store.root / "reviews/aliases.json").unlink()
        store.set_alias("reviews", "production", 3)
        state = running.refresh()
        assert (state["live"], state["refused"]) == (3, None)
        assert samples(running.url)["sentiment_model_behind"] == 0
    # A process that starts at such a moment takes the newest version that was live and is fit.
    store.set_alias("reviews", "production", 1)
    if not (store.root / "reviews/2").exists():
        (store.root / "reviews/aliases.json").write_text('{"production": 2}')
    else:
        store.set_alias("reviews", "production", 2)
    if change is truncated_aliases:
        change(store)
    with following(store) as running:
        # That labels differ shows only beside a live version; a cut file hides that version 2 was live.
        if change is other_labels:
            return
        state = running.refresh()
        assert state["live"] == (2 if change is truncated_aliases else 1)
        assert reason in state["refused"]["reason"]
        assert summary in running.models()["slots"]["refused"]["reason"]
        assert str(store.root) not in running.shown_to_clients()
        assert running.answering() == state["live"]
        assert samples(running.url)["sentiment_model_behind"] == 1


def test_a_refused_version_is_not_tried_at_every_look(store: Store) -> None:
    attempts: list[str] = []

    def load(settings: Settings, reference: str) -> ModelVersion:
        attempts.append(reference)
        return load_version(settings, reference)

    with following(store, load=load, follow_seconds=1) as running:
        flipped_byte(store)
        store.set_alias("reviews", "production", 2)
        wait_until(lambda: len(attempts) >= 3)
        assert running.refresh()["refused"]["version"] == 2
        assert set(attempts[1:]) == {"reviews@2"}


def test_a_version_that_was_never_live_is_no_way_out(store: Store, tmp_path: Path) -> None:
    shutil.rmtree(store.root / "reviews/1")
    with process(tmp_path, "--model-store", str(store.root)) as running:
        assert running.wait() == 1
        assert "stands for version 1" in running.errors()


def test_sighup_asks_for_a_look(store: Store, tmp_path: Path) -> None:
    flags = ("--model-store", str(store.root), "--follow-seconds", str(NEVER))
    with process(tmp_path, *flags) as running:
        running.wait_for("ready")
        store.set_alias("reviews", "production", 2)
        running.send_signal(signal.SIGHUP)
        switched = running.wait_for("switched")
        assert (switched["model_version"], switched["previous_version"]) == (2, 1)
        running.send_signal(signal.SIGTERM)
        assert running.wait() == 0
        assert running.errors() == ""
