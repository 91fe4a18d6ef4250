"""A program whose extra is not installed says so in one line."""

import subprocess
import sys

import pytest

# What `import` finds where the distribution is not installed.
WITHOUT = """\
import sys
sys.modules[{library!r}] = None
from {program} import main
sys.exit(main({arguments}))
"""


@pytest.mark.parametrize(
    ("program", "extras", "library", "arguments"),
    [
        ("training.__main__", "training", "backports", ["fit", "--train", "reviews.csv"]),
        ("training.__main__", "training", "tqdm", ["fit", "--train", "reviews.csv"]),
        ("scoring.__main__", "scoring", "backports", ["reviews.csv", "-o", "scored.csv"]),
        ("scoring.__main__", "scoring", "tqdm", ["reviews.csv", "-o", "scored.csv"]),
        ("deploy.ray.score", "ray,scoring", "ray", ["reviews.csv", "-o", "scored.csv"]),
        ("deploy.ray.score", "ray,scoring", "pandas", ["reviews.csv", "-o", "scored.csv"]),
        ("deploy.ray.score", "ray,scoring", "backports", ["reviews.csv", "-o", "scored.csv"]),
    ],
)
def test_a_missing_extra_is_named(program: str, extras: str, library: str, arguments: list[str]) -> None:
    code = WITHOUT.format(program=program, library=library, arguments=arguments)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stderr == f"error: {library} is not installed: pip install 'sentiment-service[{extras}]'\n"
    assert ended.returncode == 1
