"""How the LSTM's steps are compiled: by the machine's compiler, or by one from the package index."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import build_backend
from sentiment.compiled import WIDTHS, compiled_kernels

ROOT = Path(__file__).parents[1]


def build(source: Path, target: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Compile a copy of the sources into a folder."""
    return subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--build-lib", str(target)],
        cwd=source,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a folder with all that compiling needs."""
    folder = tmp_path / "source"
    (folder / "sentiment").mkdir(parents=True)
    for name in ("setup.py", "build_backend.py", "sentiment/lstm.c"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "pyproject.toml").write_text('[project]\nname = "trial"\nversion = "0"\n', encoding="utf-8")
    return folder


def test_every_level_that_this_processor_runs_can_be_compiled(source: Path, tmp_path: Path) -> None:
    build(source, tmp_path / "built")
    built = {kernel.name for kernel in compiled_kernels(tmp_path / "built" / "sentiment")}
    assert built == {kernel.name for kernel in compiled_kernels()} <= set(WIDTHS)


def test_what_cannot_be_compiled_does_not_keep_the_rest_from_being_installed(
    source: Path, tmp_path: Path
) -> None:
    (source / "sentiment/lstm.c").write_text("no C at all", encoding="utf-8")
    ended = build(source, tmp_path / "built")
    assert "building extension" in ended.stderr
    assert list(compiled_kernels(tmp_path / "built" / "sentiment")) == []


def test_a_machine_without_a_compiler_asks_the_index_for_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "ziglang" in build_backend.compiler()
    assert build_backend.ZIG in build_backend.get_requires_for_build_wheel()
    assert build_backend.ZIG in build_backend.get_requires_for_build_editable()


def test_a_compiler_that_does_nothing_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", f"{sys.executable} -c 'raise SystemExit(1)'")
    assert "ziglang" in build_backend.compiler()


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no compiler")
def test_a_machine_with_a_compiler_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    assert build_backend.compiler() == ["cc"]
    assert build_backend.ZIG not in build_backend.get_requires_for_build_wheel()
