"""The soft targets that come with the checkout."""

from pathlib import Path

import pytest

from training.soft_targets.reader import read_soft_target_file

FOLDER = Path(__file__).parents[3] / "training" / "soft_targets" / "published"
FILES = sorted(path.name for path in FOLDER.glob("*.jsonl.xz"))


@pytest.mark.parametrize("name", FILES)
def test_every_row_can_be_used_and_the_page_says_how_many_there_are(name: str) -> None:
    file = read_soft_target_file(FOLDER / name, ["negative", "positive"])
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert file.num_unusable == {}
    assert f"| {len(file.targets):,} |" in next(line for line in page.splitlines() if name in line)
    [teacher] = file.teachers
    assert f"`{teacher}`" in page
    assert all(target.text is None and target.sha256 for target in file.targets)
