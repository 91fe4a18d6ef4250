"""docs/api.md: its examples run, and its answers have the shape of the service's answers."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.process import ServiceProcess
from tests.service.test_errors import leaves

GUIDE = (Path(__file__).parents[2] / "docs/api.md").read_text()
EXAMPLES = re.findall(r"```sh run\n(curl .*?)```\n\n```(json|text)\n(.*?)```", GUIDE, re.DOTALL)


def ask(command: str, url: str) -> httpx.Response:
    """Do what a curl command of the guide does."""
    method, headers, body, address = "GET", {}, None, ""
    words = iter(shlex.split(command.replace("\\\n", ""))[1:])
    for word in words:
        if word == "-H":
            name, value = next(words).split(": ")
            headers[name] = value
        elif word == "-d":
            # The tests' store has one version.
            method, body = "POST", next(words).replace('"version": 4', '"version": 1')
        elif not word.startswith("-s"):
            address = word.replace("http://127.0.0.1:8000", url)
    return httpx.request(method, address, headers=headers, content=body)


def shape(value: Any) -> Any:  # noqa: ANN401  # any JSON value
    """Return the names and types in a JSON value."""
    if isinstance(value, dict) and "evaluation" in value:  # each model has other data sets and pictures
        value = value | {
            "evaluation": next(iter(value["evaluation"].values())),
            "report": value["report"][:1],
        }
    if isinstance(value, dict):
        return {name: shape(content) for name, content in value.items()}
    if isinstance(value, list):
        return [shape(content) for content in value]
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == GUIDE.count("```sh run") >= 7


@pytest.mark.parametrize(("command", "kind", "answer"), EXAMPLES)
def test_an_example(running: ServiceProcess, command: str, kind: str, answer: str) -> None:
    response = ask(command, running.url())
    body = answer if kind == "json" else answer.split("\n\n")[1]
    assert shape(response.json()) == shape(json.loads(body))
    if kind != "json":
        names = re.findall(r"^([a-z-]+):", answer, re.MULTILINE)
        assert sorted(names) == sorted(response.headers)


def test_every_route_is_described(client: httpx.Client) -> None:
    for path in client.get("/openapi.json").json()["paths"]:
        assert path in GUIDE


def test_every_error_is_described() -> None:
    described = re.findall(r"^\| (\d{3}) \| `(\w+)` \|", GUIDE, re.MULTILINE)
    assert sorted(described) == sorted((str(each.status), each.code) for each in leaves())
