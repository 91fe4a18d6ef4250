"""The tables, the targets and the pictures of a run."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.serving.cases import CASES
from bench.serving.document import write_between_markers
from bench.serving.errors import BenchError
from bench.serving.plots import write_pictures
from bench.serving.report import to_markdown
from bench.serving.servers import SERVERS
from bench.serving.targets import targets
from tests.bench.serving.runs import figures, results, server

ROOT = Path(__file__).parents[3]
MEASURED = results(
    this=server(
        "this service",
        single_64=(figures(150, 90), figures(900, 1), figures(160, 100)),
        overload=(figures(150, num_good=150, num_refused=50),),
    ),
    litserve=server("LitServe", single_64=(figures(80, 110),), overload=(figures(0, None, num_late=9),)),
    litserve_engine=server("LitServe, our engine", single_64=(figures(150, 100),)),
    mosec=server("mosec", single_64=(figures(100, 60),)),
    ray=replace(server("Ray Serve"), skipped="no Ray on this machine"),
)


def row(table: str, *starts: str) -> str:
    lines = [line for line in table.splitlines() if line.startswith(f"| {' | '.join(starts)} |")]
    assert len(lines) == 1, (starts, lines)
    return lines[0]


def test_a_case_has_medians_and_their_ratios_to_this_service() -> None:
    section = to_markdown(MEASURED).partition("### Single reviews, concurrency 64")[2].partition("###")[0]
    assert row(section, "this service") == "| this service | 1.00 | 160 | 45.0 | 90.0 | 90.0 | 1.00 | 0.0% |"
    assert row(section, "LitServe") == "| LitServe | 0.50 | 80.0 | 55.0 | 110 | 110 | 1.22 | 0.0% |"


def test_an_overload_tells_how_requests_ended() -> None:
    section = to_markdown(MEASURED).partition("capacity: answers within a second")[2].partition("###")[0]
    assert row(section, "this service").endswith("| 25.0% | 0.0% | 0.0% |")
    assert row(section, "LitServe") == "| LitServe | 0.00 | 0.0 | - | - | - | - | 0.0% | 9.1% | 0.0% |"


def test_memory_and_cold_start_are_medians_with_ratios() -> None:
    assert row(to_markdown(MEASURED), "mosec", "400").endswith("| 300 | 1.00 | 3.0 | 1.00 |")


def test_a_server_that_was_left_out_says_why() -> None:
    assert "no Ray on this machine" in row(to_markdown(MEASURED), "Ray Serve", "`ray serve`")


def test_targets_hold_throughput_against_offline_and_peers_with_their_tails() -> None:
    found = {target.what: (round(target.ratio, 3), target.is_met) for target in targets(MEASURED)}
    assert found == {
        "single reviews, concurrency 64: to the engine offline": (0.8, True),
        "single reviews, concurrency 64: to LitServe, p99 no worse": (2.0, True),
        # 1.6 times as fast as the fastest, but with a longer tail.
        "single reviews, concurrency 64: to the best peer (mosec), p99 no worse": (1.6, False),
    }


def test_pictures_are_drawn_of_what_was_measured(tmp_path: Path) -> None:
    write_pictures(MEASURED, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "serving-throughput.png",
        "serving-p99.png",
        "serving-overload.png",
    }
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in tmp_path.iterdir())


def test_only_what_stands_between_the_markers_is_replaced(tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    document.write_text("before\n<!-- a:begin -->\nold\n<!-- a:end -->\nbehind\n", encoding="utf-8")
    for _ in range(2):
        write_between_markers(document, "a", "new\n")
        expected = "before\n<!-- a:begin -->\n\nnew\n\n<!-- a:end -->\nbehind\n"
        assert document.read_text(encoding="utf-8") == expected
    with pytest.raises(BenchError, match=r"document\.md"):
        write_between_markers(document, "b", "new")


def test_the_document_has_markers_and_every_case() -> None:
    document = (ROOT / "docs/measurements/performance.md").read_text(encoding="utf-8")
    assert "<!-- serving:begin -->\n" in document
    assert [name for name in CASES if f"`{name}`" not in document] == []


@pytest.mark.parametrize("key", SERVERS)
def test_every_server_has_a_module_that_starts_it(key: str) -> None:
    module = ROOT / SERVERS[key].module.replace(".", "/")
    assert module.with_suffix(".py").exists() or (module / "__main__.py").exists()
