"""A run of this service alone, with real processes, and what keeps a server from being measured."""

import math
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from bench.serving.__main__ import main
from bench.serving.cases import CASES
from bench.serving.errors import ServerFailed
from bench.serving.figures import ServingResults
from bench.serving.measurement import check_answers
from bench.serving.protocol_adapter import Probabilities
from bench.serving.run import ServingPlan, run
from bench.serving.running_server import running
from bench.serving.servers import THIS
from bench.serving.workload import SHORT_WORDS, Workload
from model_store import RELEASED, Store

pytestmark = pytest.mark.xdist_group("several processes")

MODEL = "reviews-small@production"


def test_a_run_measures_this_service_and_writes_it_down(tiny_reviews: Path, tmp_path: Path) -> None:
    plan = ServingPlan(
        reviews=tiny_reviews,
        workload=Workload.read(tiny_reviews),
        servers={"this": THIS},
        # Few clients, so that a busy machine answers them too.
        cases={
            "single-64": replace(CASES["single-64"], num_connections=2),
            "overload": CASES["overload"],
        },
        seconds=1.0,
        rounds=1,
        model=MODEL,
        folder=tmp_path,
        offline=False,
    )
    (results,) = run(plan)
    this = results.servers["this"]
    assert this.skipped is None
    assert this.cold_start_seconds[0] > 0
    assert this.rss_mib[0] >= this.pss_mib[0] > 50
    closed, overload = this.cases["single-64"][0], this.cases["overload"][0]
    assert closed.num_good > 0
    assert closed.num_failed == overload.num_failed == 0
    assert overload.offered_reviews_per_second == pytest.approx(2 * closed.reviews_per_second)

    document, file = tmp_path / "performance.md", tmp_path / "run.json"
    document.write_text("<!-- serving:begin -->\n<!-- serving:end -->\n", encoding="utf-8")
    file.write_bytes(TypeAdapter(ServingResults).dump_json(results))
    main(["--from", str(file), "--document", str(document)])
    written = document.read_text(encoding="utf-8")
    assert "| this service | 1.00 |" in written
    links = re.findall(r"!\[.+\]\((.+)\)", written)
    assert len(links) == 3
    assert all((tmp_path / link).exists() for link in links)


def test_short_reviews_are_short_and_both_pools_are_the_same_every_time(tiny_reviews: Path) -> None:
    workload = Workload.read(tiny_reviews)
    assert workload == Workload.read(tiny_reviews)
    assert max(len(text.split()) for text in workload.short) <= SHORT_WORDS[1]


def test_a_server_that_answers_wrongly_is_not_measured() -> None:
    reviews = ["A wonderful film.", "Two hours that I will never get back."]
    classifier = Store(RELEASED).load(MODEL, device="cpu").classifier

    def ask(texts: Sequence[str]) -> list[Probabilities]:
        return [prediction.probabilities for prediction in classifier.predict(texts)]

    right = ask(reviews)
    check_answers(ask, reviews, right)
    with pytest.raises(ServerFailed, match="wrong by"):
        check_answers(ask, reviews, right[::-1])
    with pytest.raises(ServerFailed, match="wrong by nan"):
        check_answers(lambda texts: [dict.fromkeys(right[0], math.nan) for _ in texts], reviews, right)
    with pytest.raises(ServerFailed, match="2 answers to 1 reviews"):
        check_answers(ask, reviews, right[:1])
    with pytest.raises(ServerFailed, match="labels"):
        check_answers(ask, reviews, [{"good": 1.0}] * 2)


def test_a_server_that_ends_is_not_waited_for(tmp_path: Path) -> None:
    with (
        pytest.raises(ServerFailed, match=r"ended with status 1, see .*stderr"),
        running(THIS, Path(sys.executable), tmp_path, model="nothing", review="Good."),
    ):
        pass


def test_a_rate_needs_the_case_that_it_comes_from(tiny_reviews: Path) -> None:
    with pytest.raises(SystemExit, match="add single-64"):
        main([str(tiny_reviews), "--servers", "this", "--cases", "overload"])
