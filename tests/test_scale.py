"""What `make soak` runs is what `make test` runs a hundredth of."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SCALED = [
    path
    for path in sorted(TESTS.rglob("test_*.py"))
    if re.search(r"^from tests.scale import", path.read_text(encoding="utf-8"), re.MULTILINE)
]


@pytest.mark.parametrize(("scale", "count"), [("0.01", 3), ("1", 300), ("0.0001", 1)])
def test_counts_follow_the_environment(scale: str, count: int) -> None:
    command = [sys.executable, "-c", "import tests.scale; print(tests.scale.scaled(300))"]
    environment = os.environ | {"TEST_SCALE": scale}
    printed = subprocess.run(
        command, cwd=TESTS.parent, env=environment, check=True, capture_output=True, text=True
    )
    assert int(printed.stdout) == count


@pytest.mark.parametrize("path", SCALED, ids=lambda path: path.stem)
def test_a_module_whose_counts_are_scaled_is_part_of_the_soak(path: Path) -> None:
    assert re.search(r"\bmark\.soak\b", path.read_text(encoding="utf-8"))
