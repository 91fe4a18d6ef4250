"""The table and the picture of the runs of bench/scaling.py."""

from pathlib import Path

import pytest
from PIL import Image

from bench.throughput import ScalingRun, draw, print_table

RUN = ScalingRun(
    num_replicas=2,
    reviews_per_request=32,
    requests_per_second=10,
    ideal_reviews_per_second=400,
    proxy_request_ms=5,
    replica_request_ms=8,
)


def test_runs_become_a_table_and_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_table([RUN])
    assert "| 2 | 32 | 10 | 320 | 80% | 5.00 | 8.00 |" in capsys.readouterr().out
    draw([RUN], tmp_path / "new" / "scaling.png")
    with Image.open(tmp_path / "new" / "scaling.png") as picture:
        assert picture.width > 300
