"""What is trained on in addition to the reviews: more labelled ones, and generated sentences."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from model_store import Store
from tests.sample_reviews import TINY_RECIPE, made_up_reviews, write_jsonl
from training.__main__ import main
from training.errors import InvalidRecipe, InvalidReviews
from training.recipe.plan import Plan
from training.recipe.recipe import load_recipe
from training.run.dataset import read_dataset

MORE = [{"text": "What a dud!", "label": "neg"}, {"text": "Quite a catch!", "label": "pos"}]


def plan(tmp_path: Path, train: Path, recipe: Path, *also_train: Path, num_sentences: int = 0) -> Plan:
    return Plan(
        recipe_name="tiny",
        recipe=replace(load_recipe(str(recipe)), num_sentences=num_sentences),
        train=(train,),
        also_train=also_train,
        store=tmp_path / "store",
        model="reviews",
    )


def test_more_reviews_are_trained_on_and_never_held_out(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path
) -> None:
    rows = [row | {"text": f"{row['text']} Indeed {index}"} for index in range(40) for row in MORE]
    more = write_jsonl(tmp_path / "more.jsonl", rows)
    without = read_dataset(plan(tmp_path, tiny_reviews, tiny_recipe))
    dataset = read_dataset(plan(tmp_path, tiny_reviews, tiny_recipe, more))
    assert dataset.split == without.split
    assert len(dataset.train) == len(without.train) + 80
    assert set(dataset.texts) - set(without.texts) == {review.text for review in dataset.also_train}
    assert dataset.labels.indices(dataset.also_train) == [0, 1] * 40
    [_, of_more] = dataset.fingerprints
    assert (of_more.role, of_more.source, of_more.num_reviews) == ("train", "more.jsonl", 80)
    assert of_more.label_counts == {"neg": 40, "pos": 40}
    assert "80 more reviews to train on as well" in str(dataset)
    assert "as well" not in str(without)


def test_every_train_file_has_its_share_held_out(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path
) -> None:
    rows = [
        row | {"id": f"memd/{number}", "text": f"{row['text']} Indeed {number}", "domain": domain}
        for number in range(400)
        for row, domain in zip(MORE, ("meals", "books"), strict=True)
    ]
    short = write_jsonl(tmp_path / "short.jsonl", rows)
    reserved = tmp_path / "reserved.txt"
    reserved.write_text("memd/7\n0/3\n", encoding="utf-8")
    one = plan(tmp_path, tiny_reviews, tiny_recipe)
    both = replace(one, train=(tiny_reviews, short), reserved=reserved)
    alone, dataset = read_dataset(one), read_dataset(both)
    validation = {review.id for review in dataset.split.validation}
    assert {review.id for review in alone.split.validation} <= validation
    assert {"memd/7", "0/3"} <= validation
    assert not {"memd/7", "0/3"} & {review.id for review in dataset.train}
    counts = {name: len(indices) for name, indices in dataset.validation_domains.items()}
    assert counts.keys() == {"reviews", "meals", "books"}
    assert counts["reviews"] == len({review.id for review in alone.split.validation} | {"0/3"})
    assert counts["meals"] == pytest.approx(80, rel=0.3)
    assert counts["books"] == pytest.approx(80, rel=0.3)
    again = read_dataset(replace(both, train=(short, tiny_reviews)))
    assert set(again.split.validation) == set(dataset.split.validation)


def test_a_text_that_validates_is_not_trained_on_from_elsewhere(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path
) -> None:
    again = write_jsonl(tmp_path / "again.jsonl", made_up_reviews())
    dataset = read_dataset(plan(tmp_path, tiny_reviews, tiny_recipe, again))
    held_out = {review.text for review in dataset.split.validation}
    assert held_out
    assert not held_out & set(dataset.texts)
    assert dataset.split.num_dropped_duplicates == len(dataset.split.validation)
    assert len(dataset.also_train) == len(dataset.split.train)


def test_more_reviews_of_another_class_are_refused(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path
) -> None:
    stars = write_jsonl(tmp_path / "stars.jsonl", [{"text": "so so", "label": 3, "id": "r7"}])
    with pytest.raises(InvalidReviews, match="review r7: the label '3' is none of"):
        read_dataset(plan(tmp_path, tiny_reviews, tiny_recipe, stars))


def test_sentences_are_trained_on_with_the_labels_of_the_reviews(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path
) -> None:
    dataset = read_dataset(plan(tmp_path, tiny_reviews, tiny_recipe, num_sentences=60))
    assert len(dataset.sentences) == 60
    assert dataset.train[-60:] == dataset.sentences
    assert sorted(dataset.labels.indices(dataset.sentences)) == [0] * 30 + [1] * 30
    assert not {review.text for review in dataset.split.validation} & {it.text for it in dataset.sentences}
    [_, generated] = dataset.fingerprints
    assert (generated.role, generated.source, generated.num_reviews) == ("train", "generated sentences", 60)
    fewer = read_dataset(plan(tmp_path, tiny_reviews, tiny_recipe, num_sentences=58))
    assert fewer.fingerprints[1].sha256 != generated.sha256


def test_sentences_need_the_labels_negative_and_positive(tmp_path: Path, tiny_recipe: Path) -> None:
    rows = [{"text": f"thing {index}", "label": ("poor", "good")[index % 2]} for index in range(40)]
    reviews = write_jsonl(tmp_path / "grades.jsonl", rows)
    with pytest.raises(InvalidRecipe, match=r"num_sentences is 10.* labels good, poor"):
        read_dataset(plan(tmp_path, reviews, tiny_recipe, num_sentences=10))
    assert read_dataset(plan(tmp_path, reviews, tiny_recipe)).sentences == ()


def test_fit_trains_on_both_and_says_so(
    tmp_path: Path, tiny_reviews: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "both.toml"
    recipe.write_text(TINY_RECIPE.replace("[tokenizer]", "num_sentences = 40\n\n[tokenizer]"), "utf-8")
    more = write_jsonl(tmp_path / "more.jsonl", MORE)
    command = ["fit", "--recipe", str(recipe), "--train", str(tiny_reviews), "--also-train", str(more)]
    folders = ["--run-folder", str(tmp_path / "run"), "--store", str(tmp_path / "store"), "--device", "cpu"]
    assert main([*command, *folders]) == 0
    assert "2 more reviews and 40 generated sentences to train on as well" in capsys.readouterr().out
    saved = json.loads((tmp_path / "run" / "plan.json").read_bytes())
    assert saved["also_train"] == [str(more)]
    version = Store(tmp_path / "store").load("reviews", device="cpu")
    assert [part.source for part in version.manifest.data] == [
        "reviews.jsonl",
        "more.jsonl",
        "generated sentences",
    ]
    assert version.manifest.recipe["num_sentences"] == 40
    assert "and on 2 more reviews and 40 generated sentences" in version.card
    assert "dud" in version.classifier.tokenizer.words
