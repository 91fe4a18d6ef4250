"""docs/security.md: every measure names tests that exist; and the measures that no other test is of."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import Settings

ROOT = Path(__file__).parent.parent
DOCUMENT = (ROOT / "docs/security.md").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = sorted(COMPOSE["services"])


def proofs(text: str) -> list[tuple[str, str]]:
    """Return the tests that a text names, each as its module and its name."""
    return re.findall(r"`([\w/]+)::(test_\w+)`", text)


def measures() -> list[str]:
    """Return the rows of the tables of measures, without their heads."""
    rows = re.findall(r"^\| .+ \| .+ \| .+ \|$", DOCUMENT.split("\n## Measures\n")[1], re.MULTILINE)
    return [row for row in rows if not row.startswith(("| measure ", "| --- "))]


def test_there_are_measures() -> None:
    assert len(measures()) > 25


@pytest.mark.parametrize("row", measures(), ids=lambda row: row.split(" | ")[0][2:42])
def test_every_measure_has_a_proof(row: str) -> None:
    last = row.split(" | ")[2]
    assert proofs(last) or "`make " in last


@pytest.mark.parametrize(("module", "name"), sorted(set(proofs(DOCUMENT))))
def test_every_proof_exists(module: str, name: str) -> None:
    text = (ROOT / "tests" / f"{module}.py").read_text(encoding="utf-8")
    assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE)


def test_the_service_listens_on_this_machine_alone_by_default() -> None:
    assert Settings.model_fields["host"].default == "127.0.0.1"


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_this_machine_alone(name: str) -> None:
    ports: list[str] = COMPOSE["services"][name].get("ports", [])
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", SERVICES)
def test_containers_gain_no_rights_and_have_limits(name: str) -> None:
    container = COMPOSE["services"][name]
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container["deploy"]["resources"]["limits"].keys() >= {"cpus", "memory"}
    assert container.get("read_only") is True or name == "grafana"


def test_the_image_is_made_of_named_folders_alone() -> None:
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert [rule for rule in rules if not rule.startswith(("#", "!", "**/"))] == ["*"]
    assert not [rule for rule in rules if "key" in rule or ".env" in rule]
