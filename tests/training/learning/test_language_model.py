"""The language model: what each direction predicts, the sampled loss, and starting from it."""

import dataclasses
import math
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from model_store import Store
from sentiment import NetworkConfig, SentimentLSTM
from tests.sample_reviews import TINY_RECIPE
from tests.training.learning.tiny_examples import tokenized
from training.__main__ import main
from training.learning.language_model import (
    LanguageModel,
    WordPrediction,
    inclusion_probabilities,
    sampled_loss,
    start_from,
)
from training.learning.trainer import Trainer
from training.recipe.tables import Fitting, LanguageModelling

CPU = torch.device("cpu")
NUM_WORDS = 40
CONFIG = NetworkConfig(vocabulary_size=NUM_WORDS, num_labels=2, embedding_size=16, hidden_size=24)
FITTING = Fitting(epochs=20, batch_reviews=16, learning_rate=5e-2, schedule="linear")
# Texts that count in steps of three: each word follows from either neighbour.
TEXTS = [tokenized([2 + (first + 3 * index) % 38 for index in range(9)]) for first in range(38)]


def model(config: NetworkConfig = CONFIG) -> LanguageModel:
    torch.manual_seed(1)
    return LanguageModel(SentimentLSTM(config))


def task(num_negatives: int = 20, predicted_ratio: float = 1.0) -> WordPrediction:
    config = LanguageModelling(
        fitting=FITTING, num_noise=num_negatives, predicted_ratio=predicted_ratio, dropout=0.0
    )
    return WordPrediction(train=TEXTS * 5, validation=TEXTS, config=config, device=CPU)


def test_the_forward_direction_predicts_the_next_word_and_the_backward_one_the_word_before() -> None:
    ids_TB = torch.tensor([[5, 9], [6, 8], [7, 0]])
    queries_NE, words_N = model()(ids_TB, torch.tensor([3, 2]))
    assert words_N.tolist() == [6, 8, 7, 5, 9, 6]
    assert queries_NE.shape == (6, 16)
    one_way = model(dataclasses.replace(CONFIG, bidirectional=False))
    assert one_way(ids_TB, torch.tensor([3, 2]))[1].tolist() == [6, 8, 7]


def test_a_query_has_not_seen_its_word() -> None:
    subject = model().eval()
    ids_TB = torch.tensor([[5], [6], [7], [8]])
    changed_TB = torch.tensor([[5], [6], [11], [8]])
    lengths_B = torch.tensor([4])
    before, after = subject(ids_TB, lengths_B)[0], subject(changed_TB, lengths_B)[0]
    same = [torch.equal(row, other) for row, other in zip(before, after, strict=True)]
    # Forward: queries for words 2, 3, 4; the last query has read word 3. Backward: for words 1, 2, 3.
    assert same == [True, True, False, False, False, True]


@pytest.mark.parametrize("num_negatives", [NUM_WORDS * 10, 12])
def test_the_sampled_loss_estimates_the_full_one(num_negatives: int) -> None:
    subject = model()
    torch.manual_seed(2)
    with torch.no_grad():
        subject.bias.normal_()
    queries_NE, words_N = torch.randn(50, 16), torch.randint(2, NUM_WORDS, (50,))
    scores_NV = functional.linear(queries_NE, subject.embedding.weight, subject.bias)
    full = functional.cross_entropy(scores_NV, words_N).item()
    estimates = [sampled_loss(subject, queries_NE, words_N, num_negatives).item() for _ in range(200)]
    tolerance = 1e-5 if num_negatives > NUM_WORDS else 0.05
    assert sum(estimates) / len(estimates) == pytest.approx(full, rel=tolerance)


def test_about_as_many_negatives_are_drawn_as_asked_for_and_frequent_ones_most_often() -> None:
    inclusion_V = inclusion_probabilities(30_000, 1024, CPU)
    assert inclusion_V.sum().item() == pytest.approx(1024, rel=1e-3)
    assert inclusion_V.max() <= 1
    assert (inclusion_V.diff() <= 0).all()


@pytest.mark.parametrize("predicted_ratio", [1.0, 0.3])
def test_it_learns_to_predict_words_in_both_directions(predicted_ratio: float) -> None:
    subject = task(predicted_ratio=predicted_ratio)
    trainer = Trainer(model(), subject, FITTING, seed=1, device=CPU)
    before = subject.validate(model())
    trainer.run(lambda: None, lambda _: None)
    after = subject.validate(trainer.best_network())
    assert before.loss == pytest.approx(math.log(NUM_WORDS), abs=0.3)
    assert after.loss < 0.3
    assert after.accuracy > 0.95


def test_a_network_starts_from_it_with_embeddings_of_unit_variance_and_the_same_states() -> None:
    source = model()
    with torch.no_grad():
        source.embedding.weight.mul_(7)
    network = SentimentLSTM(CONFIG)
    start_from(network, source)
    assert network.embedding.weight.std().item() == pytest.approx(1.0)
    ids_TB, lengths_B = torch.tensor([[5, 9], [6, 8], [7, 3]]), torch.tensor([3, 3])
    torch.testing.assert_close(
        network.layers[0](network.embedding(ids_TB), lengths_B),
        source.layer(source.embedding(ids_TB), lengths_B),
    )


def test_fit_learns_a_language_model_first_and_a_second_call_does_not_learn_it_again(
    tmp_path: Path, tiny_reviews: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "language.toml"
    tables = "[language_model]\nnum_noise = 20\n\n[language_model.fitting]\nepochs = 2\n\n[fitting]"
    recipe.write_text(TINY_RECIPE.replace("[fitting]", tables), encoding="utf-8")
    where = ["--run-folder", str(tmp_path / "run"), "--store", str(tmp_path / "store"), "--device", "cpu"]
    assert main(["fit", "--recipe", str(recipe), "--train", str(tiny_reviews), *where]) == 0
    assert capsys.readouterr().out.count("language_model: epoch") == 2
    (tmp_path / "run" / "classifier.pt").unlink()
    assert main(["fit", "--resume", str(tmp_path / "run")]) == 0
    assert "language_model: epoch" not in capsys.readouterr().out
    manifests = [Store(tmp_path / "store").manifest("reviews", version) for version in (1, 2)]
    assert manifests[0].files["model.safetensors"] == manifests[1].files["model.safetensors"]


def test_texts_of_one_token_have_no_loss() -> None:
    subject = model()
    queries_NE, words_N = subject(torch.tensor([[5, 9]]), torch.tensor([1, 1]))
    loss = sampled_loss(subject, queries_NE, words_N, 20)
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert loss.item() == 0.0
    assert all(weight.grad is None or not weight.grad.any() for weight in subject.parameters())
