"""`python -m training` from reviews to a published version, with what can go wrong on the way."""

import json
from pathlib import Path

import pytest
import torch

from model_store import DuplicateFigures, Store, golden
from tests.reviews.archives import PRODUCTS, write_archive
from tests.sample_reviews import TINY_RECIPE, made_up_reviews, write_jsonl
from tests.training.interrupting import interrupt_after_an_epoch
from training.__main__ import main
from training.evaluation.domains import domain_lines, domain_rows
from training.run.run import Run

STAR_WORDS = ("awful", "poor", "fair", "good", "superb")


def fit(reviews: Path, recipe: Path, folder: Path, *extra: str) -> int:
    what = ["--recipe", str(recipe), "--train", str(reviews), "--device", "cpu"]
    where = ["--run-folder", str(folder / "run"), "--store", str(folder / "store")]
    return main(["fit", *what, *where, *extra])


def test_the_published_version_is_whole(tiny_store: Path) -> None:
    version = Store(tiny_store).load("reviews@production", device="cpu")
    golden.check(version.classifier, version.golden)
    figures = version.manifest.evaluation["validation"]
    assert version.manifest.labels == ("negative", "positive")
    assert figures.accuracy > 0.95
    assert figures.num_reviews == sum(map(sum, figures.confusion))
    assert sum(version.manifest.reference["length"].counts) == figures.num_reviews
    assert version.manifest.data[0].label_counts == {"0": 125, "1": 125}
    assert version.manifest.recipe["name"] == "tiny"
    assert f"{figures.accuracy:.2%}" in version.card
    assert "$" not in version.card


def test_it_predicts_what_it_has_learned(tiny_store: Path) -> None:
    classifier = Store(tiny_store).load("reviews", device="cpu").classifier
    labels = [prediction.label for prediction in classifier.predict(["a wonderful film", "a terrible film"])]
    assert labels == ["positive", "negative"]


def test_the_same_seed_gives_the_same_version_to_the_byte_and_the_alias_stays(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path, tiny_store: Path
) -> None:
    # Each in a folder of its own, so that each is the first run of its ledger.
    assert fit(tiny_reviews, tiny_recipe, tmp_path) == 0
    assert fit(tiny_reviews, tiny_recipe, tmp_path, "--run-folder", str(tmp_path / "other" / "run")) == 0
    store = Store(tmp_path / "store")
    assert store.versions("reviews") == [1, 2]
    assert store.aliases("reviews") == {"production": 1}
    first, second, elsewhere = (
        Store(root).manifest("reviews", number).files
        for root, number in [(tmp_path / "store", 1), (tmp_path / "store", 2), (tiny_store, 1)]
    )
    assert first == second == elsewhere


def test_pieces_and_a_temperature_by_length_are_published(tmp_path: Path, tiny_reviews: Path) -> None:
    recipe = tmp_path / "short-texts.toml"
    tokenizer = "[tokenizer]\nnum_pieces = 50\ntext_rules = 2"
    recipe.write_text(
        "temperature_by_length = true\n" + TINY_RECIPE.replace("[tokenizer]", tokenizer), encoding="utf-8"
    )
    assert fit(tiny_reviews, recipe, tmp_path) == 0
    version = Store(tmp_path / "store").load("reviews@1", device="cpu")
    golden.check(version.classifier, version.golden)
    assert version.manifest.schema_version == 3
    assert version.manifest.temperature_slope != 0
    assert f"(tokens / 100)^{version.manifest.temperature_slope:.3f}" in version.card
    stretched, plain = version.classifier.predict(["a wonderfullll film", "a wonderful film"])
    assert stretched.probabilities == plain.probabilities
    assert (stretched.tokens, stretched.unknown_ratio) == (3, 1 / 3)


def test_a_run_that_is_interrupted_and_resumed_publishes_the_same(tmp_path: Path, tiny_reviews: Path) -> None:
    recipe = tmp_path / "long.toml"
    vectors = "[vectors]\nepochs = 1\n\n[fitting]"
    recipe.write_text(TINY_RECIPE.replace("epochs = 3", "epochs = 40").replace("[fitting]", vectors), "utf-8")
    run, store = tmp_path / "run", tmp_path / "store"
    options = ["--recipe", str(recipe), "--train", str(tiny_reviews), "--store", str(store)]
    interrupt_after_an_epoch(run, *options)
    assert not store.exists()

    assert main(["fit", "--resume", str(run)]) == 0
    assert fit(tiny_reviews, recipe, tmp_path / "whole") == 0
    resumed = Store(store).manifest("reviews", 1)
    whole = Store(tmp_path / "whole" / "store").manifest("reviews", 1)
    assert resumed.files == whole.files  # the report's loss curve among them
    assert resumed.evaluation == whole.evaluation


def test_a_finished_run_that_is_resumed_publishes_again_without_training(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(tiny_reviews, tiny_recipe, tmp_path) == 0
    capsys.readouterr()
    assert main(["fit", "--resume", str(tmp_path / "run")]) == 0
    output = capsys.readouterr().out
    assert "published reviews@2" in output
    assert "epoch 1" not in output


def test_a_resume_with_another_number_of_threads_says_that_the_bytes_may_differ(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(tiny_reviews, tiny_recipe, tmp_path) == 0
    threads = tmp_path / "run" / "threads"
    assert threads.read_text(encoding="utf-8") == str(torch.get_num_threads())
    said = f"begun with 64 threads and goes on with {torch.get_num_threads()}"
    assert said not in capsys.readouterr().out
    threads.write_text("64", encoding="utf-8")
    assert main(["fit", "--resume", str(tmp_path / "run")]) == 0
    assert said in capsys.readouterr().out


def test_a_run_from_before_threads_were_recorded_is_resumed(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(tiny_reviews, tiny_recipe, tmp_path) == 0
    (tmp_path / "run" / "threads").unlink()
    assert main(["fit", "--resume", str(tmp_path / "run")]) == 0
    assert "was begun with" not in capsys.readouterr().out


def test_a_run_is_not_resumed_on_other_data(
    tmp_path: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reviews = write_jsonl(tmp_path / "mine.jsonl", made_up_reviews())
    assert fit(reviews, tiny_recipe, tmp_path) == 0
    write_jsonl(reviews, made_up_reviews()[:-1])
    assert main(["fit", "--resume", str(tmp_path / "run")]) == 1
    assert "mine.jsonl is not what this run began with" in capsys.readouterr().err


def test_a_run_folder_is_not_used_twice(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(tiny_reviews, tiny_recipe, tmp_path) == 0
    assert fit(tiny_reviews, tiny_recipe, tmp_path) == 1
    assert "holds a run already" in capsys.readouterr().err


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint"])
def test_a_damaged_checkpoint_is_named(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path, damage: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(tiny_reviews, tiny_recipe, tmp_path) == 0
    (tmp_path / "run" / "classifier.pt").write_bytes(damage)
    assert main(["fit", "--resume", str(tmp_path / "run")]) == 1
    assert "classifier.pt is damaged" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"body": "x", "label": 1}], "--text-column"),
        ([{"text": "x", "stars": 1}], "--label-column"),
        ([{"text": "x", "label": 1}, {"text": " ", "label": 0}], "reviews.jsonl:2"),
        ([{"text": f"x {number}", "label": 1} for number in range(50)], "two classes"),
        ([{"text": "x", "label": 1}, "no object"], "reviews.jsonl:2"),
        ([], "reviews.jsonl"),
    ],
)
def test_bad_reviews_are_reported_in_one_line_and_nothing_is_published(
    tmp_path: Path, tiny_recipe: Path, rows: list[object], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(write_jsonl(tmp_path / "reviews.jsonl", rows), tiny_recipe, tmp_path) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    assert message in errors
    assert not (tmp_path / "store").exists()


def test_bad_reviews_are_counted_where_that_is_asked_for(
    tmp_path: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reviews = write_jsonl(tmp_path / "mixed.jsonl", [*made_up_reviews(), {"text": "", "label": 1}, 5])
    assert fit(reviews, tiny_recipe, tmp_path, "--skip-bad") == 0
    output = capsys.readouterr().out
    assert "skipped in mixed.jsonl: 1 x the text is empty, first in line 251" in output
    assert "skipped in mixed.jsonl: 1 x not a JSON object, first in line 252" in output


def star_rows() -> list[dict[str, object]]:
    """Reviews of one to five stars, each written as one data set or another writes them."""
    ways = ("{}", "{}.0", "{} stars", "{}.0 out of 5 stars")
    rows: list[dict[str, object]] = []
    for index in range(300):
        stars = index % 5 + 1
        text = f"a {STAR_WORDS[stars - 1]} thing {index}"
        rows.append({"review": text, "stars": ways[index // 5 % 4].format(stars)})
    return rows


def test_five_classes_of_stars(tmp_path: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    columns = ["--text-column", "review", "--label-column", "stars", "--stars", "5"]
    path = write_jsonl(tmp_path / "stars.jsonl", star_rows())
    assert fit(path, tiny_recipe, tmp_path, *columns) == 0
    version = Store(tmp_path / "store").load("reviews", device="cpu")
    figures = version.manifest.evaluation["validation"]
    assert version.manifest.labels == ("1", "2", "3", "4", "5")
    assert version.manifest.data[0].label_counts == dict.fromkeys("12345", 60)
    assert version.classifier.predict(["a superb thing"])[0].label == "5"
    assert figures.auc is None
    assert figures.mae is not None
    assert figures.within_one is not None
    assert figures.mae < 1 < 2 * figures.within_one
    told = f"{figures.mae:.3f} off on average, {figures.within_one:.2%} at most one"
    assert f"On validation, labels are {told}." in version.card
    assert f"MAE {figures.mae:.4f}" in capsys.readouterr().out
    page = (tmp_path / "store" / "reviews" / "1" / "report" / "index.html").read_text(encoding="utf-8")
    assert f'<td class="number">{figures.mae:.4f}</td>' in page
    assert (
        main(["evaluate", "--test", str(path), *columns, "--store", str(tmp_path / "store"), "--json"]) == 0
    )
    assert json.loads(capsys.readouterr().out)["figures"]["within_one"] > 0.5


def test_stars_that_are_none_are_reported(
    tmp_path: Path, tiny_recipe: Path, tiny_reviews: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(tiny_reviews, tiny_recipe, tmp_path, "--stars", "5") == 1
    assert "the label '0' is no whole number of stars from 1 to 5" in capsys.readouterr().err


def test_each_of_several_files_has_figures_of_its_own(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    products = write_archive(tmp_path / "products.tar.gz", PRODUCTS)
    shop = write_jsonl(tmp_path / "shop.jsonl", [row | {"movie": None} for row in made_up_reviews()[::2]])
    what = ["--recipe", str(tiny_recipe), "--train", str(tiny_reviews), str(shop), "--device", "cpu"]
    where = ["--run-folder", str(tmp_path / "run"), "--store", str(tmp_path / "store")]
    tests = ["--test", str(shop), str(products)]
    assert main(["fit", *what, *where, *tests]) == 0
    output = capsys.readouterr().out
    version = Store(tmp_path / "store").load("reviews", device="cpu")
    evaluation = version.manifest.evaluation
    assert evaluation.keys() == {
        *("validation", "validation reviews", "validation shop"),
        *("test", "test shop", "test other", "test without near-duplicates"),
    }
    assert [evaluation[name].num_reviews for name in ("test shop", "test other")] == [125, 4]
    page = (tmp_path / "store" / "reviews" / "1" / "report" / "index.html").read_text(encoding="utf-8")
    for whole, domains in (("validation", ("reviews", "shop")), ("test", ("shop", "other"))):
        parts = {domain: evaluation[f"{whole} {domain}"] for domain in domains}
        assert sum(part.num_reviews for part in parts.values()) == evaluation[whole].num_reviews
        assert f"\n{whole}: accuracy {evaluation[whole].accuracy:.2%}" in output
        assert "\n".join(domain_lines(parts)) in output
        for cells in domain_rows(parts):
            assert f"| {' | '.join(cells)} |" in version.card
            assert f"<td>{cells[0]}</td>" in page

    assert main(["evaluate", *tests, "--store", str(tmp_path / "store"), "--device", "cpu", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["sources"].keys() == {"shop", "products"}
    assert found["domains"].keys() == {"shop", "other"}
    confusion = [list(row) for row in evaluation["test other"].confusion]
    assert found["sources"]["products"]["confusion"] == found["domains"]["other"]["confusion"] == confusion
    assert main(["evaluate", *tests, "--store", str(tmp_path / "store"), "--device", "cpu"]) == 0
    output = capsys.readouterr().out
    assert "\nproducts: accuracy" in output
    assert "\nmean over domains" in output


def test_the_epoch_is_chosen_by_domain_where_the_recipe_says_so(
    tmp_path: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "domains.toml"
    recipe.write_text('selection = "domains"\n' + tiny_recipe.read_text("utf-8"), encoding="utf-8")
    films = made_up_reviews()
    short = [
        {
            "id": f"{row['id']}+{number}",
            "text": f"{row['text']} {number}",
            "label": row["label"],
            "kind": "meals",
        }
        for number in range(2)
        for row in films
    ]
    paths = [write_jsonl(tmp_path / "films.jsonl", films), write_jsonl(tmp_path / "short.jsonl", short)]
    command = ["fit", "--recipe", str(recipe), "--train", *map(str, paths), "--domain-column", "kind"]
    where = ["--run-folder", str(tmp_path / "run"), "--store", str(tmp_path / "store"), "--device", "cpu"]
    assert main([*command, *where]) == 0
    output = capsys.readouterr().out
    evaluation = Store(tmp_path / "store").load("reviews", device="cpu").manifest.evaluation
    counts = [f"{name} {evaluation[f'validation {name}'].num_reviews}" for name in ("films", "meals")]
    assert f"validation by domain: {', '.join(counts)}\n" in output
    assert output.count(", mean over domains ") == 3
    checkpoint = Run.open(tmp_path / "run").checkpoint("classifier")
    assert checkpoint is not None
    progress = checkpoint["progress"]
    assert progress["selection"] == "domains"
    assert [epoch["domain_accuracy"] is None for epoch in progress["history"]] == [False] * 3


def test_test_reviews_are_reported_and_evaluate_agrees(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = write_jsonl(tmp_path / "test.jsonl", made_up_reviews()[::3])
    assert fit(tiny_reviews, tiny_recipe, tmp_path, "--test", str(test)) == 0
    figures = Store(tmp_path / "store").manifest("reviews", 1).evaluation["test"]
    capsys.readouterr()
    command = ["evaluate", "--test", str(test), "--store", str(tmp_path / "store"), "--device", "cpu"]
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["version"] == "reviews@1"
    assert report["figures"]["accuracy"] == figures.accuracy
    assert report["figures"]["confusion"] == [list(row) for row in figures.confusion]
    assert main(command) == 0
    assert f"accuracy {figures.accuracy:.2%}" in capsys.readouterr().out


def test_test_reviews_that_were_trained_on_are_counted_and_the_others_measured_apart(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = [
        {"text": f"Nobody told me that {number} ducks would be in this {word} picture.", "label": label}
        for number in ("seven", "nine")
        for label, word in enumerate(("terrible", "wonderful"))
    ]
    test = write_jsonl(tmp_path / "test.jsonl", [*made_up_reviews(), *own])
    unlabelled = write_jsonl(tmp_path / "more.jsonl", own[:1])
    assert fit(tiny_reviews, tiny_recipe, tmp_path, "--test", str(test), "--unlabelled", str(unlabelled)) == 0
    version = Store(tmp_path / "store").load("reviews", device="cpu")
    found = version.manifest.duplicates
    num_validation = version.manifest.evaluation["validation"].num_reviews
    assert found["validation in train"].num_reviews == num_validation
    assert found["validation in train"].num_exact == 0
    assert found["test in train"].num_reviews == 254
    assert found["test in train"].num_exact == 250 - num_validation
    assert found["test in unlabelled"] == DuplicateFigures(num_reviews=254, num_near=2, num_exact=1)
    without = version.manifest.evaluation["test without near-duplicates"]
    assert without.num_reviews == 254 - found["test in train"].num_near
    page = (tmp_path / "store" / "reviews" / "1" / "report" / "index.html").read_text(encoding="utf-8")
    output = capsys.readouterr().out
    for text in (version.card, page, output):
        assert "test without near-duplicates" in text
        assert "test in unlabelled" in text


def test_without_near_duplicates_there_is_one_figure_for_test(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path
) -> None:
    rows = [
        {"text": f"No duck is {word} here.", "label": index} for index, word in enumerate(("bad", "good"))
    ]
    test = write_jsonl(tmp_path / "test.jsonl", rows)
    assert fit(tiny_reviews, tiny_recipe, tmp_path, "--test", str(test)) == 0
    manifest = Store(tmp_path / "store").manifest("reviews", 1)
    assert manifest.evaluation.keys() == {"validation", "test"}
    assert manifest.duplicates.keys() == {"validation in train", "test in train"}


def test_the_second_run_on_the_same_reviews_says_so(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    others = write_jsonl(tmp_path / "others.jsonl", made_up_reviews()[::-1])
    assert fit(others, tiny_recipe, tmp_path, "--run-folder", str(tmp_path / "runs" / "others")) == 0
    for name in ("first", "second"):
        assert fit(tiny_reviews, tiny_recipe, tmp_path, "--run-folder", str(tmp_path / "runs" / name)) == 0
    assert main(["fit", "--resume", str(tmp_path / "runs" / "second")]) == 0
    assert f"this one included: 2 in {tmp_path / 'runs' / 'ledger.jsonl'}" in capsys.readouterr().out
    store = Store(tmp_path / "store")
    assert [store.manifest("reviews", number).num_runs for number in (1, 2, 3, 4)] == [1, 1, 2, 2]
    folder = tmp_path / "store" / "reviews"
    for file in ("MODEL_CARD.md", "report/index.html"):
        assert "the ledger had no other run" in (folder / "2" / file).read_text(encoding="utf-8")
        assert "the ledger had 2 runs, this one among them" in (folder / "3" / file).read_text(
            encoding="utf-8"
        )
    first, second = (store.manifest("reviews", number).files for number in (2, 3))
    differing = {name for name in first if first[name] != second[name]}
    assert differing == {"MODEL_CARD.md", "report/index.html"}


def test_evaluate_refuses_labels_that_the_model_does_not_have(
    tmp_path: Path, tiny_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = write_jsonl(tmp_path / "test.jsonl", [{"text": "so so", "label": "neutral"}])
    assert main(["evaluate", "--test", str(test), "--store", str(tiny_store)]) == 1
    assert "'neutral' is none of 'negative', 'positive'" in capsys.readouterr().err
