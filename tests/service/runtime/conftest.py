from pathlib import Path

import pytest

from model_store import Draft, Store
from tests.service import stores


@pytest.fixture(scope="session")
def drafts() -> list[Draft]:
    """Five versions that answer differently."""
    return [stores.draft(hidden_size=size) for size in (10, 11, 12, 13, 14)]


@pytest.fixture
def store(tmp_path: Path, drafts: list[Draft]) -> Store:
    """A store with five versions; the first is live."""
    root = tmp_path / "store"
    store = Store(root)
    for each in drafts:
        store.publish(each)
    store.set_alias("reviews", "production", 1)
    return store
