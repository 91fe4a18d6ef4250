"""The doctor says what would keep a service from working, and where each setting comes from."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.process import ServiceProcess
from model_store import Reason, Store
from service.doctor.checks import findings
from service.doctor.command import examine
from service.settings import Settings
from tests.service import stores
from tests.service.runtime.test_loading import container
from tests.service.test_live_versions import flipped_byte

CHECKS = [
    "variables",
    "keys",
    "port",
    "files",
    "store",
    "hashes",
    "device",
    "threads",
    "memory",
    "warm-up",
]
KEY = "a-key-that-is-long-enough"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with two versions; the second is live, and the first was."""
    store = Store(tmp_path / "store")
    for size in (10, 11):
        version = store.publish(stores.draft(hidden_size=size))
        store.set_alias("reviews", "production", version, Reason(action="promote"))
    return store


def diagnosis(
    capsys: pytest.CaptureFixture[str], store: Path, *flags: str
) -> tuple[int, dict[str, tuple[str, str]]]:
    """Return the exit status, and by check its level and text."""
    status = examine(["--json", "--model-store", str(store), "--device", "cpu", "--port", "0", *flags])
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, {each["check"]: (each["level"], each["text"]) for each in report["checks"]}


def test_all_is_well(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"{KEY}\n")
    keys.chmod(0o600)
    monkeypatch.setenv("SENTIMENT_LOG_LEVEL", "debug")
    monkeypatch.setenv("SENTIMENT_ADMIN_KEYS", KEY)
    monkeypatch.setenv("SENTIMENT_API_KEYS_FILE", str(keys))
    command = [sys.executable, "-m", "service", "doctor", "--model-store", str(store.root), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    checks, settings = done.stdout.split("\n\n")
    assert [line.split()[:2] for line in checks.splitlines() if line[0] != " "] == [
        [check, "ok"] for check in CHECKS
    ]
    assert "reviews@production is version 2, of 2 in the store" in " ".join(checks.split())
    assert "1 for clients, 1 for /admin" in checks
    found = {line.split()[0]: line.split(maxsplit=2)[1:] for line in settings.splitlines()}
    assert found["SENTIMENT_PORT"] == ["option", "0"]
    assert found["SENTIMENT_LOG_LEVEL"] == ["environment", "debug"]
    assert found["SENTIMENT_API_KEYS"] == ["file", str(keys)]
    assert found["SENTIMENT_ADMIN_KEYS"] == ["environment", "set"]
    assert found["SENTIMENT_DRAIN_SECONDS"] == ["default", "30"]
    assert KEY not in done.stdout + done.stderr


def test_a_damaged_version(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    flipped_byte(store)
    status, found = diagnosis(capsys, store.root)
    assert status == 1
    level, text = found["hashes"]
    assert level == "failed"
    assert "model.safetensors" in text
    assert text.endswith("a start would fall back to version 1, if that is whole")
    assert "warm-up" not in found
    assert found["device"][0] == "ok"


def test_a_store_that_is_away(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = diagnosis(capsys, tmp_path / "nowhere")
    assert status == 1
    assert found["store"][0] == "failed"
    assert "there is no such folder" in found["store"][1]
    assert list(found) == ["variables", "keys", "port", "files", "store", "device", "threads"]


def test_a_history_that_cannot_be_read(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    (store.root / "reviews/history.jsonl").write_text("{")
    status, found = diagnosis(capsys, store.root)
    assert (status, found["store"][0]) == (1, "failed")
    assert "history.jsonl" in found["store"][1]


def test_a_port_that_is_taken(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, found = diagnosis(capsys, store.root, "--port", str(taken.getsockname()[1]))
    assert (status, found["port"][0]) == (1, "failed")
    assert "already in use" in found["port"][1]


def test_a_port_on_which_the_service_answers(
    running: ServiceProcess, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    port = running.url().rpartition(":")[2]
    status, found = diagnosis(capsys, store.root, "--port", port)
    assert (status, found["port"]) == (0, ("ok", f"a service answers on 127.0.0.1:{port} already"))


def test_no_second_model_is_loaded_into_the_container_of_a_service(
    running: ServiceProcess, store: Store, tmp_path: Path
) -> None:
    port = int(running.url().rpartition(":")[2])
    root = container(tmp_path, 1536, 300)
    for chosen, expected in ((port, "left out"), (0, "loaded in")):
        settings = Settings(port=chosen, model_store=str(store.root), device="cpu")
        found = {each.check: each for each in findings(settings, root=root)}
        assert found["warm-up"].text.startswith(expected)
        assert found["memory"].text.endswith("of 1536 MiB: enough for the live one and a second one")


def test_too_little_memory(store: Store, tmp_path: Path) -> None:
    settings = Settings(port=0, model_store=str(store.root), device="cpu")
    found = {each.check: each for each in findings(settings, root=container(tmp_path, 200, 300))}
    assert found["memory"].level == "failed"
    assert "give it more memory" in found["memory"].text
    assert "warm-up" not in found


def test_what_works_and_may_not_be_meant(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTIMENT_LANE", "1")
    flags = ("--lanes", "999", "--host", "0.0.0.0")  # noqa: S104  # what is warned of
    status, found = diagnosis(capsys, store.root, *flags)
    assert status == 0
    assert {check for check, (level, _) in found.items() if level == "warning"} >= {
        "variables",
        "keys",
        "threads",
    }
    assert "SENTIMENT_LANE (is SENTIMENT_LANES meant?)" in found["variables"][1]
    assert "everyone who can reach 0.0.0.0 may use the service" in found["keys"][1]
    assert "they would take turns" in found["threads"][1]


def test_a_wrong_key(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTIMENT_API_KEYS", "short")
    status, found = diagnosis(capsys, store.root)
    assert (status, found["keys"][0]) == (1, "failed")
    assert "short" not in found["keys"][1]


def test_a_wrong_setting_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(["--port", "none"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: SENTIMENT_PORT: must be")
    assert output.err.count("\n") == 1
