import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_store import (
    SCHEMA_VERSION,
    Histogram,
    InvalidManifest,
    InvarianceFigures,
    LabelChangeFigures,
    Manifest,
    NewerSchema,
    ProbeFigures,
    SpreadFigures,
)
from tests.model_store.drafts import EVALUATION, TOKENIZER, small_draft
from tests.model_store.reader_of_0_1_0 import NewerSchemaFor010, refuse_newer_schema

Change = Callable[[dict[str, Any]], object]
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
plain_values = st.none() | st.booleans() | st.text() | numbers | st.lists(numbers)


def manifest() -> Manifest:
    return small_draft().manifest(version=3, created_at="2025-01-31T12:00:00Z")


def changed(change: Change) -> str:
    fields = json.loads(manifest().to_json())
    change(fields)
    return json.dumps(fields)


def with_spread(fields: dict[str, Any], **changes: object) -> None:
    spread = {"num_frames": 8, "num_words": 9, "largest": 0.3, "mean": 0.1} | changes
    fields.update(schema_version=3, invariance={"spread": {"names": spread}})


def with_typos(fields: dict[str, Any], **changes: object) -> None:
    typo = {"num_reviews": 9, "change_ratio": 0.1} | changes
    fields.update(schema_version=3, invariance={"label_changes": {"typo": typo}})


def with_invariance() -> Manifest:
    figures = InvarianceFigures(
        spread={"names": SpreadFigures(num_frames=8, num_words=9, largest=0.3, mean=0.1)},
        label_changes={"typo": LabelChangeFigures(num_reviews=90, change_ratio=0.02)},
    )
    draft = replace(small_draft(), invariance=figures)
    return draft.manifest(version=3, created_at="2025-01-31T12:00:00Z")


def test_a_version_with_invariance_says_so_to_earlier_releases_and_reads_back() -> None:
    text = with_invariance().to_json()
    assert json.loads(text)["schema_version"] == 3
    assert Manifest.from_json(text) == with_invariance()
    assert "invariance" not in manifest().to_json()


def test_round_trip() -> None:
    assert Manifest.from_json(manifest().to_json()) == manifest()


@settings(deadline=None)
@given(
    recipe=st.dictionaries(st.text(), plain_values),
    counts=st.lists(st.integers(min_value=0), min_size=1),
    temperature=st.floats(min_value=1e-6, max_value=1e6),
)
def test_round_trip_of_any_values(recipe: dict[str, Any], counts: list[int], temperature: float) -> None:
    histogram = Histogram(edges=tuple(map(float, range(len(counts) + 1))), counts=tuple(counts))
    given_manifest = replace(
        manifest(), recipe=recipe, temperature=temperature, reference={"length": histogram}
    )
    assert Manifest.from_json(given_manifest.to_json()) == given_manifest


def test_equal_manifests_are_equal_bytes() -> None:
    fields = json.loads(manifest().to_json())
    fields["files"] = dict(reversed(fields["files"].items()))
    fields["recipe"] = dict(reversed(fields["recipe"].items()))
    assert Manifest.from_json(json.dumps(fields)).to_json() == manifest().to_json()


def test_text_is_indented_and_ends_in_a_newline() -> None:
    text = manifest().to_json()
    assert text.startswith('{\n  "schema_version": 1,\n  "model": "reviews",\n  "version": 3,\n')
    assert text.endswith("}\n")


def test_labels_may_be_any_script() -> None:
    text = replace(manifest(), labels=("schlecht", "größte")).to_json()
    assert "größte" in text
    assert Manifest.from_json(text).labels == ("schlecht", "größte")


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("surprise", lambda it: it.update(surprise=1)),
        ("model", lambda it: it.pop("model")),
        ("model", lambda it: it.update(model="../reviews")),
        ("version", lambda it: it.update(version=0)),
        ("version", lambda it: it.update(version="3")),
        ("version", lambda it: it.update(version=True)),
        ("schema_version", lambda it: it.update(schema_version=0)),
        ("schema_version", lambda it: it.update(schema_version="1")),
        ("schema_version", lambda it: it.pop("schema_version")),
        ("created_at", lambda it: it.update(created_at="yesterday")),
        ("created_at", lambda it: it.update(created_at="2025-13-31T12:00:00Z")),
        ("created_at", lambda it: it.update(created_at="2025-01-31T12:00:00+01:00")),
        ("labels", lambda it: it.update(labels=["only"])),
        ("labels must differ", lambda it: it.update(labels=["same", "same"])),
        ("labels.1", lambda it: it.update(labels=["good", ""])),
        ("labels.0", lambda it: it.update(labels=["two\nlines", "good"])),
        ("3 labels do not match network.num_labels, 2", lambda it: it.update(labels=["a", "b", "c"])),
        ("num_labels must be at least 2", lambda it: it["network"].update(num_labels=1)),
        ("network.depth", lambda it: it["network"].update(depth=1)),
        ("network.hidden_size", lambda it: it["network"].update(hidden_size="4")),
        ("tokenizer.stemmer", lambda it: it["tokenizer"].update(stemmer="porter")),
        ("schema_version must be at least 2", lambda it: it["tokenizer"].update(text_rules=2)),
        ("tokenizer.text_rules", lambda it: it["tokenizer"].update(text_rules=3)),
        (
            "schema_version must be at least 4",
            lambda it: it["tokenizer"].update(num_pieces=5, own_beginnings=True),
        ),
        ("own_beginnings needs pieces", lambda it: it["tokenizer"].update(own_beginnings=True)),
        ("max_tokens must be at least 4", lambda it: it["tokenizer"].update(max_tokens=1)),
        ("temperature", lambda it: it.update(temperature=0)),
        ("temperature", lambda it: it.update(temperature=float("nan"))),
        ("temperature", lambda it: it.update(temperature=float("inf"))),
        ("float", lambda it: it["recipe"].update(rate=float("nan"))),
        ("data.0.role", lambda it: it["data"][0].update(role="holdout")),
        ("data.0.source", lambda it: it["data"][0].update(source="/home/someone/reviews.csv")),
        ("data.0.sha256", lambda it: it["data"][0].update(sha256="AB" * 32)),
        ("data.0.num_reviews", lambda it: it["data"][0].update(num_reviews=-1)),
        ("data.0: label_counts", lambda it: it["data"][0].update(label_counts={"positive": 101})),
        ("evaluation.test.accuracy", lambda it: it["evaluation"]["test"].update(accuracy=1.5)),
        ("evaluation.test.auc", lambda it: it["evaluation"]["test"].update(auc="high")),
        ("evaluation.test.nll", lambda it: it["evaluation"]["test"].update(nll=float("nan"))),
        ("evaluation.test.mae", lambda it: it["evaluation"]["test"].update(mae=-0.1)),
        ("evaluation.test.within_one", lambda it: it["evaluation"]["test"].update(within_one=1.1)),
        ("test: confusion must be", lambda it: it["evaluation"]["test"].update(confusion=[[4, 1], [5]])),
        ("test: confusion must add", lambda it: it["evaluation"]["test"].update(confusion=[[4, 1], [1, 3]])),
        ("evaluation.test.confusion", lambda it: it["evaluation"]["test"].update(confusion=[[10]])),
        ("probes.negated praise.num_cases", lambda it: it["probes"]["negated praise"].update(num_cases=0)),
        ("praise.failure_ratio", lambda it: it["probes"]["negated praise"].update(failure_ratio=1.01)),
        ("praise.failure_ratio", lambda it: it["probes"]["negated praise"].pop("failure_ratio")),
        ("praise.surprise", lambda it: it["probes"]["negated praise"].update(surprise=1)),
        ("probes. ", lambda it: it["probes"].update({" ": it["probes"]["negated praise"]})),
        ("probes", lambda it: it.update(probes=None)),
        ("test in train.num_near", lambda it: it["duplicates"]["test in train"].update(num_near=-1)),
        ("test in train: num_exact", lambda it: it["duplicates"]["test in train"].update(num_exact=4)),
        ("test in train: num_exact", lambda it: it["duplicates"]["test in train"].update(num_reviews=2)),
        ("schema_version must be at least 3", lambda it: it.update(invariance={})),
        ("spread.names: mean cannot", lambda it: with_spread(it, mean=0.4)),
        ("spread.names.largest", lambda it: with_spread(it, largest=1.1)),
        ("spread.names.num_words", lambda it: with_spread(it, num_words=1)),
        ("spread.names.surprise", lambda it: with_spread(it, surprise=1)),
        ("label_changes.typo.num_reviews", lambda it: with_typos(it, num_reviews=0)),
        ("label_changes.typo.change_ratio", lambda it: with_typos(it, change_ratio=-0.1)),
        ("num_runs", lambda it: it.update(num_runs=0)),
        ("num_runs", lambda it: it.update(num_runs="7")),
        ("reference.score: 3 counts", lambda it: it["reference"]["score"].update(counts=[1, 2, 3])),
        ("reference.score: edges", lambda it: it["reference"]["score"].update(edges=[0, 0.5, 0.5])),
        ("reference.score.edges.0", lambda it: it["reference"]["score"].update(edges=[float("-inf"), 0, 1])),
        ("reference.score.counts.1", lambda it: it["reference"]["score"].update(counts=[1, -2])),
        ("files must list tokenizer.json", lambda it: it["files"].pop("tokenizer.json")),
        ("files.MODEL_CARD.md.size_bytes", lambda it: it["files"]["MODEL_CARD.md"].update(size_bytes=-1)),
        ("files.MODEL_CARD.md.sha256", lambda it: it["files"]["MODEL_CARD.md"].update(sha256="beef")),
        ("files.../secret", lambda it: it["files"].update({"../secret": it["files"]["MODEL_CARD.md"]})),
        ("files./etc/hosts", lambda it: it["files"].update({"/etc/hosts": it["files"]["MODEL_CARD.md"]})),
    ],
)  # fmt: skip
def test_broken_rule_is_refused_by_its_field(field: str, change: Change) -> None:
    with pytest.raises(InvalidManifest) as refusal:
        Manifest.from_json(changed(change), source="store/reviews/3/manifest.json")
    assert str(refusal.value).startswith("store/reviews/3/manifest.json: ")
    assert field in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", b"\xff\xfe"])
def test_other_text_is_refused(text: str | bytes) -> None:
    with pytest.raises(InvalidManifest, match=r"^manifest.json: "):
        Manifest.from_json(text)


def test_several_problems_are_counted() -> None:
    text = changed(lambda it: it.update(model="", version=0, temperature=-1))
    with pytest.raises(InvalidManifest, match=r"model: .* \(and 2 more\)$"):
        Manifest.from_json(text)


def test_newer_schema_is_refused_before_the_rest_is_parsed() -> None:
    text = json.dumps({"schema_version": SCHEMA_VERSION + 1, "libraries": {"sentiment-service": "4.5.6"}})
    with pytest.raises(NewerSchema, match=r"by sentiment-service 4\.5\.6 with schema version 5.* upgrade"):
        Manifest.from_json(text)


@pytest.mark.parametrize("libraries", [None, ["torch"], {}])
def test_newer_schema_may_name_its_writer_otherwise(libraries: object) -> None:
    text = json.dumps({"schema_version": SCHEMA_VERSION + 7, "libraries": libraries})
    with pytest.raises(NewerSchema, match=r"a later release with schema version 11"):
        Manifest.from_json(text)


def test_a_version_that_older_releases_can_read_has_the_first_schema() -> None:
    text = manifest().to_json()
    assert json.loads(text)["schema_version"] == 1
    assert "text_rules" not in text
    refuse_newer_schema(text, "manifest.json")


def test_a_version_with_a_field_of_a_later_schema_is_refused_by_older_releases() -> None:
    draft = replace(small_draft(), tokenizer=replace(TOKENIZER, text_rules=2))
    text = draft.manifest(version=3, created_at="2025-01-31T12:00:00Z").to_json()
    assert json.loads(text)["schema_version"] == 2
    assert Manifest.from_json(text).tokenizer.text_rules == 2
    with pytest.raises(NewerSchemaFor010, match=r"with schema version 2.*: upgrade sentiment-service$"):
        refuse_newer_schema(text, "manifest.json")


def test_auc_may_be_missing() -> None:
    given_manifest = replace(manifest(), evaluation={"test": replace(EVALUATION, auc=None)})
    assert Manifest.from_json(given_manifest.to_json()) == given_manifest


def test_manifest_from_before_there_were_probes_is_read() -> None:
    text = changed(lambda it: it.pop("probes"))
    assert Manifest.from_json(text) == replace(manifest(), probes={})


def test_manifest_from_before_duplicates_and_runs_were_counted_is_read() -> None:
    text = changed(lambda it: (it.pop("duplicates"), it.pop("num_runs")))
    assert Manifest.from_json(text) == replace(manifest(), duplicates={}, num_runs=None)


def test_probes_are_written_in_the_order_of_their_names() -> None:
    figures = ProbeFigures(num_cases=30, failure_ratio=0.5)
    given_manifest = replace(manifest(), probes={"b": figures, "a": figures})
    assert list(Manifest.from_json(given_manifest.to_json()).probes) == ["a", "b"]


def test_size() -> None:
    assert manifest().size_bytes == sum(map(len, small_draft().payload.values()))


def test_figures_from_before_there_were_stars_are_read() -> None:
    fields = json.loads(manifest().to_json())
    figures = fields["evaluation"]["test"]
    assert figures.pop("mae") is figures.pop("within_one") is None
    assert Manifest.from_json(json.dumps(fields)) == manifest()
    figures |= {"mae": 0.25, "within_one": 0.9}
    read = Manifest.from_json(json.dumps(fields)).evaluation["test"]
    assert (read.mae, read.within_one) == (0.25, 0.9)
