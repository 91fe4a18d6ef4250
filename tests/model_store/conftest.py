from pathlib import Path

import pytest

from model_store import Draft, ModelVersion, Store
from model_store.__main__ import main
from tests.model_store.command_line import Run
from tests.model_store.drafts import real_draft, small_draft


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def draft() -> Draft:
    """A draft that can be published and verified, but not loaded."""
    return small_draft()


@pytest.fixture(scope="session")
def loadable() -> Draft:
    """A draft of a tiny real model."""
    return real_draft()


@pytest.fixture(scope="session")
def loaded(loadable: Draft, tmp_path_factory: pytest.TempPathFactory) -> ModelVersion:
    """The tiny real model, published and loaded."""
    store = Store(tmp_path_factory.mktemp("loaded"))
    return store.load(f"reviews@{store.publish(loadable)}", device="cpu")


@pytest.fixture
def run(store: Store, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line on the store; return its exit code and its lines on stdout and stderr."""

    def run(*arguments: str) -> tuple[int, list[str], list[str]]:
        code = main(["--store", str(store.root), *arguments])
        captured = capsys.readouterr()
        return code, captured.out.splitlines(), captured.err.splitlines()

    return run
