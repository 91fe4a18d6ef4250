"""Scoring by a service that runs."""

import socket
from contextlib import closing
from pathlib import Path

import pytest

from scoring.__main__ import main
from scoring.connection import Answer
from scoring.errors import ServiceRefused
from scoring.remote_scorer import RemoteScorer
from sentiment import TOLERANCE, Prediction
from tests.scoring.jobs import read_jsonl, score, texts, write_csv
from tests.scripted_server import answered, scripted
from tests.service.running import service

CSV = ("--text-column", "body")
KEY = "a-key-that-is-long-enough"


def test_a_service_scores_as_a_local_run_does(tiny_store: Path, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "reviews.csv", texts(300))
    assert score(tiny_store, source, tmp_path / "local.jsonl", *CSV) == 0
    with service(tiny_store) as url:
        assert main([str(source), "-o", str(tmp_path / "remote.jsonl"), "--url", url, *CSV]) == 0
    local, remote = read_jsonl(tmp_path / "local.jsonl"), read_jsonl(tmp_path / "remote.jsonl")
    assert [row["body"] for row in remote] == [row["body"] for row in local]
    for row, other in zip(local, remote, strict=True):
        assert row["probabilities"] == pytest.approx(other["probabilities"], abs=TOLERANCE)
        assert row.keys() == other.keys()
        assert row["model_version"] == other["model_version"]


def test_what_the_service_refuses_is_a_reject_and_its_neighbours_are_scored(
    tiny_store: Path, tmp_path: Path
) -> None:
    bodies = ["Good.", "too long " * 20, "Bad."]
    source = write_csv(tmp_path / "reviews.csv", bodies)
    with service(tiny_store, max_review_characters=50) as url:
        assert main([str(source), "-o", str(tmp_path / "scored.jsonl"), "--url", url, *CSV]) == 0
    assert [row["body"] for row in read_jsonl(tmp_path / "scored.jsonl")] == ["Good.", "Bad."]
    (reject,) = read_jsonl(tmp_path / "scored.rejects.jsonl")
    assert reject["line"] == 3
    assert "the service refuses it: 422" in reject["reason"]
    assert "at most 50 are accepted" in reject["reason"]


def test_smaller_limits_than_usual_are_met_by_halves(tiny_store: Path, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "reviews.csv", texts(100))
    with service(tiny_store, max_reviews_per_request=3, max_body_bytes=1024) as url:
        assert main([str(source), "-o", str(tmp_path / "scored.jsonl"), "--url", url, *CSV]) == 0
    assert len(read_jsonl(tmp_path / "scored.jsonl")) == 100


def test_a_key_is_sent_and_its_lack_is_said(
    tiny_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "reviews.csv", texts(3))
    with service(tiny_store, api_keys=KEY) as url:
        arguments = [str(source), "-o", str(tmp_path / "scored.jsonl"), "--url", url, *CSV]
        assert main(arguments) == 1
        assert f"error: {url}: 401 " in capsys.readouterr().err
        monkeypatch.setenv("SENTIMENT_API_KEY", KEY)
        assert main(arguments) == 0


BUSY = (429, {"Retry-After": "7"}, {"detail": "The queue is full."})


def test_it_asks_for_the_version_that_it_met_first_and_waits_as_long_as_the_answer_says() -> None:
    waits = list[float]()
    with (
        scripted(answered(3), BUSY, (503, {}, {}), answered(3)) as (url, heads),
        closing(RemoteScorer(url, None, sleep=waits.append)) as scorer,
    ):
        assert isinstance(scorer.predict(["Good."])[0], Prediction)
    assert scorer.model_version == {"name": "reviews", "version": 3}
    assert [head.split()[1] for head in heads] == [b"/at/predict", *[b"/at/predict?version=3"] * 3]
    assert 7 <= waits[0] <= 7 * 1.25
    assert 1 <= waits[1] <= 1.25


def test_it_stops_when_the_version_is_gone() -> None:
    with (
        scripted(answered(3), answered(4)) as (url, _),
        closing(RemoteScorer(url, None)) as scorer,
        pytest.raises(ServiceRefused, match="answers by reviews@4 now, and this job is by reviews@3"),
    ):
        scorer.predict(["Good."])


@pytest.mark.parametrize("status", [404, 409, 410, 421, 422])
def test_it_stops_when_the_version_is_not_loaded_any_longer(status: int) -> None:
    refusal: tuple[int, dict[str, str], object] = (status, {}, {"detail": "Version 3 is not loaded."})
    with (
        scripted(answered(3), refusal) as (url, _),
        closing(RemoteScorer(url, None)) as scorer,
        pytest.raises(ServiceRefused, match=f"{status} Version 3 is not loaded; the parts that are done"),
    ):
        scorer.predict(["Good."])


def test_it_gives_up_on_a_service_that_stays_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with pytest.raises(ServiceRefused, match=r"503 .*refused"):
        RemoteScorer(url, None, sleep=sleep, clock=lambda: now[0])
    assert 20 < now[0] <= 60


@pytest.mark.parametrize("url", ["service:8000", "ftp://service", "http://"])
def test_a_wrong_url_is_said(url: str) -> None:
    with pytest.raises(ServiceRefused, match="must be such as http://127"):
        RemoteScorer(url, None)


def test_a_date_to_retry_after_is_understood() -> None:
    assert Answer(503, b"", "Wed, 21 Oct 2015 07:28:00 GMT").retry_after_seconds == 0
    assert Answer(503, b"", None).retry_after_seconds is None
