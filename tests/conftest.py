"""What tests of several packages share: a store with a version that was really trained."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

# Before the libraries that read it: tests and the programs that they start compute with the same number of
# threads, since it changes the last bits of a sum. Tiny networks gain nothing from a second one.
os.environ["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS", "1")
# Where there are more threads, one that waits for another sleeps: on cores that are busy already, a loop that
# waits made a test of two minutes take over twenty.
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"

import hypothesis
import pytest

from tests.sample_reviews import TINY_RECIPE, made_up_reviews, write_jsonl
from training.__main__ import main as train

# Machines differ too much for a deadline on each example; the number of examples bounds the time instead.
hypothesis.settings.register_profile("project", deadline=None)
hypothesis.settings.load_profile("project")


# A variable of the developer's own shell is no part of a test.
for name in [name for name in os.environ if name.startswith("SENTIMENT_")]:
    del os.environ[name]

# A script's background job ignores SIGINT, and so would the programs that tests start and interrupt.
# SIGTERM ends the tests in the same way: pytest stops, and fixtures end the programs that they started.
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM)
for number in STOPPING_SIGNALS:
    signal.signal(number, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _signals_still_stop_the_tests() -> Iterator[None]:
    """Fail the test that leaves a signal handler behind: with it, the tests might not end when asked to."""
    yield
    handlers = [signal.getsignal(number) for number in STOPPING_SIGNALS]
    assert handlers == [signal.default_int_handler] * len(STOPPING_SIGNALS)


@pytest.fixture(scope="session")
def tiny_recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe that trains in a second."""
    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(TINY_RECIPE, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JSONL file of made-up reviews."""
    return write_jsonl(tmp_path_factory.mktemp("reviews") / "reviews.jsonl", made_up_reviews())


@pytest.fixture(scope="session")
def tiny_store(tmp_path_factory: pytest.TempPathFactory, tiny_recipe: Path, tiny_reviews: Path) -> Path:
    """A store with `reviews`, version 1, trained on made-up reviews. Do not write to it."""
    folder = tmp_path_factory.mktemp("tiny")
    paths = [
        "--train",
        str(tiny_reviews),
        "--store",
        str(folder / "store"),
        "--run-folder",
        str(folder / "run"),
    ]
    assert train(["fit", "--recipe", str(tiny_recipe), "--device", "cpu", *paths]) == 0
    return folder / "store"
