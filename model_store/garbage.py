"""Which versions nobody needs any more."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from model_store.errors import StoreError
from model_store.history import live_since
from model_store.moment import moment
from model_store.store import Store

__all__ = ["NUM_NEWEST", "RECENT", "Verdict", "judge"]

NUM_NEWEST = 3
RECENT = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a version stays, and why."""

    model: str
    version: int
    keep: bool
    why: str
    size_bytes: int


def judge(store: Store, model: str, now: datetime) -> list[Verdict]:
    """Return a verdict on each version of a model, by rising number.

    The newest three stay, what was live within 30 days, what an alias or the rollout names, and what cannot
    be read. Raises ModelNotFound, CorruptAliases, CorruptHistory and CorruptRollout: then nothing may go.
    """
    needs = _needs(store, model, now)
    return [_judge(store, model, version, needs.get(version)) for version in store.versions(model)]


def _needs(store: Store, model: str, now: datetime) -> dict[int, str]:
    """Return the versions that stay, each with the most telling reason."""
    needs = dict.fromkeys(store.versions(model)[-NUM_NEWEST:], "one of the newest three")
    recent = live_since(store.history(model), moment(now - RECENT))
    needs |= dict.fromkeys(recent, "an alias named it within 30 days")
    if rollout := store.rollout(model):
        needs[rollout.candidate] = "candidate of the rollout"
    return needs | {version: f"alias {alias}" for alias, version in store.aliases(model).items()}


def _judge(store: Store, model: str, version: int, need: str | None) -> Verdict:
    try:
        size_bytes = store.manifest(model, version).size_bytes
    except StoreError as error:
        need, size_bytes = need or str(error), 0
    why = need or "older than the newest three, and no alias has named it for 30 days"
    return Verdict(model=model, version=version, keep=need is not None, why=why, size_bytes=size_bytes)
