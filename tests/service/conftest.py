"""What the tests of the service share."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import httpx
import pytest

from bench.process import ServiceProcess
from model_store import ModelVersion, Store
from service.settings import DialectName
from tests.service import stores
from tests.service.running import process, service


@pytest.fixture(scope="session")
def slow_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose model reads 400 tokens, so that many long reviews keep a service busy."""
    return stores.publish(tmp_path_factory.mktemp("slow") / "store", stores.draft())


@pytest.fixture(scope="session")
def tiny_version(tiny_store: Path) -> ModelVersion:
    """The version in `tiny_store`, to compare the service's answers with."""
    return Store(tiny_store).load("reviews", device="cpu")


@pytest.fixture(scope="session")
def running(tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """Run the service as its own process for the whole session; its log level is debug."""
    flags = ("--model-store", str(tiny_store), "--log-level", "debug")
    with process(tmp_path_factory.mktemp("service"), *flags) as started:
        started.wait_for("ready")
        yield started


@pytest.fixture(scope="session")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a service with all dialects whose model fails on reviews that hold `stores.POISON`."""
    store = stores.publish(tmp_path_factory.mktemp("poisoned") / "store", stores.draft(poisoned=True))
    with service(store, dialects=get_args(DialectName)) as url:
        yield url


@pytest.fixture
def client(running: ServiceProcess) -> Iterator[httpx.Client]:
    """Return a client of the running service."""
    with httpx.Client(base_url=running.url(), timeout=60) as connected:
        yield connected
