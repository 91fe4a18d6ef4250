from pathlib import Path

import pytest

from model_store import Draft, ModelVersion, Store
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
