"""The recipes that ship, by name; separate from reading them, which takes longer to import."""

from pathlib import Path

__all__ = ["RECIPES", "recipe_names"]

RECIPES = Path(__file__).parent.parent / "recipes"


def recipe_names() -> list[str]:
    """Return the names of the recipes that ship."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))
