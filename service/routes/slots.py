"""Which versions are held, as the routes describe it."""

from dataclasses import asdict
from typing import Any

from service.runtime.versions import Candidate, Refusal, Versions
from service.schemas.rollout import CandidateShares, RefusedVersion

__all__ = ["describe_slots"]


def describe_slots(versions: Versions) -> dict[str, Any]:
    """Return the fields of `Slots`."""
    return {
        "follows": versions.follows,
        "live": None if versions.live is None else versions.live.number,
        "previous": None if versions.previous is None else versions.previous.manifest.version,
        "refused": _refused(versions.refusal),
        "candidate": _candidate(versions.candidate),
        "candidate_refused": _refused(versions.candidate_refusal),
    }


def _refused(refusal: Refusal | None) -> RefusedVersion | None:
    return None if refusal is None else RefusedVersion(**asdict(refusal))


def _candidate(candidate: Candidate | None) -> CandidateShares | None:
    if candidate is None:
        return None
    rollout = candidate.rollout
    return CandidateShares(version=candidate.slot.number, canary=rollout.canary, shadow=rollout.shadow)
