"""Rules, dashboard and documents name only metrics that the service has, and agree with each other."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.app import create_app
from service.settings import Settings
from tests.deploy.promql import metric_names

ROOT = Path(__file__).parent.parent.parent
DASHBOARD = ROOT / "deploy/grafana/dashboards/sentiment.json"
RULE_FILES = sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))
DOCUMENTS = [ROOT / "docs" / name for name in ("deploy.md", "runbook.md", "metrics.md")]
PROMETHEUS_OWN = {"up", "ALERTS"}


def rules() -> list[dict[str, Any]]:
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in RULE_FILES]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    board: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def exported() -> set[str]:
    """Every name that a scrape can have: a histogram has three."""
    names = set()
    for family in create_app(Settings(lanes=1)).state.service.metrics.registry.collect():
        suffixes = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",)}.get(
            family.type, ("",)
        )
        names |= {family.name + suffix for suffix in suffixes}
    return names


def expressions() -> list[str]:
    queries = [target["expr"] for panel in panels() for target in panel["targets"]]
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    variables = [variable["query"]["query"] for variable in board["templating"]["list"]]
    values = [match[1] for text in variables if (match := re.fullmatch(r"label_values\((.*), *\w+\)", text))]
    assert len(values) == 3
    return [rule["expr"] for rule in rules()] + queries + values


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        (
            'sum by (job) (rate(a_total{b="c_total", d=~"e"}[5m])) / on (job) group_left (f) g:h:i',
            {"a_total", "g:h:i"},
        ),
        (
            "histogram_quantile(0.99, sum by (le) (rate(a_bucket[$__rate_interval]))) > 1e3 or vector(0)",
            {"a_bucket"},
        ),
        ("a and b unless c offset 5m", {"a", "b", "c"}),
    ],
)
def test_names_are_found(expression: str, names: set[str]) -> None:
    assert metric_names(expression) == names


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_names_only_what_exists(expression: str) -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    assert metric_names(expression)
    assert metric_names(expression) <= exported() | recorded | PROMETHEUS_OWN


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_names_only_what_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exported()}
    named = set(re.findall(r"(?<![\w:])(?:sentiment|process)_[a-z_]*[a-z](?![\w:]*[:*])", text))
    assert named <= exported() | families


@pytest.mark.parametrize(
    "alert", [rule for rule in rules() if "alert" in rule], ids=lambda rule: str(rule["alert"])
)
def test_an_alert_tells_people_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert set(alert["annotations"]) == {"summary", "description", "runbook"}
    name = alert["alert"]
    assert alert["annotations"]["runbook"] == f"docs/runbook.md#{name.lower()}"
    assert f"\n## {name}\n" in (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    tests = (ROOT / "deploy/prometheus/tests").glob("*.yml")
    assert any(name in path.read_text(encoding="utf-8") for path in tests)


def test_the_runbook_names_panels_that_exist() -> None:
    text = " ".join((ROOT / "docs/runbook.md").read_text(encoding="utf-8").split())
    named = re.findall(r'[Pp]anels? "([^"]+)"(?: and "([^"]+)")?', text)
    titles = {panel["title"] for panel in panels()}
    assert len(named) >= 8
    assert {title for pair in named for title in pair if title} <= titles


def test_panels_say_what_they_show() -> None:
    for panel in panels():
        assert panel["title"]
        assert panel["description"], panel["title"]
        assert panel["datasource"]["uid"] == "prometheus"
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert all("$job" in target["expr"] for target in panel["targets"]), panel["title"]


def test_the_memory_limit_of_the_rules_is_that_of_the_compose_file() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    limits = [
        services[name]["deploy"]["resources"]["limits"]["memory"] for name in ("service", "service-gpu")
    ]
    rule = next(rule for rule in rules() if rule.get("record") == "instance:sentiment_memory_limit:bytes")
    bytes_in_rule = [int(number) for number in re.findall(r"\b\d{9,}\b", rule["expr"])]
    assert limits == [f"{number // 1024**2}m" for number in bytes_in_rule]


def test_objectives_are_bounds_of_the_histogram() -> None:
    bounds = set(re.findall(r'le="([^"]+)"', " ".join(rule["expr"] for rule in rules())))
    text = create_app(Settings(lanes=1)).state.service.metrics.render().decode()
    assert bounds
    assert all(f'duration_seconds_bucket{{le="{bound}"' in text for bound in bounds)
