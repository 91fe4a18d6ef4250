"""Which requests a candidate answers, or is compared on."""

from hashlib import sha256

__all__ = ["takes"]

NUM_BUCKETS = 10_000


def takes(key: bytes, *, salt: str, share: float) -> bool:
    """Return whether a key belongs to a share, from 0 to 1, of all keys.

    The same key belongs to it again, and a larger share holds every key of a smaller one. The salt, with the
    version in it, gives each rollout other keys.
    """
    digest = sha256(salt.encode() + b"\0" + key).digest()
    return int.from_bytes(digest[:8], "big") % NUM_BUCKETS < round(share * NUM_BUCKETS)
