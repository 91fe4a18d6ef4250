"""Which versions are held, as the routes describe it."""

from typing import Any

from service.runtime.refusal import Refusal
from service.runtime.versions import Candidate, Versions
from service.schemas.rollout import CandidateShares, RefusedVersion

__all__ = ["describe_slots"]


def describe_slots(versions: Versions, *, for_admins: bool) -> dict[str, Any]:
    """Return the fields of `Slots`; what refuses a version may name files of the server to admins alone."""
    return {
        "follows": versions.follows,
        "live": None if versions.live is None else versions.live.number,
        "previous": None if versions.previous is None else versions.previous.manifest.version,
        "refused": _refused(versions.refusal, for_admins=for_admins),
        "candidate": _candidate(versions.candidate),
        "candidate_refused": _refused(versions.candidate_refusal, for_admins=for_admins),
    }


def _refused(refusal: Refusal | None, *, for_admins: bool) -> RefusedVersion | None:
    if refusal is None:
        return None
    reason = refusal.reason if for_admins else refusal.summary
    return RefusedVersion(version=refusal.version, reason=reason, since=refusal.since)


def _candidate(candidate: Candidate | None) -> CandidateShares | None:
    if candidate is None:
        return None
    rollout = candidate.rollout
    return CandidateShares(version=candidate.slot.number, canary=rollout.canary, shadow=rollout.shadow)
