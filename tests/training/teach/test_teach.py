"""From a random encoder to soft targets, the whole way."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from reviews import read_reviews
from tests.sample_reviews import made_up_reviews, write_jsonl
from tests.training.teach.tiny_transformer import save_tiny_transformer
from training.data.split import split_validation
from training.errors import InvalidCheckpoint, InvalidReviews, InvalidTransformer
from training.teach.classifier import load_classifier
from training.teach.data import read_teaching_data
from training.teach.finetuning import Finetuner
from training.teach.plan import FineTuning, TeachingPlan, file_sha256
from training.teach.run import TeachingRun, finetune_teacher
from training.teach.teacher import TransformerTeacher
from training.teach.tokens import SubwordTokenizer

OPTIONS = FineTuning(epochs=5, batch_tokens=128, learning_rate=3e-3, output_rate=6e-3, num_frozen_layers=1)


@pytest.fixture(scope="module")
def transformer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder that knows the words of the made-up reviews."""
    texts = [str(review["text"]) for review in made_up_reviews()]
    return save_tiny_transformer(tmp_path_factory.mktemp("encoder") / "tiny", texts)


@pytest.fixture(scope="module")
def teacher_folder(tmp_path_factory: pytest.TempPathFactory, transformer: Path, tiny_reviews: Path) -> Path:
    """The folder of a teacher that was tuned on the made-up reviews. Do not write to it."""
    run = TeachingRun.create(tmp_path_factory.mktemp("teacher") / "run", plan(transformer, tiny_reviews))
    finetune_teacher(run, report=lambda _: None)
    return run.folder


def plan(transformer: Path, reviews: Path, *neutral: Path) -> TeachingPlan:
    return TeachingPlan(
        transformer=transformer,
        transformer_sha256=file_sha256(transformer / "model.safetensors"),
        train=(reviews,),
        neutral=neutral,
        validation_ratio=0.2,
        finetuning=OPTIONS,
    )


def test_a_teacher_learns_the_labels_and_is_measured_on_reviews_that_it_did_not_see(
    teacher_folder: Path,
) -> None:
    teacher = TransformerTeacher.load(teacher_folder)
    praise, blame = teacher.probabilities(["a wonderful film", "a terrible film, I hated it"])
    assert praise[1] > 0.7
    assert blame[0] > 0.7
    assert teacher.labels == ("negative", "positive")
    assert teacher.description.accuracy["reviews.jsonl"] > 0.75


def test_frozen_layers_and_embeddings_stay_those_of_the_encoder(
    teacher_folder: Path, transformer: Path
) -> None:
    tuned = load_file(teacher_folder / "teacher.safetensors")
    before = load_file(transformer / "model.safetensors")
    assert "encoder.encoder.layer.1.output.dense.weight" in tuned
    assert not any("layer.0." in name or "embeddings" in name for name in tuned)
    learned = tuned["encoder.encoder.layer.1.output.dense.weight"].float()
    assert not torch.allclose(learned, before["encoder.layer.1.output.dense.weight"], atol=1e-3)


def test_a_tuning_that_continues_from_its_checkpoint_gives_the_same_weights(
    tmp_path: Path, transformer: Path, tiny_reviews: Path
) -> None:
    run = TeachingRun.create(tmp_path / "run", plan(transformer, tiny_reviews))
    straight, stopped, resumed = (new_finetuner(run.plan) for _ in range(3))
    for _ in range(6):
        straight.run_step()
    for _ in range(3):
        stopped.run_step()
    run.save(stopped)
    run.restore(resumed)
    assert resumed.step == 3
    for _ in range(3):
        resumed.run_step()
    for name, weight in straight.network.learned_weights().items():
        assert torch.equal(weight, resumed.network.learned_weights()[name]), name


def test_a_trial_of_the_speed_teaches_nothing(transformer: Path, tiny_reviews: Path) -> None:
    finetuner = new_finetuner(plan(transformer, tiny_reviews))
    before = {name: weight.clone() for name, weight in finetuner.network.learned_weights().items()}
    finetuner.try_step(0)
    assert finetuner.step == 0
    after = finetuner.network.learned_weights()
    assert all(torch.equal(weight, before[name]) for name, weight in after.items())
    assert all(weight.grad is None for weight in finetuner.network.parameters())


def test_texts_without_an_opinion_are_to_be_as_probable_for_every_label(
    tmp_path: Path, transformer: Path, tiny_reviews: Path
) -> None:
    neutral = write_jsonl(tmp_path / "neutral.jsonl", [{"text": "The camera moves."}])
    data = read_teaching_data(plan(transformer, tiny_reviews, neutral))
    assert data.train[-1].targets == (0.5, 0.5)
    assert {text.targets for text in data.train[:-1]} == {(1.0, 0.0), (0.0, 1.0)}


def test_what_fit_holds_out_is_held_out(transformer: Path, tiny_reviews: Path) -> None:
    asked = plan(transformer, tiny_reviews)
    data = read_teaching_data(asked)
    reviews = read_reviews([tiny_reviews], split="train").reviews
    split = split_validation(reviews, ratio=0.2, reserved_ids=frozenset(), seed=asked.finetuning.seed)
    assert set(data.validation["reviews.jsonl"]) == set(split.validation)
    assert len(data.train) == len(split.train)


def test_a_class_that_no_held_out_review_has_is_refused_as_by_fit(
    tmp_path: Path, transformer: Path, tiny_reviews: Path
) -> None:
    rare = write_jsonl(tmp_path / "rare.jsonl", [{"text": "so so", "label": "2", "movie": "tt0"}])
    asked = plan(transformer, tiny_reviews)
    with pytest.raises(InvalidReviews, match=r"'2'"):
        read_teaching_data(replace(asked, train=(*asked.train, rare)))


def test_a_file_may_have_one_class_where_others_have_more(
    tmp_path: Path, transformer: Path, tiny_reviews: Path
) -> None:
    praise = [{"text": f"superb {number}", "label": 1} for number in range(50)]
    asked = plan(transformer, tiny_reviews)
    alone = read_teaching_data(asked)
    with_praise = write_jsonl(tmp_path / "praise.jsonl", praise)
    data = read_teaching_data(replace(asked, train=(*asked.train, with_praise)))
    assert data.validation["reviews.jsonl"] == alone.validation["reviews.jsonl"]
    assert data.validation["praise.jsonl"]
    assert len(data.train) == len(alone.train) + 50 - len(data.validation["praise.jsonl"])


def test_a_file_gives_no_more_tokens_than_it_may(transformer: Path, tiny_reviews: Path) -> None:
    data = read_teaching_data(replace(plan(transformer, tiny_reviews), max_file_tokens=(300,)))
    assert 250 < sum(len(text.ids) for text in data.train) <= 300


def test_long_texts_keep_a_quarter_from_the_start_and_the_rest_from_the_end(transformer: Path) -> None:
    text = "a wonderful film, a terrible film. I loved it"
    [whole] = SubwordTokenizer(transformer, max_tokens=99).ids([text])
    [cut] = SubwordTokenizer(transformer, max_tokens=8).ids([text])
    assert cut == whole[:2] + whole[-6:]


def test_batch_mates_and_padding_change_nothing(teacher_folder: Path) -> None:
    teacher = TransformerTeacher.load(teacher_folder)
    texts = [str(review["text"]) for review in made_up_reviews()[:20]] + ["superb"]
    together = teacher.probabilities(texts)
    alone = np.concatenate([teacher.probabilities([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=0.02)  # bfloat16, where the processor has it


def test_another_encoder_in_the_place_of_the_tuned_one_is_refused(
    tmp_path: Path, teacher_folder: Path
) -> None:
    description = json.loads((teacher_folder / "teacher.json").read_text(encoding="utf-8"))
    (tmp_path / "teacher.safetensors").write_bytes((teacher_folder / "teacher.safetensors").read_bytes())
    changed = json.dumps(description | {"transformer_sha256": "0" * 64})
    (tmp_path / "teacher.json").write_text(changed, encoding="utf-8")
    with pytest.raises(InvalidTransformer, match="is not the encoder that tiny"):
        TransformerTeacher.load(tmp_path)


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_folder_that_lacks_a_file_is_refused_by_name(
    tmp_path: Path, transformer: Path, tiny_reviews: Path, missing: str
) -> None:
    folder = shutil.copytree(transformer, tmp_path / "encoder")
    asked = replace(plan(transformer, tiny_reviews), transformer=folder)
    (folder / missing).unlink()
    with pytest.raises(InvalidTransformer, match=re.escape(str(folder))):
        finetune_teacher(TeachingRun.create(tmp_path / "run", asked), report=lambda _: None)


def test_a_damaged_checkpoint_is_refused(tmp_path: Path, transformer: Path, tiny_reviews: Path) -> None:
    run = TeachingRun.create(tmp_path / "run", plan(transformer, tiny_reviews))
    (run.folder / "state.pt").write_bytes(b"PK not a checkpoint")
    with pytest.raises(InvalidCheckpoint, match=r"state\.pt is damaged"):
        run.restore(new_finetuner(run.plan))


def new_finetuner(asked: TeachingPlan) -> Finetuner:
    data = read_teaching_data(asked)
    torch.manual_seed(2)
    return Finetuner(load_classifier(asked.transformer, num_labels=2), data.train, asked.finetuning)
