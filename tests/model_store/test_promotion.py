from collections.abc import Mapping
from dataclasses import replace

import pytest

from model_store import (
    AliasMoved,
    CorruptVersion,
    Draft,
    GoldenMismatch,
    NothingLiveBefore,
    ProbeFigures,
    PromotionRefused,
    Rollout,
    Store,
    golden,
)
from model_store.promotion import Finding, Wish, begin_rollout, compare_probes, promote, rollback
from tests.model_store.drafts import with_files
from tests.model_store.edits import edit_manifest

PROBES = {"negation": 100, "typos": 300}


def with_probes(draft: Draft, failures: Mapping[str, float], **num_cases: int) -> Draft:
    cases = PROBES | num_cases
    probes = {
        name: ProbeFigures(num_cases=cases[name], failure_ratio=ratio) for name, ratio in failures.items()
    }
    return replace(draft, probes=probes)


@pytest.fixture
def live(store: Store, loadable: Draft) -> Store:
    """A store whose first version is live and fails a tenth of the probes."""
    store.publish(with_probes(loadable, {"negation": 0.1, "typos": 0.1}))
    store.set_alias("reviews", "production", 1)
    return store


def test_promote_moves_the_alias_and_keeps_the_figures(live: Store, loadable: Draft) -> None:
    live.publish(with_probes(loadable, {"negation": 0.12, "typos": 0.1}))
    other = Finding(text="", evidence={"accuracy_difference": -0.001})
    event, findings = promote(live, "reviews@2", Wish(why="short texts"), [other])
    assert live.aliases("reviews") == {"production": 2}
    assert event is not None
    assert (event.action, event.from_version, event.to_version, event.why) == ("promote", 1, 2, "short texts")
    assert event.evidence == {
        "accuracy_difference": -0.001,
        "probes_passed": pytest.approx(0.895),
        "probes_passed_before": pytest.approx(0.9),
    }
    assert findings[-1].text == "probes: 89.50% passed, before 90.00%, in 2 capabilities"
    assert event == live.history("reviews")[-1]


@pytest.mark.parametrize("failures", [{"negation": 0.13, "typos": 0.1}, {"negation": 0.1, "typos": 0.11}])
def test_half_a_point_less_of_the_probes_is_refused(
    live: Store, loadable: Draft, failures: Mapping[str, float]
) -> None:
    live.publish(with_probes(loadable, failures))
    refusal = (
        r"reviews@2 does not become production: it passes 89\.\d\d% .*reviews@1 90\.00%.* --force --why TEXT"
    )
    with pytest.raises(PromotionRefused, match=refusal):
        promote(live, "reviews@2", Wish())
    assert live.aliases("reviews") == {"production": 1}
    event, _ = promote(live, "reviews@2", Wish(force=True, why="asked for"))
    assert event is not None
    assert (event.why, event.evidence["forced"]) == ("asked for", True)
    assert live.aliases("reviews") == {"production": 2}


def test_an_objection_from_elsewhere_is_refused(live: Store, loadable: Draft) -> None:
    live.publish(loadable)
    finding = Finding(text="", objection="it is 3 points worse")
    with pytest.raises(PromotionRefused, match=r"it is 3 points worse: use another version"):
        promote(live, "reviews@2", Wish(), [finding])


def test_probes_that_differ_do_not_compare(live: Store, loadable: Draft) -> None:
    live.publish(with_probes(loadable, {"negation": 1.0, "typos": 0.1}, negation=99))
    event, findings = promote(live, "reviews@2", Wish())
    assert event is not None
    assert findings[-1].text == (
        "probes: 90.00% passed, before 90.00%, in 1 capabilities; these do not compare: negation"
    )
    assert event.evidence["probes_not_compared"] == ["negation"]


def test_no_common_probe(live: Store, draft: Draft) -> None:
    other = with_probes(draft, {"typos": 1.0}, typos=7)
    live.publish(other)
    finding = compare_probes(live.manifest("reviews", 1), live.manifest("reviews", 2))
    assert (finding.text, finding.objection) == ("probes: they do not compare", None)


def test_the_live_version_is_not_promoted_again(live: Store) -> None:
    assert promote(live, "reviews@1", Wish()) == (None, [])
    assert len(live.history("reviews")) == 1


def test_the_first_promotion_has_nothing_to_compare_with(store: Store, loadable: Draft) -> None:
    store.publish(loadable)
    event, _ = promote(store, "reviews@1", Wish(alias="staging"))
    assert event is not None
    assert store.aliases("reviews") == {"staging": 1}


def test_force_does_not_help_a_damaged_version(live: Store, loadable: Draft) -> None:
    live.publish(loadable)
    (live.root / "reviews" / "2" / "model.safetensors").write_bytes(b"WEIGHTS")
    with pytest.raises(CorruptVersion, match=r"model\.safetensors"):
        promote(live, "reviews@2", Wish(force=True, why="hurry"))
    with pytest.raises(CorruptVersion):
        begin_rollout(live, "reviews", Rollout(candidate=2))
    assert live.aliases("reviews") == {"production": 1}


def test_force_does_not_help_a_version_with_other_answers(live: Store, loadable: Draft) -> None:
    first, *rest = golden.read(loadable.payload["golden.jsonl"])
    other = replace(first, probabilities={"negative": 0.125, "positive": 0.875})
    live.publish(with_files(loadable, **{"golden.jsonl": golden.write([other, *rest])}))
    with pytest.raises(GoldenMismatch):
        promote(live, "reviews@2", Wish(force=True, why="hurry"))


def test_other_labels_are_another_model(live: Store, loadable: Draft) -> None:
    live.publish(loadable)
    edit_manifest(live.root / "reviews" / "1", lambda fields: fields.update(labels=["bad", "good"]))
    for act in (
        lambda: promote(live, "reviews@2", Wish(force=True, why="hurry")),
        lambda: begin_rollout(live, "reviews", Rollout(candidate=2)),
    ):
        with pytest.raises(PromotionRefused, match=r"publish a model with other labels under another name"):
            act()


def test_a_live_version_that_is_gone_does_not_block(live: Store, loadable: Draft) -> None:
    live.publish(loadable)
    (live.root / "reviews" / "aliases.json").write_text('{"production": 9}')
    event, findings = promote(live, "reviews@2", Wish())
    assert event is not None
    assert "the live version cannot be compared with" in findings[-1].text


def test_rollback_twice_goes_two_back(live: Store, loadable: Draft) -> None:
    for version in (2, 3):
        live.publish(loadable)
        promote(live, f"reviews@{version}", Wish())
    assert rollback(live, "reviews", "too slow").to_version == 2
    assert rollback(live, "reviews@production").to_version == 1
    with pytest.raises(NothingLiveBefore, match=r"as in `sentiment-models promote reviews@VERSION`"):
        rollback(live, "reviews")
    assert [(event.action, event.why) for event in live.history("reviews")][-2:] == [
        ("rollback", "too slow"),
        ("rollback", ""),
    ]
    assert live.aliases("reviews") == {"production": 1}


def test_rollback_never_goes_to_what_was_rolled_back(live: Store, loadable: Draft) -> None:
    for _ in range(2):
        live.publish(loadable)
    promote(live, "reviews@2", Wish())
    rollback(live, "reviews")
    promote(live, "reviews@3", Wish())
    assert rollback(live, "reviews").to_version == 1


def test_rollback_verifies_first(live: Store, loadable: Draft) -> None:
    live.publish(loadable)
    promote(live, "reviews@2", Wish())
    (live.root / "reviews" / "1" / "model.safetensors").write_bytes(b"WEIGHTS")
    with pytest.raises(CorruptVersion):
        rollback(live, "reviews")
    assert live.aliases("reviews") == {"production": 2}


def test_rollback_ends_the_rollout(live: Store, loadable: Draft) -> None:
    for _ in range(2):
        live.publish(loadable)
    promote(live, "reviews@2", Wish())
    begin_rollout(live, "reviews", Rollout(candidate=3, canary=0.1))
    rollback(live, "reviews")
    assert live.rollout("reviews") is None


def test_rollout_of_the_live_version_is_refused(live: Store) -> None:
    with pytest.raises(PromotionRefused, match=r"reviews@1 is live already"):
        begin_rollout(live, "reviews", Rollout(candidate=1))


def test_an_alias_that_moves_meanwhile_is_noticed(live: Store, loadable: Draft) -> None:
    live.publish(loadable)
    live.set_alias("reviews", "production", 2, before=1)
    with pytest.raises(AliasMoved, match=r"moved from version 1 to 2 meanwhile: run the command again"):
        live.set_alias("reviews", "production", 2, before=1)
    live.set_alias("reviews", "staging", 1, before=None)
    with pytest.raises(AliasMoved):
        live.set_alias("reviews", "staging", 2, before=None)
