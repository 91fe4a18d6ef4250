import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from model_store import Draft, Store, golden
from model_store.__main__ import main
from tests.model_store.command_line import Run
from tests.model_store.drafts import with_files

TOP = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "model_store")


def test_list(store: Store, draft: Draft, run: Run) -> None:
    store.publish(draft)
    store.publish(replace(draft, evaluation={}))
    store.publish(replace(draft, model="hotels"))
    store.set_alias("reviews", "production", 1)
    code, out, err = run("list")
    assert (code, err) == (0, [])
    cells = [line.split() for line in out]
    assert [line[:3] for line in cells] == [
        ["MODEL", "VERSION", "ALIASES"],
        ["hotels", "1", "-"],
        ["reviews", "1", "production"],
        ["reviews", "2", "-"],
    ]
    assert [line[4] for line in cells] == ["ACCURACY", "0.8000", "0.8000", "-"]


@pytest.mark.parametrize("arguments", [["list"], ["show", "reviews"], ["--help"]])
def test_what_only_reads_manifests_loads_no_pytorch(arguments: list[str]) -> None:
    program = (
        "import sys; from model_store.__main__ import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print('torch' in sys.modules, 'numpy' in sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", program, *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=TOP, check=True)
    assert answer.stdout.startswith(("MODEL", "reviews@", "usage"))
    assert answer.stderr.split() == ["False", "False"]


def test_list_names_a_damaged_version_and_continues(store: Store, draft: Draft, run: Run) -> None:
    store.publish(draft)
    store.publish(draft)
    manifest = store.root / "reviews" / "1" / "manifest.json"
    manifest.unlink()
    code, out, err = run("list")
    assert code == 1
    assert [line.split()[1] for line in out] == ["VERSION", "2"]
    assert [line.split(": ")[:2] for line in err] == [["error", str(manifest)]]


def test_show(store: Store, draft: Draft, run: Run) -> None:
    store.publish(draft)
    store.set_alias("reviews", "production", 1)
    code, out, err = run("show", "reviews")
    assert (code, out[0], err) == (0, "reviews@1", [])
    assert "  aliases      production" in out


def test_show_json_is_the_manifest(store: Store, draft: Draft, run: Run) -> None:
    store.publish(draft)
    code, out, _ = run("show", "reviews@1", "--json")
    text = (store.root / "reviews" / "1" / "manifest.json").read_text()
    assert (code, out) == (0, text.splitlines())
    assert json.loads(text)["version"] == 1


def test_verify_all(store: Store, loadable: Draft, run: Run) -> None:
    store.publish(loadable)
    store.publish(replace(loadable, model="hotels"))
    store.set_alias("reviews", "production", 1)
    code, out, err = run("verify")
    assert (code, err) == (0, [])
    assert [line.split(": ")[:2] for line in out] == [["hotels@1", "ok"], ["reviews@1", "ok"]]
    assert out[0].endswith(", 4 golden examples")
    assert "6 files, " in out[0]


def test_verify_says_what_it_ignores(store: Store, loadable: Draft, run: Run) -> None:
    store.publish(loadable)
    for name in ("report/Thumbs.db", ".DS_Store"):
        (store.root / "reviews" / "1" / name).write_bytes(b"")
    code, out, err = run("verify")
    assert (code, err) == (0, [])
    assert out[0].endswith(", 4 golden examples; ignored: .DS_Store, report/Thumbs.db")


def test_verify_names_each_version_that_fails_and_continues(store: Store, loadable: Draft, run: Run) -> None:
    for _ in range(3):
        store.publish(loadable)
    damaged = store.root / "reviews" / "2" / "report" / "roc.png"
    damaged.write_bytes(b"\x88PNG")
    code, out, err = run("verify")
    assert (code, err) == (1, [])
    assert [line.split(": ")[:2] for line in out] == [
        ["reviews@1", "ok"],
        ["reviews@2", "FAILED"],
        ["reviews@3", "ok"],
    ]
    assert str(damaged) in out[1]


def test_verify_of_one_looks_at_no_other(store: Store, loadable: Draft, run: Run) -> None:
    store.publish(with_files(loadable, **{"golden.jsonl": b""}))
    store.publish(loadable)
    store.set_alias("reviews", "candidate", 2)
    code, out, _ = run("verify", "reviews@candidate")
    assert (code, [line.split(": ")[0] for line in out]) == (0, ["reviews@2"])
    assert run("verify", "reviews@1")[0] == 1


def test_verify_checks_golden_examples(store: Store, loadable: Draft, run: Run) -> None:
    first, *rest = golden.read(loadable.payload["golden.jsonl"])
    other = replace(first, probabilities={"negative": 0.125, "positive": 0.875})
    store.publish(with_files(loadable, **{"golden.jsonl": golden.write([other, *rest])}))
    code, out, _ = run("verify")
    assert code == 1
    assert out[0].startswith("reviews@1: FAILED: golden example 1: the probability of ")


def test_verify_fails_for_an_alias_that_leads_nowhere(store: Store, loadable: Draft, run: Run) -> None:
    store.publish(loadable)
    (store.root / "reviews" / "aliases.json").write_text('{"production": 9}')
    code, out, _ = run("verify")
    assert code == 1
    assert [line.split(": ")[:2] for line in out] == [["reviews@1", "ok"], ["reviews", "FAILED"]]


def test_alias(store: Store, draft: Draft, run: Run) -> None:
    store.publish(draft)
    store.publish(draft)
    assert run("alias", "reviews@1", "production") == (
        0,
        ["reviews@production: version 1 (before: none)"],
        [],
    )
    assert run("alias", "reviews@2", "candidate")[0] == 0
    promoted = run("alias", "reviews@candidate", "production")
    assert promoted == (0, ["reviews@production: version 2 (before: 1)"], [])
    assert store.aliases("reviews") == {"candidate": 2, "production": 2}


def test_alias_refuses_a_damaged_version(store: Store, draft: Draft, run: Run) -> None:
    store.publish(draft)
    (store.root / "reviews" / "1" / "model.safetensors").write_bytes(b"WEIGHTS")
    code, out, err = run("alias", "reviews@1", "production")
    assert (code, out) == (1, [])
    assert "model.safetensors" in err[0]
    assert store.aliases("reviews") == {}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["show", "hotels"], "has no model 'hotels'"),
        (["show", "reviews@7"], "has no version 7"),
        (["show", "reviews"], "has no alias 'production'"),
        (["show", "reviews@Production"], "'Production' is not a valid alias"),
        (["verify", "reviews@7"], "has no version 7"),
        (["alias", "reviews@7", "production"], "has no version 7"),
        (["alias", "reviews@1", "3"], "'3' is not a valid alias"),
    ],
)
def test_error_is_one_line(
    store: Store, draft: Draft, run: Run, arguments: Sequence[str], problem: str
) -> None:
    store.publish(draft)
    code, out, err = run(*arguments)
    assert (code, out, len(err)) == (1, [], 1)
    assert err[0].startswith("error: ")
    assert problem in err[0]


@pytest.mark.parametrize("command", ["list", "verify"])
def test_empty_store_is_an_error(store: Store, run: Run, command: str) -> None:
    store.root.mkdir()
    advice = "the store is empty: train a model, or point to another store"
    assert run(command) == (1, [], [f"error: {store.root}: {advice}"])


@pytest.mark.parametrize(
    "arguments", [[], ["show"], ["publish"], ["list", "--all"], ["alias", "reviews@1"], ["--store"]]
)
def test_wrong_usage(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("usage: sentiment-models ")


def test_store_comes_from_the_environment(
    store: Store, draft: Draft, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store.publish(draft)
    monkeypatch.setenv("SENTIMENT_MODEL_STORE", str(store.root))
    assert main(["show", "reviews@1"]) == 0
    assert capsys.readouterr().out.startswith("reviews@1\n")
    assert main(["--store", "elsewhere", "list"]) == 1
    assert capsys.readouterr().err.startswith("error: elsewhere: ")


def test_program_refuses_a_url_in_one_line() -> None:
    environment = os.environ | {"SENTIMENT_MODEL_STORE": "s3://bucket/models"}
    done = subprocess.run(
        [*PROGRAM, "list"], cwd=TOP, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: s3://bucket/models: only folders are supported")
    assert done.stderr.count("\n") == 1


def test_reader_that_goes_away_is_no_error(store: Store, draft: Draft) -> None:
    store.publish(draft)
    command = [*PROGRAM, "--store", str(store.root), "list"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as pipe:  # noqa: PTH123  # a descriptor, not a path
        done = subprocess.run(
            command, cwd=TOP, env=environment, stdout=pipe, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (141, b"")


def test_interrupt_is_quiet(store: Store, draft: Draft) -> None:
    store.publish(draft)
    aliases = store.root / "reviews" / "aliases.json"
    os.mkfifo(aliases)
    program = subprocess.Popen(
        [*PROGRAM, "--store", store.root, "list"], cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with program, aliases.open("wb"):  # Opens once the program has come to read it, and waits.
        program.send_signal(signal.SIGINT)
        assert program.communicate() == (b"", b"")
    assert program.returncode == 130
