"""`bench/endurance.py`, in short: it fails when the service loses an answer, a thread or an open file."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scale import SCALE, scaled

ROOT = Path(__file__).parents[2]
NUM_REQUESTS = scaled(20_000)


@pytest.mark.soak
@pytest.mark.xdist_group("several processes")
def test_nothing_is_lost_over_many_requests_and_twice_the_load(tmp_path: Path, tiny_store: Path) -> None:
    command = [sys.executable, "-m", "bench.endurance", "--requests", str(NUM_REQUESTS)]
    command += ["--minutes", str(SCALE)]
    command += ["--model", "reviews", "--store", str(tiny_store), "--picture", str(tmp_path / "memory.png")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.search(rf"^\| {NUM_REQUESTS:,} \| [\d,]+ ", ended.stdout, re.MULTILINE)
    assert (tmp_path / "memory.png").read_bytes().startswith(b"\x89PNG")
