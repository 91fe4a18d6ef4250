"""requirements.lock: what the image installs beside PyTorch, each file held to its hash."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINS = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK, re.MULTILINE))


def test_it_has_the_versions_that_are_tested() -> None:
    tested = dict(
        re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    )
    normal = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in tested.items()}
    assert {name: normal.get(name) for name in PINS} == PINS, "make lock"


def test_it_has_all_that_the_service_needs_but_pytorch() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[^\w-]", requirement)[0] for requirement in project["dependencies"]}
    assert needed - set(PINS) == {"torch"}, "make lock"


def test_every_file_has_a_hash() -> None:
    requirements = re.split(r"^(?=[a-z0-9])", LOCK, flags=re.MULTILINE)[1:]
    assert len(requirements) == len(PINS)
    assert [each for each in requirements if "--hash=sha256:" not in each] == []
