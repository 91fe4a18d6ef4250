from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from bench.process import ServiceProcess
from tests.service import stores
from tests.service.http_helpers import get_as_spelled, problem
from tests.service.running import process

pytestmark = pytest.mark.xdist_group("report")

PICTURE = b"\x89PNG\r\n\x1a\n of a curve"
FILES = {
    "curve.png": (PICTURE, "image/png"),
    "index.html": (b"<h1>Report</h1>", "text/html; charset=utf-8"),
    "figures.json": (b"{}", "application/json"),
    "weights.bin": (b"\x00\x01", "application/octet-stream"),
}
DAMAGED = "damaged.png"


@pytest.fixture(scope="module")
def reporting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """Run a service whose version has a report; one of its files is damaged after the start."""
    folder = tmp_path_factory.mktemp("report")
    draft = stores.draft()
    payload = {f"report/{name}": content for name, (content, _) in FILES.items()}
    payload |= {f"report/{DAMAGED}": PICTURE, "report/deeper/curve.png": PICTURE}
    store = stores.publish(folder / "store", replace(draft, payload={**draft.payload, **payload}))
    with process(folder, "--model-store", str(store)) as started:
        started.wait_for("ready")
        (store / "reviews/1/report" / DAMAGED).write_bytes(PICTURE[::-1])
        yield started


@pytest.fixture
def reader(reporting: ServiceProcess) -> Iterator[httpx.Client]:
    """Return a client of it."""
    with httpx.Client(base_url=reporting.url(), timeout=60) as connected:
        yield connected


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_served_as_it_was_published(reader: httpx.Client, name: str) -> None:
    content, media_type = FILES[name]
    response = reader.get(f"/models/1/report/{name}")
    assert (response.status_code, response.content) == (200, content)
    assert response.headers["content-type"] == media_type
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in response.headers["content-security-policy"]
    assert ("content-disposition" in response.headers) == (name == "weights.bin")
    assert reader.head(f"/models/1/report/{name}").headers["content-length"] == str(len(content))


def test_models_lists_the_names(reader: httpx.Client) -> None:
    (model,) = reader.get("/models").json()["models"]
    assert model["report"] == sorted([*FILES, DAMAGED])


def test_a_damaged_file_is_refused_and_the_log_names_it(
    reporting: ServiceProcess, reader: httpx.Client
) -> None:
    content = problem(reader.get(f"/models/1/report/{DAMAGED}"), 503, "store_unreadable")
    assert "store/reviews" not in str(content)
    assert DAMAGED in str(reporting.wait_for("store_unreadable")["reason"])


@pytest.mark.parametrize("path", ["/models/2/report/curve.png", "/models/1/report/other.png"])
def test_what_is_not_there(reader: httpx.Client, path: str) -> None:
    problem(reader.get(path), 404, "not_found")


@pytest.mark.parametrize(
    "name",
    [
        "../model.safetensors",
        "..%2fmodel.safetensors",
        "%2e%2e/model.safetensors",
        "%2e%2e%2fmodel.safetensors",
        "..%5cmodel.safetensors",
        "..%252fmodel.safetensors",
        "....//model.safetensors",
        ".%2f..%2fmodel.safetensors",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "deeper%2fcurve.png",
        "deeper/curve.png",
        "./curve.png",
        "%2e/curve.png",
        "CURVE.PNG",
        "curve.png/",
        "curve.png%00",
        "curve.png%00.txt",
        "",
        ".",
        "..",
        "%2e%2e",
    ],
)
def test_no_spelling_leads_to_another_file(reporting: ServiceProcess, name: str) -> None:
    answer = get_as_spelled(reporting.url(), f"/models/1/report/{name}")
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"root:" not in answer
    assert PICTURE not in answer
