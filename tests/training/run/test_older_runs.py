"""Runs that older releases began: they are resumed, whatever has moved in the code since.

run_of_0_1_0/    what release 0.1.0 left when it was interrupted in its third epoch, after it had learned word
                 vectors and a language model and asked its teachers. Its reviews lay in /srv/sentiment.
"""

import json
import shutil
from pathlib import Path

import pytest

from model_store import Store, golden
from training.__main__ import main

RUN = Path(__file__).parent / "run_of_0_1_0"
PLACE = b"/srv/sentiment"


@pytest.fixture
def older_run(tmp_path: Path) -> Path:
    """The folder of the run, with its reviews where its plan says."""
    shutil.copytree(RUN, tmp_path, dirs_exist_ok=True)
    folder = tmp_path / "runs" / "tiny"
    plan = folder / "plan.json"
    plan.write_bytes(plan.read_bytes().replace(PLACE, str(tmp_path).encode()))
    return folder


def test_a_run_that_release_0_1_0_began_is_resumed_and_published(
    older_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", "--resume", str(older_run)]) == 0
    output = capsys.readouterr().out
    assert "classifier: going on from epoch 3, step 2\n" in output
    # What was learned and asked is read, not made again.
    assert "language_model: epoch" not in output
    assert "teachers on validation" not in output
    version = Store(tmp_path / "store").load("reviews@1", device="cpu")
    golden.check(version.classifier, version.golden)
    weights_sha256 = "02fe837340a223d90c2221abe2cf8423f24ecd08500ca0cef71c5ac26e201a80"
    assert version.manifest.recipe["teachers"] == [{"version": "teacher@1", "weights_sha256": weights_sha256}]
    begun, ended = map(json.loads, (tmp_path / "runs" / "ledger.jsonl").read_text("utf-8").splitlines())
    assert (begun["event"], ended["event"]) == ("begun", "ended")
    assert begun["run_id"] == ended["run_id"] == (older_run / "id").read_text(encoding="utf-8")
    assert version.manifest.num_runs == 1
