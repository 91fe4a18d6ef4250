"""Each command in the README and the guide is marked with how it is tested, and is tested so."""

import gzip
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import httpx
import pytest

import model_store.__main__
import scoring.__main__
import service.command
import training.__main__
from bench.process import ServerProcess, running_service, wait_until
from bench.serving.free_port import free_port
from tests.docs.blocks import COMMAND_PAGES, ROOT, Block, blocks

BLOCKS = list(chain.from_iterable(map(blocks, COMMAND_PAGES)))
COMMANDS = [block for block in BLOCKS if block.language == "sh"]
PARSED = [block for block in COMMANDS if block.mark == "parsed"]
RUN = [block for block in COMMANDS if block.mark == "run"]
RUN_BY_THEIR_OWN_TESTS = {ROOT / "docs/api.md"}
"""tests/service/test_api_guide.py runs its commands, and compares the answers too."""
FIRST_MINUTES = ROOT / "docs/start.md"
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
NEED_MORE_THAN_A_TEST_HAS = {
    "export": "variables of a cluster",
    "git": "commits of the reader",
    "kubectl": "a cluster",
    "pip": "the package index",
    "python": "the package index",
    "ray": "a cluster",
    "sed": "a file of the reader",
    "serve": "a cluster",
    "sudo": "root",
}
COMMAND_LINES: dict[str, Callable[[Sequence[str]], object]] = {
    "model_store": model_store.__main__.main,
    "scoring": scoring.__main__.main,
    "service": service.command.run,
    "training": training.__main__.main,
}
SERVICE_ADDRESS = "http://127.0.0.1:8000"


def test_every_block_says_its_language() -> None:
    assert [str(block) for block in BLOCKS if not block.language] == []


def test_every_command_says_how_it_is_tested() -> None:
    marks = re.compile(r"run|parsed|manual|elsewhere:(?P<target>[a-z-]+)")
    found = {str(block): marks.fullmatch(block.mark) for block in COMMANDS}
    assert [place for place, mark in found.items() if mark is None] == []
    targets = {mark["target"] for mark in found.values() if mark and mark["target"]}
    assert targets <= TARGETS


def test_manual_commands_need_what_no_test_has() -> None:
    manual = [block for block in COMMANDS if block.mark == "manual"]
    programs = {str(block): {command[0] for command in block.commands()} for block in manual}
    assert [place for place, names in programs.items() if not names & set(NEED_MORE_THAN_A_TEST_HAS)] == []


def test_a_new_user_meets_only_commands_that_are_run() -> None:
    assert {block.mark for block in COMMANDS if block.page == FIRST_MINUTES} == {"run"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of packages that a program of bench/ imports
@pytest.mark.parametrize("block", PARSED, ids=str)
def test_a_command_has_only_options_that_exist(
    block: Block, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in block.commands():
        parse(words, monkeypatch)
        capsys.readouterr()


def parse(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise an AssertionError, or an error of the parser, unless a command could be run."""
    match words:
        case ["make", *arguments]:
            assert {word for word in arguments if "=" not in word} <= TARGETS
        case ["curl", *arguments]:
            assert any(word.startswith(SERVICE_ADDRESS) for word in arguments)
        case [python, "-m", module, *arguments] if python in ("python", ".venv/bin/python"):
            parse_module(module, arguments, monkeypatch)
        case _:
            pytest.fail(f"{words} cannot be parsed here; is another mark meant?")


def parse_module(module: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Parse the options of `python -m`: with --help at its end, a command ends when they are parsed."""
    words = [*arguments, "--help"]
    monkeypatch.setattr(sys, "argv", [module, *words])
    main = COMMAND_LINES.get(module)
    with pytest.raises(SystemExit) as stopped:
        main(words) if main else main_of(module)()
    assert stopped.value.code == 0


def main_of(module: str) -> Callable[[], object]:
    """Return the main function of a program that only a checkout has."""
    assert module.startswith(("bench.", "deploy.", "docs.", "experiments.", "tools."))
    name = f"{module}.__main__" if (ROOT / module.replace(".", "/")).is_dir() else module
    main: Callable[[], object] = importlib.import_module(name).main
    return main


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder that looks like a checkout that is set up, and into which commands may write."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for path in ROOT.iterdir():
        if path.name not in (".venv", ".git", "models", "build"):
            (folder / path.name).symlink_to(path)
    set_up(folder / ".venv")
    reviews = b"body,stars\nA wonderful film.,5\nThe zip broke after two days.,1\n"
    (folder / "reviews.csv").write_bytes(reviews)
    (folder / "reviews.csv.gz").write_bytes(gzip.compress(reviews))
    return folder


def set_up(environment: Path) -> None:
    """Make a virtual environment of what the tests run in, which make takes for complete."""
    environment.mkdir()
    for path in Path(sys.prefix).iterdir():
        if not path.name.startswith("."):
            (environment / path.name).symlink_to(path)
    for stamp in (".runtime", ".development"):
        (environment / stamp).touch()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return variables by which curl fails on an error of the service."""
    (tmp_path / ".curlrc").write_text("fail\n", encoding="utf-8")
    return {"CURL_HOME": str(tmp_path), "HOME": str(tmp_path)}


@pytest.mark.xdist_group("several processes")
@pytest.mark.parametrize(
    "page", sorted({block.page for block in RUN} - RUN_BY_THEIR_OWN_TESTS), ids=lambda page: page.name
)
def test_the_commands_of_a_page_run(
    page: Path, checkout: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    texts = [block.text for block in RUN if block.page == page]
    with service_of(texts, checkout, environment, tmp_path) as url:
        for text in texts:
            if not starts_the_service(text):
                run(text.replace(SERVICE_ADDRESS, url), checkout, environment)


def starts_the_service(text: str) -> bool:
    """Return whether a block ends with a command that goes on until it is stopped."""
    return "make serve" in text


@contextmanager
def service_of(texts: list[str], checkout: Path, environment: dict[str, str], folder: Path) -> Iterator[str]:
    """Start the service as the page says, or, if it does not say, as the tests do."""
    starts = [text for text in texts if starts_the_service(text)]
    if not starts:
        with running_service(folder / "service") as service_process:
            yield service_process.url()
        return
    port = free_port()
    variables = environment | {"PORT": str(port)}
    server = ServerProcess(
        ["bash", "-euc", starts[0]], folder / "service", environment=variables, working_folder=checkout
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: is_ready(url, server))
        yield url
    finally:
        server.kill()


def is_ready(url: str, server: ServerProcess) -> bool:
    """Return whether a service answers that it takes requests; raises when its process has ended."""
    assert server.status() is None, server.errors()
    try:
        return httpx.get(f"{url}/readyz").is_success
    except httpx.TransportError:
        return False


def run(text: str, checkout: Path, environment: dict[str, str]) -> None:
    """Run the commands of a block in the checkout; all must succeed."""
    done = subprocess.run(  # commands of our own documents
        ["/bin/bash", "-euo", "pipefail", "-c", text],
        cwd=checkout,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
