"""Which reviews belong to which domain, so that each domain can have figures of its own."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from reviews import Review, ReviewCollection
from training.data.sources import source_names

__all__ = ["MIN_REVIEWS_OF_DOMAIN", "OTHER_DOMAIN", "indices_by_domain"]

MIN_REVIEWS_OF_DOMAIN = 30
"""Minimum number of reviews for a domain to have figures of its own: with fewer they say little."""
OTHER_DOMAIN = "other"
"""What the domains with fewer reviews are called together."""


def indices_by_domain(
    collection: ReviewCollection, chosen: Sequence[int] | None = None
) -> dict[str, tuple[int, ...]]:
    """Return the indices of each domain's reviews among all reviews, or among the `chosen` ones.

    A review without a domain belongs to one that is called by its file; those domains are never put together
    as others. `chosen` are indices into the collection. The result is in order of the domains' first reviews,
    the others last, and empty for a single domain, whose figures are those of the whole.
    """
    domains = list(_domains(collection))
    if chosen is not None:
        domains = [domains[index] for index in chosen]
    counts = Counter(name for name, is_file in domains if not is_file)
    found: dict[str, list[int]] = defaultdict(list)
    others: list[int] = []
    for index, (name, is_file) in enumerate(domains):
        is_small = not is_file and (name == OTHER_DOMAIN or counts[name] < MIN_REVIEWS_OF_DOMAIN)
        (others if is_small else found[name]).append(index)
    if others:
        found[OTHER_DOMAIN] = sorted([*found.pop(OTHER_DOMAIN, []), *others])
    return {name: tuple(indices) for name, indices in found.items()} if len(found) > 1 else {}


def _domains(collection: ReviewCollection) -> Iterator[tuple[str, bool]]:
    """Yield the domain of each review, and whether it is called by the file for lack of a domain."""
    names = source_names([source.path for source in collection.sources])
    reviews: Iterator[Review] = iter(collection.reviews)
    for name, source in zip(names, collection.sources, strict=True):
        for _ in range(source.num_reviews):
            domain = next(reviews).domain
            yield (name, True) if domain is None else (domain, False)
