"""How the packages are stacked, and the tool that measures it."""

import sys
from pathlib import Path

import pytest

from tools.floors import Building, main

MOST_FLOORS = 8
PACKAGES = ["sentiment", "reviews", "model_store", "training", "service"]
FILES = {
    "__init__.py": "",
    "low.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import tower.top\n",
    "folder/__init__.py": "import tower.low\n",
    "folder/inner.py": "import tower.folder\n",
    "top.py": "import json\ndef late():\n    import tower.folder.inner\n",
}


@pytest.fixture
def tower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of two modules and a folder, that can be imported."""
    for name, content in FILES.items():
        path = tmp_path / "tower" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path / "tower"


@pytest.mark.usefixtures("tower")
def test_a_folder_is_one_room_and_imports_inside_functions_count() -> None:
    building = Building.of("tower")
    assert building.floors() == {"low": 1, "folder": 2, "top": 3}
    assert (building.num_modules, building.num_arrows, building.circle()) == (4, 2, [])


def test_rooms_that_import_each_other_share_a_floor_and_are_named(tower: Path) -> None:
    (tower / "low.py").write_text("import tower.top\n", encoding="utf-8")
    (tower / "roof.py").write_text("import tower.low\n", encoding="utf-8")
    building = Building.of("tower")
    assert building.floors() == {"folder": 1, "low": 1, "top": 1, "roof": 2}
    assert sorted(set(building.circle())) == ["folder", "low", "top"]


def test_the_table_has_a_row_for_each_package(tower: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["tower", "--checkout", str(tower.parent), "--rooms"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "| tower | 4 | 3 | 3 | 2 | none |"
    assert lines[-1] == "  3  tower.top -> folder"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_rooms_import_each_other_in_a_circle(package: str) -> None:
    assert Building.of(package).circle() == []


@pytest.mark.parametrize("package", ["training", "service"])
def test_large_packages_are_low(package: str) -> None:
    assert max(Building.of(package).floors().values()) <= MOST_FLOORS
