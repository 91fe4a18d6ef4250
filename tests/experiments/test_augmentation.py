"""`experiments/augmentation.py` measures every ingredient, and its write-up has a row for each."""

import subprocess
import sys
from pathlib import Path

from experiments.augmentation import ALONE, AugmentationResult, table
from training.recipe.recipe import load_recipe
from training.recipe.tables import Augmentation

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "experiments/augmentation.md").read_text(encoding="utf-8")


def test_every_ingredient_is_measured_and_documented(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path
) -> None:
    recipe = tmp_path / "pieces.toml"
    tiny = tiny_recipe.read_text(encoding="utf-8").replace("[tokenizer]", "[tokenizer]\nnum_pieces = 50")
    recipe.write_text(tiny.replace("epochs = 3", "epochs = 1"), encoding="utf-8")
    command = [sys.executable, "-m", "experiments.augmentation", str(tiny_reviews)]
    command += ["--unlabelled", str(tiny_reviews), "--recipe", str(recipe), "--num-seeds", "2"]
    command += ["--num-reviews", "76", "--num-texts", "40", "--results", str(tmp_path / "results.json")]
    first, second = (
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout for _ in range(2)
    )
    rows = table_rows(first)
    assert table_rows(second) == rows  # from the results that the first call saved
    assert len(rows) == 4 + len(ALONE) + 1
    assert rows[0] in DOCUMENT
    names = [row.split(" | ")[0] for row in rows[4:]]
    assert [name for name in names if f"{name} |" not in DOCUMENT] == []


def test_there_is_a_row_for_each_field_of_the_table() -> None:
    assert ALONE.keys() == {*Augmentation().rates, "num_neutral"}


def test_the_shipped_small_recipe_has_the_pieces_that_one_ingredient_needs() -> None:
    recipe = load_recipe(str(ROOT / "experiments/augmentation.toml"))
    assert recipe.tokenizer.num_pieces
    assert recipe.augmentation == Augmentation()


def test_a_figure_outside_the_margin_of_the_base_has_a_star() -> None:
    base = [AugmentationResult({"accuracy": each}) for each in (0.80, 0.81, 0.82)]
    lines = list(table(base, {"near": base[0], "far": AugmentationResult({"accuracy": 0.9})}))
    assert lines[2:4] == ["| base | 81.0 |", "| one more run, ± | 5.0 |"]
    assert lines[4:] == ["| near | 80.0 |", "| far | 90.0 * |"]


def table_rows(printed: str) -> list[str]:
    return [line for line in printed.splitlines() if line.startswith("|")]
