"""What the store says: which version is to be live, and which ones were before."""

from model_store import Store, StoreError, was_live
from model_store.reference import parse

__all__ = ["earlier_versions", "is_pinned", "wanted_version"]


def is_pinned(reference: str) -> bool:
    """Return whether a reference has a version number, which always means the same version."""
    return isinstance(parse(reference).selector, int)


def wanted_version(store: Store, reference: str) -> int:
    """Return the number that a reference leads to now; raises StoreError."""
    return store.resolve(reference)[1]


def earlier_versions(store: Store, reference: str) -> list[int]:
    """Return the versions that an alias named before the present one, the newest first, without raising.

    Those that were rolled back are not among them.
    """
    wanted = parse(reference)
    alias = str(wanted.selector)
    try:
        current = store.aliases(wanted.model).get(alias)
    except StoreError:  # an alias file that cannot be read names nothing
        current = None
    try:
        return was_live(store.history(wanted.model), alias, current)
    except StoreError:
        return []
