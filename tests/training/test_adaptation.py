"""`python -m training fit --from`: a published version as the start, and what can go wrong with it."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from model_store import RELEASED, ModelNotFound, ModelVersion, Store, golden
from tests.sample_reviews import made_up_reviews, write_jsonl
from tests.training.interrupting import interrupt_after_an_epoch
from training.__main__ import main
from training.evaluation.calibration import MIN_REVIEWS, fit_temperature, keeps_base_temperature
from training.recipe.plan import Plan
from training.recipe.recipe import load_recipe
from training.run.pinned_version import pin_version
from training.run.run import Run

pytestmark = pytest.mark.xdist_group("adaptation")

ADAPTING = """\
description = "A tiny adaptation."
validation_ratio = 0.3

[network]
input_dropout = 0.1
output_dropout = 0.2

[fitting]
epochs = 2
batch_reviews = 4
learning_rate = 1e-3
"""
# Nobody trains so, but it shows what training begins with.
STANDING_STILL = ADAPTING.replace("1e-3", "1e-12")
TEXTS = ["a wonderful film", "a terrible film, and a quiz about trains", "My sister came too."]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "adapting.toml"
    path.write_text(ADAPTING, encoding="utf-8")
    return path


@pytest.fixture
def own_reviews(tmp_path: Path) -> Path:
    """Thirty reviews with words that the base does not know."""
    rows = [row | {"text": f"{row['text']} Quiz {index}"} for index, row in enumerate(made_up_reviews()[:30])]
    return write_jsonl(tmp_path / "own.jsonl", rows)


@pytest.fixture
def stars(tmp_path: Path) -> Path:
    """Reviews with labels that no base here has."""
    rows = [{"text": f"thing {index}", "label": ("poor", "fair", "good")[index % 3]} for index in range(30)]
    return write_jsonl(tmp_path / "stars.jsonl", rows)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_store: Path) -> Path:
    """A folder with the run and the store of an adaptation to eight reviews. Do not write to it."""
    folder = tmp_path_factory.mktemp("finished")
    recipe = folder / "adapting.toml"
    recipe.write_text(ADAPTING, encoding="utf-8")
    reviews = write_jsonl(folder / "few.jsonl", made_up_reviews()[:8])
    assert adapt(reviews, recipe, tiny_store, folder) == 0
    return folder


def with_base_in(store: Path, finished: Path, folder: Path) -> Path:
    """Copy the finished run, its base looked for in another store, and return its folder."""
    run = Run.open(finished / "run")
    assert run.plan.base is not None
    shutil.copytree(run.folder, folder)
    plan = replace(run.plan, base=replace(run.plan.base, store=store), store=folder / "store")
    (folder / "plan.json").write_bytes(plan.to_json())
    return folder


def adapt(reviews: Path, recipe: Path, base_store: Path, folder: Path, *extra: str) -> int:
    what = ["--from", "reviews@production", "--base-store", str(base_store), "--recipe", str(recipe)]
    where = ["--run-folder", str(folder / "run"), "--store", str(folder / "store")]
    return main(["fit", *what, "--train", str(reviews), *where, "--device", "cpu", *extra])


def load(store: Path, reference: str = "reviews@1") -> ModelVersion:
    return Store(store).load(reference, device="cpu")


def probabilities(version: ModelVersion) -> list[dict[str, float]]:
    return [prediction.probabilities for prediction in version.classifier.predict(TEXTS)]


def vector(version: ModelVersion, word: str) -> torch.Tensor:
    (token_id,) = version.classifier.tokenizer.encode(word).ids
    return version.classifier.network.embedding.weight[token_id]


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    errors = capsys.readouterr().err
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    return errors


def test_training_begins_with_the_weights_the_vocabulary_and_the_network_of_the_base(
    tmp_path: Path, own_reviews: Path, recipe: Path, tiny_store: Path
) -> None:
    recipe.write_text(STANDING_STILL, encoding="utf-8")
    assert adapt(own_reviews, recipe, tiny_store, tmp_path) == 0
    base, adapted = load(tiny_store), load(tmp_path / "store")
    assert adapted.manifest.files["model.safetensors"] == base.manifest.files["model.safetensors"]
    assert adapted.manifest.files["tokenizer.json"] == base.manifest.files["tokenizer.json"]
    assert probabilities(adapted) == probabilities(base)
    network = adapted.manifest.network
    assert (network.hidden_size, network.input_dropout, network.output_dropout) == (16, 0.1, 0.2)


def test_a_new_vocabulary_keeps_the_vectors_of_the_words_that_the_base_knows(
    tmp_path: Path, own_reviews: Path, recipe: Path, tiny_store: Path
) -> None:
    own = (
        'vocabulary = "new"\n'
        + STANDING_STILL
        + "[tokenizer]\nnum_words = 200\nnum_pieces = 60\ntext_rules = 2\n"
    )
    recipe.write_text(own, encoding="utf-8")
    assert adapt(own_reviews, recipe, tiny_store, tmp_path, "--unlabelled", str(own_reviews)) == 0
    base, adapted = load(tiny_store), load(tmp_path / "store")
    assert "quiz" in adapted.classifier.tokenizer.words
    assert "quiz" not in base.classifier.tokenizer.words
    assert len(adapted.classifier.tokenizer.pieces) == 60
    assert adapted.manifest.network.hidden_size == base.manifest.network.hidden_size
    for word in set(adapted.classifier.tokenizer.words) & set(base.classifier.tokenizer.words):
        assert torch.equal(vector(adapted, word), vector(base, word)), word
    assert "with the vectors of the words that both know" in adapted.card


def test_names_have_one_vector_where_the_recipe_says_so(
    tmp_path: Path, recipe: Path, tiny_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row | {"text": f"{str(row['text'])[:-1]}, by Lars and Greta."} for row in made_up_reviews()[:30]]
    recipe.write_text(
        'vocabulary = "new"\none_name_vector = true\n'
        + ADAPTING
        + "[tokenizer]\nnum_words = 200\nnum_pieces = 60\nown_beginnings = true\n",
        encoding="utf-8",
    )
    assert adapt(write_jsonl(tmp_path / "named.jsonl", rows), recipe, tiny_store, tmp_path) == 0
    adapted = load(tmp_path / "store")
    assert torch.equal(vector(adapted, "lars"), vector(adapted, "greta"))
    assert not torch.equal(vector(adapted, "lars"), vector(adapted, "film"))
    assert "words of the vocabulary are proper nouns and have one vector" in capsys.readouterr().out
    assert adapted.manifest.schema_version == 4


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_one_command_takes_reviews_in_any_format_with_columns_of_their_own(
    tmp_path: Path, recipe: Path, tiny_store: Path, ending: str
) -> None:
    rows = [
        {"body": row["text"], "sentiment": ("neg", "pos")[row["label"] == 1], "product": f"p{index % 9}"}
        for index, row in enumerate(made_up_reviews()[:40])
    ]
    path = tmp_path / f"mine{ending}"
    match ending:
        case ".csv":
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, rows[0])
                writer.writeheader()
                writer.writerows(rows)
        case ".jsonl":
            write_jsonl(path, rows)
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), path)
    columns = ["--text-column", "body", "--label-column", "sentiment", "--group-column", "product"]
    assert adapt(path, recipe, tiny_store, tmp_path, *columns) == 0
    adapted = load(tmp_path / "store")
    assert adapted.manifest.recipe["base"] == "reviews@1"
    assert adapted.manifest.data[0].source == path.name
    assert adapted.manifest.data[0].label_counts == {"neg": 20, "pos": 20}
    labels = [prediction.label for prediction in adapted.classifier.predict(TEXTS[:2])]
    assert labels == ["positive", "negative"]


def test_the_reviews_move_it(tmp_path: Path, own_reviews: Path, recipe: Path, tiny_store: Path) -> None:
    recipe.write_text(ADAPTING.replace("1e-3", "1e-2"), encoding="utf-8")
    rows = [{"text": f"a terrible film {index}", "label": 1} for index in range(20)]
    rows += [{"text": f"a wonderful film {index}", "label": 0} for index in range(20)]
    assert adapt(write_jsonl(own_reviews, rows), recipe, tiny_store, tmp_path) == 0
    base, adapted = (probabilities(load(store)) for store in (tiny_store, tmp_path / "store"))
    assert adapted[0]["positive"] < base[0]["positive"]
    assert adapted[1]["positive"] > base[1]["positive"]


def test_manifest_card_and_report_name_the_base(finished: Path, tiny_store: Path) -> None:
    weights = load(tiny_store).manifest.files["model.safetensors"].sha256
    adapted = load(finished / "store")
    golden.check(adapted.classifier, adapted.golden)
    assert adapted.manifest.recipe["base"] == "reviews@1"
    assert adapted.manifest.recipe["base_weights_sha256"] == weights
    assert "started from `reviews@1`" in adapted.card
    assert weights in adapted.card
    assert "$" not in adapted.card
    report = (finished / "store" / "reviews" / "1" / "report" / "index.html").read_text(encoding="utf-8")
    assert weights in report


def test_a_version_from_scratch_names_no_base(tiny_store: Path) -> None:
    version = load(tiny_store)
    assert "base" not in version.manifest.recipe
    assert "started from" not in version.card
    assert "fitted on validation" in version.card


def test_a_run_that_is_interrupted_and_resumed_publishes_the_same(
    tmp_path: Path, own_reviews: Path, recipe: Path, tiny_store: Path
) -> None:
    recipe.write_text(ADAPTING.replace("epochs = 2", "epochs = 100"), encoding="utf-8")
    run = tmp_path / "run"
    options = ["--from", "reviews", "--base-store", str(tiny_store), "--recipe", str(recipe)]
    options += ["--train", str(own_reviews), "--store", str(tmp_path / "store")]
    interrupt_after_an_epoch(run, *options)

    assert main(["fit", "--resume", str(run)]) == 0
    assert adapt(own_reviews, recipe, tiny_store, tmp_path / "whole") == 0
    resumed, whole = load(tmp_path / "store"), load(tmp_path / "whole" / "store")
    assert resumed.manifest.files == whole.manifest.files
    assert resumed.manifest.recipe == whole.manifest.recipe


def test_the_reference_is_a_number_from_the_start_so_that_a_moved_alias_changes_nothing(
    finished: Path,
) -> None:
    base = Run.open(finished / "run").plan.base
    assert base is not None
    assert (base.model, base.version) == ("reviews", 1)


def test_a_run_is_not_resumed_from_another_base(
    tmp_path: Path, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = finished / "store"  # which has a version of the same name
    run = with_base_in(other, finished, tmp_path / "run")
    assert main(["fit", "--resume", str(run)]) == 1
    assert f"reviews@1 in {other} is not what this run began with" in refusal(capsys)


def test_a_plan_from_before_there_were_bases_is_read(tmp_path: Path, tiny_store: Path) -> None:
    path = tiny_store.parent / "run" / "plan.json"
    fields = json.loads(path.read_bytes())
    del fields["base"]
    assert Plan.from_json(json.dumps(fields).encode(), source=str(tmp_path)).base is None


def test_other_labels_are_refused_and_both_sets_named(
    tmp_path: Path, recipe: Path, stars: Path, tiny_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert adapt(stars, recipe, tiny_store, tmp_path) == 1
    message = refusal(capsys)
    assert "fair, good, poor" in message
    assert "reviews@1 has negative, positive" in message
    assert not (tmp_path / "store").exists()


def test_a_base_that_is_missing_is_reported_in_one_line(
    tmp_path: Path, own_reviews: Path, recipe: Path, tiny_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for extra, named in (
        (["--from", "reviews@9"], "version 9"),
        (["--from", "films"], "films"),
        (["--from", "Reviews!"], "Reviews!"),
        (["--base-store", str(tmp_path / "none")], "none"),
    ):
        assert adapt(own_reviews, recipe, tiny_store, tmp_path, *extra) == 1
        assert named in refusal(capsys)
        assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "manifest.json"])
def test_a_corrupt_base_is_reported_in_one_line_at_the_start_and_when_resumed(
    tmp_path: Path,
    finished: Path,
    recipe: Path,
    tiny_store: Path,
    name: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bases = tmp_path / "bases"
    shutil.copytree(tiny_store, bases)
    damaged = bases / "reviews" / "1" / name
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    assert adapt(finished / "few.jsonl", recipe, bases, tmp_path) == 1
    assert name in refusal(capsys)
    assert not (tmp_path / "run").exists()
    run = with_base_in(bases, finished, tmp_path / "run")
    assert main(["fit", "--resume", str(run)]) == 1
    assert name in refusal(capsys)


def test_the_base_comes_from_the_store_that_is_published_to_where_that_has_the_model(
    tmp_path: Path, tiny_store: Path
) -> None:
    own, _ = pin_version("reviews", store=None, own_store=tiny_store)
    assert own.store == tiny_store.resolve()
    for store in (tmp_path, tmp_path / "none"):
        released, manifest = pin_version("reviews", store=None, own_store=store)
        assert released.store == RELEASED.resolve()
        assert released.weights_sha256 == manifest.files["model.safetensors"].sha256
    with pytest.raises(ModelNotFound):
        pin_version("reviews", store=tmp_path, own_store=tiny_store)


def test_the_default_recipe_with_a_base_is_adapt_with_the_network_of_the_base(
    tmp_path: Path, stars: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    command = ["fit", "--from", "reviews", "--train", str(stars), "--run-folder", str(folder)]
    # It stops at the labels: the plan is made by then.
    assert main([*command, "--store", str(tmp_path / "store")]) == 1
    model, version = Store(RELEASED).resolve("reviews")
    assert f"reviews@{version} has negative, positive" in refusal(capsys)
    plan = Run.open(folder).plan
    released = Store(RELEASED).manifest(model, version)
    network = plan.recipe.network_config(
        vocabulary_size=released.network.vocabulary_size, num_labels=len(released.labels)
    )
    adapting = load_recipe("adapt")
    assert plan.recipe_name == "adapt"
    assert plan.recipe.fitting == adapting.fitting
    assert plan.recipe.tokenizer == released.tokenizer
    assert network == replace(
        released.network, input_dropout=network.input_dropout, output_dropout=network.output_dropout
    )
    assert network.input_dropout == adapting.network["input_dropout"]


def test_unlabelled_reviews_are_refused_since_the_vocabulary_stands(
    tmp_path: Path, own_reviews: Path, recipe: Path, tiny_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert adapt(own_reviews, recipe, tiny_store, tmp_path, "--unlabelled", str(own_reviews)) == 1
    assert "--unlabelled" in refusal(capsys)


def test_a_handful_of_reviews_works_and_keeps_the_temperature_of_the_base(
    finished: Path, tiny_store: Path
) -> None:
    adapted = load(finished / "store")
    assert adapted.manifest.evaluation["validation"].num_reviews < 8
    assert adapted.manifest.temperature == load(tiny_store).manifest.temperature
    assert f"that of reviews@1, since there are fewer than {MIN_REVIEWS}" in adapted.card


def test_a_temperature_of_its_own_takes_a_hundred_reviews() -> None:
    assert keeps_base_temperature(MIN_REVIEWS - 1)
    assert not keeps_base_temperature(MIN_REVIEWS)
    # Why: reviews that are all right ask for endless confidence.
    assert fit_temperature(np.tile([0.9, 0.1], (MIN_REVIEWS, 1)), [0] * MIN_REVIEWS) < 0.1
