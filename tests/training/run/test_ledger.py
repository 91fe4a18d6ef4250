"""The ledger of runs: counted once each, by several processes at once, and whatever state its file is in."""

import json
import multiprocessing
import shutil
from pathlib import Path

import pytest

from model_store import DataFingerprint, Store
from tests.sample_reviews import made_up_reviews, write_jsonl
from tests.scale import scaled
from training.__main__ import main
from training.recipe.plan import Plan
from training.recipe.recipe import load_recipe
from training.run.ledger import LEDGER_FILE, Ledger
from training.run.run import Run

NUM_RUNS = scaled(5_000)


def new_run(folder: Path, num_files: int = 1) -> Run:
    train = (Path("a.jsonl"),) * num_files
    plan = Plan(recipe_name="cpu", recipe=load_recipe("cpu"), train=train, store=folder, model="reviews")
    return Run.create(folder, plan)


def data(*contents: str, role: str = "train") -> tuple[DataFingerprint, ...]:
    return tuple(
        DataFingerprint(role=role, source="a.jsonl", sha256=it * 64, num_reviews=1, label_counts={})  # type: ignore[arg-type]  # of a parameter
        for it in contents
    )


def ledger_of(run: Run, *contents: str, told: list[str] | None = None) -> Ledger:
    return Ledger(run, data(*contents or "a"), ([] if told is None else told).append)


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / LEDGER_FILE).read_bytes().splitlines()]


def test_what_a_run_leaves_behind(tmp_path: Path) -> None:
    run = new_run(tmp_path / "one")
    told: list[str] = []
    ledger = ledger_of(run, told=told)
    ledger.begin()
    ledger.end(0.875)
    begun, ended = lines(tmp_path)
    assert (begun["event"], begun["run"], begun["recipe"]) == ("begun", "one", "cpu")
    assert (ended["event"], ended["run_id"]) == ("ended", begun["run_id"])
    assert ended["best_validation_accuracy"] == 0.875
    assert told == [f"runs on these train reviews, this one included: 1 in {tmp_path / LEDGER_FILE}"]


def test_runs_are_counted_by_train_data_whatever_the_order_of_its_files(tmp_path: Path) -> None:
    first, second, other, last = (
        ledger_of(new_run(tmp_path / name, len(contents)), *contents)
        for name, contents in [("1", "ab"), ("2", "ba"), ("3", "a"), ("4", "ab")]
    )
    for ledger in (first, second, other, last):
        ledger.begin()
    assert [it.num_runs() for it in (first, second, other, last)] == [3, 3, 1, 3]


def test_what_holds_nothing_out_does_not_make_other_train_data(tmp_path: Path) -> None:
    ledger_of(new_run(tmp_path / "1")).begin()
    with_more = Ledger(new_run(tmp_path / "2"), data("a", "c"), print)  # c is only trained on
    with_test = Ledger(new_run(tmp_path / "3"), data("a") + data("b", role="test"), print)
    with_more.begin()
    with_test.begin()
    assert (with_more.num_runs(), with_test.num_runs()) == (3, 3)


def test_a_resumed_run_counts_once_and_a_folder_that_is_used_again_twice(tmp_path: Path) -> None:
    ledger_of(new_run(tmp_path / "run")).begin()
    resumed = ledger_of(Run.open(tmp_path / "run"))
    resumed.begin()
    assert resumed.num_runs() == 1
    shutil.rmtree(tmp_path / "run")
    again = ledger_of(new_run(tmp_path / "run"))
    again.begin()
    assert again.num_runs() == 2


def test_a_run_from_before_there_was_a_ledger_is_recorded_when_it_is_resumed(tmp_path: Path) -> None:
    (new_run(tmp_path / "old").folder / "id").unlink()
    for _ in range(2):
        ledger_of(Run.open(tmp_path / "old")).begin()
    assert [line["run_id"] for line in lines(tmp_path)] == ["old"]


def test_a_run_that_is_not_in_the_ledger_has_no_number(tmp_path: Path) -> None:
    run = new_run(tmp_path / "one")
    assert ledger_of(run).num_runs() is None
    ledger_of(new_run(tmp_path / "two")).begin()
    assert ledger_of(run).num_runs() is None


def _begin_many(folder: Path, process: int, barrier: "multiprocessing.synchronize.Barrier") -> None:
    ledgers = [ledger_of(new_run(folder / f"{process}-{number}")) for number in range(NUM_RUNS)]
    barrier.wait()
    for ledger in ledgers:
        ledger.begin()


@pytest.mark.soak
def test_processes_at_once_lose_no_line(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    workers = [context.Process(target=_begin_many, args=(tmp_path, it, barrier)) for it in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len({str(line["run"]) for line in lines(tmp_path)}) == 2 * NUM_RUNS


@pytest.mark.parametrize(
    "damage", [b"not json\n", b'{"event": "begun"}\n', b"\xff\xfe\n", b'{"event": "beg', b"[]"]
)
def test_a_damaged_line_is_reported_by_its_number_and_the_others_count(tmp_path: Path, damage: bytes) -> None:
    ledger_of(new_run(tmp_path / "one")).begin()
    path = tmp_path / LEDGER_FILE
    path.write_bytes(path.read_bytes() + damage)
    told: list[str] = []
    ledger = ledger_of(new_run(tmp_path / "two"), told=told)
    ledger.begin()
    assert told[0] == f"{path}:2: not an entry of the ledger, so it is not counted"
    assert ledger.num_runs() == 2  # what was cut short has not swallowed the line behind it


def test_lines_of_later_releases_may_hold_more(tmp_path: Path) -> None:
    ledger_of(new_run(tmp_path / "one")).begin()
    path = tmp_path / LEDGER_FILE
    path.write_text(path.read_text("utf-8").replace('{"event"', '{"mood": "good", "event"'), "utf-8")
    ledger = ledger_of(new_run(tmp_path / "two"))
    ledger.begin()
    assert ledger.num_runs() == 2


def test_a_ledger_that_cannot_be_written_does_not_cost_the_run(
    tmp_path: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / LEDGER_FILE).mkdir()
    reviews = write_jsonl(tmp_path / "reviews.jsonl", made_up_reviews())
    command = ["fit", "--recipe", str(tiny_recipe), "--train", str(reviews), "--device", "cpu"]
    assert main([*command, "--run-folder", str(tmp_path / "run"), "--store", str(tmp_path / "store")]) == 0
    output = capsys.readouterr().out
    assert f"{tmp_path / LEDGER_FILE}: Is a directory: this run is not recorded in the ledger" in output
    version = Store(tmp_path / "store").load("reviews", device="cpu")
    assert version.manifest.num_runs is None
    assert "is not known: no ledger has this one" in version.card
