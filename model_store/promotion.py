"""Putting a version into service, and taking it back.

Before an alias moves, the version is verified and reproduces its golden examples. One that is promoted is
compared with the live one as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from model_store import golden
from model_store.errors import NothingLiveBefore, PromotionRefused, StoreError
from model_store.history import Event, Reason, was_live
from model_store.manifest import Manifest, ProbeFigures
from model_store.reference import DEFAULT_ALIAS, parse
from model_store.rollout import Rollout
from model_store.store import Store
from model_store.version import ModelVersion

__all__ = ["MAX_PROBE_DROP", "Finding", "Wish", "begin_rollout", "check", "promote", "rollback"]

MAX_PROBE_DROP = 0.005
"""How much less of the probes a version may pass than the live one, all compared cases together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a comparison with the live version shows."""

    text: str
    """One line for people."""
    evidence: Mapping[str, JsonValue] = field(default_factory=dict)
    """Figures for the history."""
    objection: str | None = None
    """Why the version should not go live, if it should not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the person who promotes a version asks for."""

    alias: str = DEFAULT_ALIAS
    why: str = ""
    force: bool = False
    """Whether to go on in spite of objections. Nothing helps a version that fails its checks."""


def check(store: Store, reference: str) -> ModelVersion:
    """Return a version whose hashes are right and that reproduces its golden examples here.

    Raises what `Store.load` raises, and GoldenMismatch.
    """
    version = store.load(reference)
    golden.check(version.classifier, version.golden)
    return version


def promote(
    store: Store, reference: str, wish: Wish, findings: Sequence[Finding] = ()
) -> tuple[Event | None, list[Finding]]:
    """Check a version, compare it with the live one, and move the alias to it.

    Returns the history's line, None if it was live already, and all findings: those given, which come from
    comparisons made elsewhere, and that on the probes. Raises PromotionRefused for an objection that is not
    overruled and for other labels, AliasMoved, and what `check` raises.
    """
    model, version = store.resolve(reference)
    live = store.aliases(model).get(wish.alias)
    if live == version:
        return None, []
    manifest = check(store, f"{model}@{version}").manifest
    all_findings = [*findings, _compare(store, manifest, live)]
    objections = [finding.objection for finding in all_findings if finding.objection is not None]
    if objections and not wish.force:
        raise PromotionRefused(
            f"{model}@{version} does not become {wish.alias}: {'; '.join(objections)}: "
            "use another version, or --force --why TEXT"
        )
    evidence: dict[str, JsonValue] = {"forced": True} if objections else {}
    for finding in all_findings:
        evidence |= finding.evidence
    reason = Reason(action="promote", why=wish.why, evidence=evidence)
    return store.set_alias(model, wish.alias, version, reason, before=live), all_findings


def rollback(store: Store, reference: str, why: str = "") -> Event:
    """Move an alias back to the version that was live before, once it is checked.

    `reference` is a model or a model with an alias. It never goes to a version that was itself rolled back.
    Raises NothingLiveBefore, AliasMoved, and what `check` raises.
    """
    wanted = parse(reference)
    alias = str(wanted.selector)
    live = store.aliases(wanted.model).get(alias)
    earlier = was_live(store.history(wanted.model), alias, live)
    if isinstance(wanted.selector, int) or not earlier:
        raise NothingLiveBefore(
            f"{wanted}: its history names no version to roll back to: name one, as in "
            f"`sentiment-models promote {wanted.model}@VERSION`"
        )
    check(store, f"{wanted.model}@{earlier[0]}")
    reason = Reason(action="rollback", why=why)
    return store.set_alias(wanted.model, alias, earlier[0], reason, before=live)


def begin_rollout(store: Store, model: str, rollout: Rollout, why: str = "") -> Event:
    """Check a candidate, and let services try it beside the live version.

    Raises PromotionRefused for the live version itself and for other labels, and what `check` raises.
    """
    live = store.aliases(model).get(DEFAULT_ALIAS)
    if live == rollout.candidate:
        raise PromotionRefused(f"{model}@{live} is live already")
    _compare(store, check(store, f"{model}@{rollout.candidate}").manifest, live)
    evidence: dict[str, JsonValue] = {"canary": rollout.canary, "shadow": rollout.shadow}
    return store.set_rollout(model, rollout, Reason(action="rollout", why=why, evidence=evidence))


def compare_probes(live: Manifest, candidate: Manifest) -> Finding:
    """Compare the shares of the probes that two versions pass, in the capabilities with as many cases."""
    alike = [name for name, probe in live.probes.items() if _num_cases(candidate, name) == probe.num_cases]
    others = sorted((live.probes.keys() | candidate.probes.keys()) - set(alike))
    missing: dict[str, JsonValue] = {"probes_not_compared": list(others)} if others else {}
    if not alike:
        return Finding(text="probes: they do not compare", evidence=missing)
    before, after = (_passed_ratio([each.probes[name] for name in alike]) for each in (live, candidate))
    text = f"probes: {after:.2%} passed, before {before:.2%}, in {len(alike)} capabilities"
    objection = None
    if before - after > MAX_PROBE_DROP + 1e-9:  # half a point may be a little more in binary
        objection = f"it passes {after:.2%} of the probes, {live.model}@{live.version} {before:.2%}"
    return Finding(
        text=f"{text}; these do not compare: {', '.join(others)}" if others else text,
        evidence={"probes_passed": after, "probes_passed_before": before, **missing},
        objection=objection,
    )


def _compare(store: Store, candidate: Manifest, live: int | None) -> Finding:
    if live is None:
        return Finding(text="probes: no version is live to compare with")
    try:
        manifest = store.manifest(candidate.model, live)
    except StoreError as error:
        return Finding(text=f"probes: the live version cannot be compared with: {error}")
    if set(manifest.labels) != set(candidate.labels):
        raise PromotionRefused(
            f"{candidate.model}@{candidate.version} has the labels {', '.join(candidate.labels)}, version "
            f"{live} has {', '.join(manifest.labels)}: publish a model with other labels under another name"
        )
    return compare_probes(manifest, candidate)


def _num_cases(manifest: Manifest, name: str) -> int | None:
    probe = manifest.probes.get(name)
    return None if probe is None else probe.num_cases


def _passed_ratio(probes: Sequence[ProbeFigures]) -> float:
    num_failed = sum(probe.failure_ratio * probe.num_cases for probe in probes)
    return 1 - num_failed / sum(probe.num_cases for probe in probes)
