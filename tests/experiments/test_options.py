"""`experiments/options.py` trains and draws every variant, and the document on options has a row for each."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "experiments/options.md").read_text(encoding="utf-8")


def test_every_variant_is_trained_drawn_and_documented(tmp_path: Path, tiny_reviews: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "experiments.options",
        str(tiny_reviews),
        "--epochs",
        "1",
        "--num-seeds",
        "2",
    ]
    command += ["--results", str(tmp_path / "results.json"), "--pictures", str(tmp_path)]
    first, second = (
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout for _ in range(2)
    )
    assert second == first  # from the results that the first call saved
    rows = re.findall(r"^(\w[\w -]*: [\w ,.-]*?) +\d\.\d{4} ", first, re.MULTILINE)
    assert len(rows) > 20
    assert [row for row in rows if f"| {row} |" not in DOCUMENT] == []
    pictures = sorted(path.name for path in tmp_path.glob("*.png"))
    assert pictures == sorted(path.name for path in ROOT.glob("experiments/images/options-*.png"))
    assert all(f"](images/{name})" in DOCUMENT for name in pictures)
