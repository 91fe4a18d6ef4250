"""What the command line imports: a library that a command does not use costs seconds and hundreds of MB."""

import subprocess
import sys
from pathlib import Path

import pytest

import training.learning
from training.cli import parser

HEAVY = {"gensim", "matplotlib", "pyarrow", "scipy", "sklearn", "torch"}
HELP = """\
import contextlib, io
from training.__main__ import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main({arguments!r})
"""
RECIPES = """\
from training.recipe.recipe import load_recipe
from training.recipe.shipped import recipe_names
recipes = [load_recipe(name) for name in recipe_names()]
"""
RUN = """\
import contextlib, io
from training.__main__ import main
with contextlib.redirect_stdout(io.StringIO()):
    assert main({arguments!r}) == 0
"""


def imported(program: str) -> set[str]:
    """Return the packages that a program has imported at its end."""
    command = [sys.executable, "-c", f"{program}\nimport sys\nprint(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def commands() -> list[str]:
    """Return the names of all commands."""
    return [choice for action in parser("")._actions for choice in action.choices or ()]


@pytest.mark.parametrize("command", [None, *commands()])
def test_help_needs_no_heavy_library(command: str | None) -> None:
    arguments = [command, "--help"] if command else ["--help"]
    assert not imported(HELP.format(arguments=arguments)) & HEAVY


def test_recipes_are_read_without_a_heavy_library() -> None:
    assert not imported(RECIPES) & HEAVY


def test_networks_are_fitted_with_torch_alone() -> None:
    modules = [path.stem for path in (Path(training.learning.__file__).parent).glob("[!_]*.py")]
    program = "\n".join(f"import training.learning.{module}" for module in modules)
    assert imported(program) & HEAVY == {"torch"}


def test_evaluate_draws_nothing(tiny_store: Path, tiny_reviews: Path) -> None:
    arguments = ["evaluate", "--test", str(tiny_reviews), "--store", str(tiny_store), "--device", "cpu"]
    found = imported(RUN.format(arguments=arguments))
    assert "torch" in found
    assert "matplotlib" not in found
