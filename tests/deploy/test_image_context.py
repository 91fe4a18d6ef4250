"""What the image is built from."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_package_is_there_when_the_image_is_built() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {name.partition(".")[0] for name in project["tool"]["setuptools"]["packages"]}
    rules = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())
    assert {f"!{name}" for name in packages} <= rules
