"""The table of figures by domain, and their means, in which a small domain counts as much as a large one."""

from collections.abc import Mapping, Sequence

from model_store import FIGURES, Evaluation
from training.data.summary import aligned

__all__ = ["DOMAIN_HEADER", "domain_lines", "domain_rows"]

DOMAIN_HEADER = ("domain", "reviews", "accuracy", "ECE")

_MEAN = "mean over domains"


def domain_rows(domains: Mapping[str, Evaluation]) -> list[tuple[str, str, str, str]]:
    """Return the cells of a row for each domain and of one for their means; none without domains."""
    if not domains:
        return []
    num_reviews = sum(figures.num_reviews for figures in domains.values())
    means = (_mean([getattr(figures, name) for figures in domains.values()]) for name in ("accuracy", "ece"))
    rows = [_row(name, it.num_reviews, it.accuracy, it.ece) for name, it in domains.items()]
    return [*rows, _row(_MEAN, num_reviews, *means)]


def domain_lines(domains: Mapping[str, Evaluation]) -> list[str]:
    """Return the table as lines for people; none without domains."""
    return aligned([DOMAIN_HEADER, *domain_rows(domains)]) if domains else []


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _row(name: str, num_reviews: int, accuracy: float, ece: float) -> tuple[str, str, str, str]:
    return name, f"{num_reviews:,}", FIGURES["accuracy"].text(accuracy), FIGURES["ece"].text(ece)
