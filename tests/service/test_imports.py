"""What starts without PyTorch and without the web framework."""

import ast
import subprocess
import sys

import pytest

HEAVY = {"fastapi", "numpy", "starlette", "torch", "uvicorn"}
WEB_AND_SETTINGS = {"fastapi", "pydantic_settings", "service.settings", "starlette", "uvicorn"}


def modules_after(code: str) -> set[str]:
    """Return what a new process has imported once it has run some code, whatever exit it took."""
    script = f"import atexit, sys; atexit.register(lambda: print('MODULES', *sys.modules)); {code}"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    *_, last = ended.stdout.splitlines()
    assert last.startswith("MODULES "), ended.stderr
    return set(last.split()[1:])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--port", "none"],
        ["--no-such-flag"],
        ["doctor", "--help"],
        ["doctor", "--port", "none"],
    ],
    ids=" ".join,
)
def test_the_command_line_answers_without_heavy_imports(arguments: list[str]) -> None:
    code = f"sys.argv[1:] = {arguments}; import runpy; runpy.run_module('service', run_name='__main__')"
    assert modules_after(code) & HEAVY == set()


def test_nothing_but_signal_is_imported_before_signals_are_obeyed() -> None:
    code = "import runpy; known = set(sys.modules); import service.__main__; print(set(sys.modules) - known)"
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}"], capture_output=True, text=True, check=True
    )
    needed_by_signal = {"enum", "signal"}
    assert ast.literal_eval(ended.stdout) <= {
        "collections.abc",
        "service",
        "service.__main__",
        *needed_by_signal,
    }


def test_the_names_of_the_package_are_imported_when_they_are_used() -> None:
    assert modules_after("import service") & {*HEAVY, "service.settings"} == set()
    assert modules_after("from service import Settings") & HEAVY == set()
    assert "fastapi" in modules_after("from service import create_app")


def test_the_application_is_there_before_pytorch_is_loaded() -> None:
    assert "torch" not in modules_after("import service.app, service.server")


def test_batching_needs_neither_the_web_nor_settings_nor_torch() -> None:
    modules = modules_after("import service.batching.batcher")
    assert modules & (WEB_AND_SETTINGS | HEAVY) == set()
