"""Every recipe that ships, run from reviews to a published version, at a size that takes seconds."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from model_store import Store
from tests.sample_reviews import made_up_reviews, write_jsonl
from training.__main__ import main
from training.recipe.shipped import RECIPES, recipe_names

SMALL: dict[str, dict[str, Any]] = {
    "tokenizer": {"num_words": 200, "skip_top": 0, "max_tokens": 40},
    "vectors": {"epochs": 1},
    "network": {"embedding_size": 16, "hidden_size": 16},
}


def shrunk(name: str, folder: Path) -> Path:
    """Write the recipe with tiny sizes and one epoch a stage, and all that it switches on left on."""
    fields = tomllib.loads((RECIPES / f"{name}.toml").read_text(encoding="utf-8"))
    for table, values in SMALL.items():
        if table in fields:
            fields[table] |= values
    fields["validation_ratio"] = 0.2
    fields["fitting"] |= {"epochs": 2, "batch_reviews": 16}
    for table, field, size in (("tokenizer", "num_pieces", 60), ("augmentation", "num_neutral", 20)):
        if field in fields.get(table, {}):
            fields[table][field] = size
    if "num_sentences" in fields:
        fields["num_sentences"] = 20
    if "language_model" in fields:
        fields["language_model"]["num_noise"] = 20
        fields["language_model"]["fitting"] |= {"epochs": 1, "batch_reviews": 16}
    path = folder / f"{name}.toml"
    path.write_text(as_toml(fields), encoding="utf-8")
    return path


def as_toml(fields: dict[str, Any]) -> str:
    """TOML with one level of tables, the deeper ones inline."""
    values = {name: value for name, value in fields.items() if not isinstance(value, dict)}
    tables = {name: value for name, value in fields.items() if isinstance(value, dict)}
    lines = [f"{name} = {inline(value)}" for name, value in values.items()]
    for table, content in tables.items():
        lines += ["", f"[{table}]", *(f"{name} = {inline(value)}" for name, value in content.items())]
    return "\n".join(lines) + "\n"


def inline(value: object) -> str:
    """A value as TOML writes it in a line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {inline(each)}" for name, each in value.items()) + " }"
    return json.dumps(value)


@pytest.mark.parametrize("name", [name for name in recipe_names() if name != "adapt"])
def test_a_shipped_recipe_runs_from_reviews_to_a_version(
    name: str, tmp_path: Path, tiny_store: Path, tiny_reviews: Path
) -> None:
    unlabelled = write_jsonl(
        tmp_path / "more.jsonl", [{"text": f"{row['text']} Seen twice."} for row in made_up_reviews()[:60]]
    )
    what = ["--recipe", str(shrunk(name, tmp_path)), "--train", str(tiny_reviews), "--device", "cpu"]
    teacher = (
        ["--teacher", "reviews@1", "--base-store", str(tiny_store)] if name.startswith("distilled") else []
    )
    where = ["--run-folder", str(tmp_path / "run"), "--store", str(tmp_path / "store")]
    assert main(["fit", *what, "--unlabelled", str(unlabelled), *teacher, *where]) == 0
    manifest = Store(tmp_path / "store").manifest("reviews", 1)
    assert manifest.recipe["name"] == name
    assert manifest.evaluation["validation"].num_reviews > 0
