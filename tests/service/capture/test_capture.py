"""Reviews are kept where a folder is set, and nowhere else."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.process import ServiceProcess
from reviews import read_reviews
from sentiment import Prediction
from service.capture.capture import CaptureShare
from tests.service.running import process, samples, series, service, wait_for_sample

REVIEWS = ["A wonderful film, warm and funny.", "Dull \N{SNAKE} and badly acted.\nAwful."]
WRITTEN = series("sentiment_captured_reviews_total", outcome="written")


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What was kept, and what the clients were answered."""

    folder: Path
    predictions: list[dict[str, Any]]


def ask(url: str, query: str = "", reviews: list[str] = REVIEWS) -> list[dict[str, Any]]:
    """Return the predictions of the service."""
    response = httpx.post(f"{url}/predict{query}", json={"reviews": reviews})
    predictions: list[dict[str, Any]] = response.raise_for_status().json()["predictions"]
    return predictions


def rows(folder: Path) -> list[dict[str, Any]]:
    """Return what is kept, and ended."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def captured(tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Captured:
    """What a service has kept of all reviews by its end. Only read it."""
    folder = tmp_path_factory.mktemp("all") / "captured"
    with service(tiny_store, capture_folder=str(folder), capture_percent=100) as url:
        predictions = ask(url)
        ask(url, "?version=1")  # by name: a trial, not traffic
        wait_for_sample(url, WRITTEN, len(REVIEWS))
    return Captured(folder=folder, predictions=predictions)


def test_reviews_are_kept_with_what_they_were_answered(captured: Captured) -> None:
    kept, predictions = rows(captured.folder), captured.predictions
    assert [row["text"] for row in kept] == REVIEWS
    assert [row["predicted"] for row in kept] == [each["label"] for each in predictions]
    assert [row["confidence"] for row in kept] == pytest.approx([each["confidence"] for each in predictions])
    assert {row["model"] for row in kept} == {"reviews@1"}


def test_the_lines_of_a_stream_are_kept(tiny_store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "captured"
    lines = b"".join(json.dumps({"review": review}).encode() + b"\n" for review in [*REVIEWS, " "])
    headers = {"Content-Type": "application/x-ndjson"}
    with service(tiny_store, capture_folder=str(folder), capture_percent=100) as url:
        httpx.post(f"{url}/predict/stream", content=lines, headers=headers).raise_for_status()
        wait_for_sample(url, WRITTEN, len(REVIEWS))
    assert [row["text"] for row in rows(folder)] == REVIEWS


def test_training_reads_them_as_texts_without_labels(captured: Captured) -> None:
    found = read_reviews(list(captured.folder.glob("*.jsonl")), split="unlabelled")
    assert [review.text for review in found.reviews] == REVIEWS


def test_only_reviews_that_the_model_is_unsure_of_are_kept(
    tiny_store: Path, tmp_path: Path, captured: Captured
) -> None:
    confidences = sorted(each["confidence"] for each in captured.predictions)
    other = tmp_path / "other"
    bound = sum(confidences) / 2
    assert confidences[0] < bound < confidences[1]
    with service(
        tiny_store, capture_folder=str(other), capture_percent=100, capture_below_confidence=bound
    ) as url:
        ask(url)
        wait_for_sample(url, WRITTEN, 1)
    assert [row["confidence"] for row in rows(other)] == pytest.approx(confidences[:1])


@pytest.mark.parametrize(("below", "is_kept"), [(1.0, True), (0.99, False)])
def test_a_review_that_the_model_is_certain_of_is_one_of_all(below: float, is_kept: bool) -> None:
    certain = Prediction(
        label="positive", confidence=1.0, probabilities={}, tokens=1, truncated=False, unknown_ratio=0.0
    )
    assert CaptureShare(ratio=1.0, below_confidence=below).takes(certain) is is_kept


def test_a_share_is_kept(tiny_store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "captured"
    with service(tiny_store, capture_folder=str(folder), capture_percent=50) as url:
        for _ in range(4):
            ask(url, reviews=REVIEWS * 100)
    # Further off than this once in a billion times.
    assert 300 < len(rows(folder)) < 500


def test_without_a_folder_no_byte_of_a_review_reaches_the_disk(tiny_store: Path, tmp_path: Path) -> None:
    marker = "quetzalcoatlus"
    flags = ("--model-store", str(tiny_store), "--log-level", "debug")
    with process(tmp_path / "output", *flags, environment={"TMPDIR": str(tmp_path)}) as started:
        started.wait_until_ready()
        ask(started.url(), reviews=[f"The {marker} was dull."])
        started.stop()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert started.output_path in files
    assert [path for path in files if marker.encode() in path.read_bytes()] == []


def test_a_disk_that_fails_costs_no_answer(tiny_store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "captured"
    with service(tiny_store, capture_folder=str(folder), capture_percent=100) as url:
        folder.rmdir()
        ask(url)
        wait_for_sample(url, series("sentiment_captured_reviews_total", outcome="failed"), len(REVIEWS))
        folder.mkdir(mode=0o700)
        ask(url)
        wait_for_sample(url, WRITTEN, len(REVIEWS))
    assert len(rows(folder)) == len(REVIEWS)


def test_a_folder_that_others_can_read_ends_the_start(tiny_store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "captured"
    folder.mkdir(mode=0o755)
    flags = ("--model-store", str(tiny_store), "--capture-folder", str(folder))
    with process(tmp_path / "output", *flags) as started:
        assert started.wait() == 2
        assert started.errors() == (
            f"error: SENTIMENT_CAPTURE_FOLDER: {folder} can be read by others: chmod 700 {folder}\n"
        )


def test_nothing_is_counted_without_a_folder(running: ServiceProcess) -> None:
    ask(running.url())
    assert samples(running.url())[WRITTEN] == 0
