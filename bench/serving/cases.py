"""The loads that each server is measured under."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["CAPACITY_CASE", "CASES", "LoadCase"]

Arrival = Literal["closed", "constant", "overload"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCase:
    """One load."""

    title: str
    arrival: Arrival = "closed"
    """Clients that wait for answers; one constant rate for all; or twice the server's own capacity."""
    num_connections: int = 1
    """Of a closed loop."""
    reviews_per_request: int = 1
    short: bool = False
    """Reviews of 10 to 40 words in place of the real mix."""
    load_ratio: float = 0.0
    """Arrival rate: a share of this service's capacity if constant, of the server's own for an overload."""
    time_ratio: float = 1.0
    """Share of the usual time of a case: long requests need more time for as many answers."""
    deadline_seconds: float = 10.0
    """When a client that does not wait in line hangs up."""


CAPACITY_CASE: Final = "single-64"
"""The case whose reviews/s count as a server's capacity."""

CASES: Final[Mapping[str, LoadCase]] = {
    "single-1": LoadCase(title="single reviews, concurrency 1"),
    "single-16": LoadCase(title="single reviews, concurrency 16", num_connections=16),
    CAPACITY_CASE: LoadCase(title="single reviews, concurrency 64", num_connections=64),
    "short-64": LoadCase(title="short single reviews, concurrency 64", num_connections=64, short=True),
    # Four, so that each core has a request in work and one waiting.
    "requests-of-32": LoadCase(
        title="requests of 32 reviews, concurrency 4",
        num_connections=4,
        reviews_per_request=32,
        time_ratio=2.0,
    ),
    "constant": LoadCase(title="single reviews at a constant rate", arrival="constant", load_ratio=0.25),
    "overload": LoadCase(
        title="single reviews at twice the server's own capacity",
        arrival="overload",
        load_ratio=2.0,
        deadline_seconds=1.0,
    ),
}
