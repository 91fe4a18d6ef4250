"""Reviews that wait for a batch, found by age and by length."""

from collections import OrderedDict
from collections.abc import Iterator

from sentiment.lengths import LENGTH_STEP_TOKENS, round_up
from service.batching.request import Item

__all__ = ["Waiting", "padded_length"]

# Reviews whose lengths differ by more than this would mostly compute each other's padding.
LEAST_LENGTH_RATIO = 0.75


class Waiting:
    """An ordered set of reviews; it finds, adds and removes one in the same time however many wait."""

    def __init__(self) -> None:
        # Linked lists inside, since a plain dict grows slow when it is emptied from the front.
        self._by_age: OrderedDict[Item, None] = OrderedDict()
        self._by_length: dict[int, OrderedDict[Item, None]] = {}

    def __len__(self) -> int:
        return len(self._by_age)

    def __contains__(self, item: Item) -> bool:
        return item in self._by_age

    def add(self, item: Item) -> None:
        """Add a review behind all others."""
        self._by_age[item] = None
        self._by_length.setdefault(padded_length(item), OrderedDict())[item] = None

    def remove(self, item: Item) -> None:
        """Take a review out."""
        del self._by_age[item]
        length = padded_length(item)
        del self._by_length[length][item]
        if not self._by_length[length]:
            del self._by_length[length]

    def oldest(self) -> Item | None:
        """Return the review that has waited longest."""
        return next(iter(self._by_age), None)

    def by_age(self) -> Iterator[Item]:
        """Yield all reviews, the oldest first. Change nothing while it runs."""
        return iter(self._by_age)

    def near(self, anchor: Item) -> Iterator[Item]:
        """Yield reviews of near-equal length: those of the anchor's own first, each length's oldest first.

        Change nothing while it runs.
        """
        length = padded_length(anchor)
        for other in sorted(self._by_length, key=lambda other: (abs(other - length), other)):
            if min(other, length) >= LEAST_LENGTH_RATIO * max(other, length):
                yield from self._by_length[other]


def padded_length(item: Item) -> int:
    """Return the number of tokens that a review's row has at least in the network."""
    return round_up(item.num_tokens, LENGTH_STEP_TOKENS)
