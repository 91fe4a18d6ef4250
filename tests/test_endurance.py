"""`bench/endurance.py`, in short: it fails when the service loses an answer, a thread or an open file."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_nothing_is_lost_over_many_requests_and_twice_the_load(tmp_path: Path, tiny_store: Path) -> None:
    command = [sys.executable, "-m", "bench.endurance", "--requests", "200", "--minutes", "0.03"]
    command += ["--model", "reviews", "--store", str(tiny_store), "--picture", str(tmp_path / "memory.png")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.search(r"^\| 200 \| [\d,]+ ", ended.stdout, re.MULTILINE)
    assert (tmp_path / "memory.png").read_bytes().startswith(b"\x89PNG")
