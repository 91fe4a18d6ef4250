"""Tests of one group run in one process, as CONTRIBUTING.md promises."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = """\
import os
import pytest

@pytest.mark.xdist_group("all in one process")
@pytest.mark.parametrize("number", range(8))
def test_process(number):
    print(os.environ["PYTEST_XDIST_WORKER"])
"""


def test_the_tests_of_a_group_run_in_one_process(tmp_path: Path) -> None:
    # Some versions of pytest and pytest-xdist together spread a group over all workers, without a word.
    path = tmp_path / "test_grouped.py"
    path.write_text(TESTS, encoding="utf-8")
    xdist = ["-p", "xdist", "--numprocesses", "2", "--dist", "loadgroup"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rP", "-p", "no:cacheprovider", *xdist, path],
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
    )
    workers = [line for line in done.stdout.splitlines() if line in ("gw0", "gw1")]
    assert len(workers) == 8
    assert len(set(workers)) == 1
