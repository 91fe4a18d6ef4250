"""Which of many processes this one is: behind a proxy, requests reach now one and now another."""

import secrets
from dataclasses import dataclass, field

from model_store.moment import moment, utc_now

__all__ = ["Replica"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """One start of the service. Its id is new with each start, and says nothing about the machine."""

    id: str = field(default_factory=lambda: secrets.token_hex(6))
    started_at: str = field(default_factory=lambda: moment(utc_now()))
    """ISO 8601 in UTC."""
