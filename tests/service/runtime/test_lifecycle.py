import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.service.http_helpers import problem
from tests.service.running import process, samples, series, wait_until_ready


def test_before_the_model_is_loaded(tiny_store: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(tiny_store, store)
    # Loading waits for a pipe in place of the aliases until the test writes into it.
    aliases = store / "reviews/aliases.json"
    aliases.unlink()
    os.mkfifo(aliases)
    with process(tmp_path, "--model-store", str(store)) as running:
        url = running.url()
        with httpx.Client(base_url=url) as client:
            assert client.get("/healthz").status_code == 200
            for response in (client.get("/readyz"), client.post("/predict", json={"reviews": ["good"]})):
                problem(response, 503, "not_ready")
                assert response.headers["retry-after"] == "1"
            assert client.get("/models").json() == {"models": [], "slots": None}
            problem(client.get("/models/1"), 404, "not_found")
            found = samples(url)
            assert found["sentiment_ready"] == 0
            assert found[series("sentiment_requests_rejected_total", reason="not_ready")] == 1
            assert not any(name.startswith("sentiment_model_info") for name in found)
            aliases.write_text('{"production": 1}')
            wait_until_ready(url)
            assert client.post("/predict", json={"reviews": ["good"]}).status_code == 200
            assert samples(url)["sentiment_ready"] == 1


def missing(store: Path) -> None:
    """Remove the store."""
    shutil.rmtree(store)


def empty(store: Path) -> None:
    """Remove everything in it."""
    shutil.rmtree(store / "reviews")


def corrupt(store: Path) -> None:
    """Change one byte of the weights."""
    path = store / "reviews/1/model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def newer(store: Path) -> None:
    """Let a later release have written the version."""
    from model_store.manifest import hash_line  # noqa: PLC0415  # only this needs it

    path = store / "reviews/1/manifest.json"
    content = json.dumps(json.loads(path.read_text()) | {"schema_version": 99}).encode()
    path.write_bytes(content)
    path.with_name("manifest.json.sha256").write_bytes(hash_line(content))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (missing, "there is no such folder"),
        (empty, "has no model 'reviews'"),
        (corrupt, "model.safetensors: is damaged"),
        (newer, "upgrade sentiment-service"),
    ],
)
def test_a_model_that_cannot_be_loaded_is_one_line_and_status_1(
    tiny_store: Path, tmp_path: Path, change: Callable[[Path], None], message: str
) -> None:
    store = tmp_path / "store"
    shutil.copytree(tiny_store, store)
    change(store)
    with process(tmp_path, "--model-store", str(store)) as running:
        assert running.wait() == 1
        assert running.errors().startswith("error: ")
        assert message in running.errors()
        assert running.errors().count("\n") == 1
        assert {line["event"] for line in running.log()} == {"listening", "draining", "stopped"}
