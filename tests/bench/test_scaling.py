"""The arithmetic of bench/billion.py, and what becomes of the runs of bench/scaling.py."""

from pathlib import Path

import pytest
from PIL import Image

from bench.billion import Demand, main, plan
from bench.throughput import Run, draw, print_table

RUN = Run(
    num_replicas=2,
    reviews_per_request=32,
    requests_per_second=10,
    ideal_reviews_per_second=400,
    proxy_request_ms=5,
    replica_request_ms=8,
)


def test_a_plan_has_room_for_the_peak() -> None:
    demand = Demand(
        reviews_per_day=864e5,  # a thousand a second
        peak_ratio=2,
        busy_ratio=0.5,
        reviews_per_request=10,
        replica_request_ms=10,
        replica_review_ms=1,
        proxy_request_ms=5,
        replica_cpus=2,
        price_per_cpu_hour=1,
        scrape_seconds=10,
    )
    made = plan(demand, score_ms=3, version_bytes=7, series_per_replica=100)
    assert made.review_ms == 5  # 3 + 1 + 10 / 10
    assert made.num_replicas == 10  # 2,000 reviews/s at 5 ms are 10 CPUs at work, half of 20
    assert (made.num_cpus, made.num_proxy_cpus) == (20, 2)
    assert (made.cost_per_day, made.cost_per_day_scaled) == (24 * 22, 12 * 22)
    assert (made.store_bytes, made.num_series, made.samples_per_second) == (70, 1000, 100)


def test_the_arithmetic_is_of_the_released_models(capsys: pytest.CaptureFixture[str]) -> None:
    main(["reviews@2=5", "reviews-small@1=1", "--price-per-cpu-hour", "0.04"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| 1,000,000,000 reviews a day | reviews@2 | reviews-small@1 |"
    assert "| reviews/s at the peak | 23,148 | 23,148 |" in lines
    assert len(lines) == 13


def test_runs_become_a_table_and_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_table([RUN])
    assert "| 2 | 32 | 10 | 320 | 80% | 5.00 | 8.00 |" in capsys.readouterr().out
    draw([RUN], tmp_path / "new" / "scaling.png")
    with Image.open(tmp_path / "new" / "scaling.png") as picture:
        assert picture.width > 300
