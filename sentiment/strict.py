"""Configurations and files that are read strictly, declared once for every dataclass that pydantic reads."""

from typing import TypeVar

__all__ = ["strict"]

T = TypeVar("T")


def strict(cls: type[T]) -> type[T]:
    """Make pydantic refuse unknown fields, values of another type, and numbers that are not finite."""
    config = {"extra": "forbid", "strict": True, "allow_inf_nan": False}
    cls.__pydantic_config__ = config  # type: ignore[attr-defined]  # where pydantic looks for it
    return cls
