"""Recipes that change a few fields of another."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from training.recipe.recipe import Recipe, recipe_from_fields

__all__ = ["Fields", "Overrides", "changed"]

Fields = Mapping[str, JsonValue]
"""Fields of a table."""
Overrides = Mapping[str, Fields | None]
"""Fields of a recipe's tables by the table's name; None takes the whole table out."""


def changed(recipe: Recipe, overrides: Overrides) -> Recipe:
    """Return the recipe with some fields of its tables changed; raises InvalidRecipe."""
    fields: dict[str, Any] = recipe.fields()
    for table, values in overrides.items():
        fields[table] = None if values is None else {**(fields[table] or {}), **values}
    return recipe_from_fields(fields, source="an override")
