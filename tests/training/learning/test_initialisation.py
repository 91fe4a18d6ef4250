"""How weights start: what each scheme draws, what it leaves alone, and what zeros do to learning."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from model_store import Store
from sentiment import NetworkConfig, SentimentLSTM
from tests.sample_reviews import TINY_RECIPE
from tests.training.learning.tiny_examples import examples
from training.__main__ import main
from training.learning.classification import Classification
from training.learning.initialisation import initialise
from training.learning.trainer import Trainer
from training.recipe.recipe import load_recipe, recipe_from_fields
from training.recipe.tables import Fitting, Initialisation, Objective, Weights

INPUTS, OUTPUTS = 32, 96


def network(initialisation: Initialisation, *, num_layers: int = 1) -> SentimentLSTM:
    torch.manual_seed(4)
    config = NetworkConfig(
        vocabulary_size=20, num_labels=2, embedding_size=INPUTS, hidden_size=OUTPUTS, num_layers=num_layers
    )
    model = SentimentLSTM(config)
    initialise(model, initialisation)
    return model


def lstms(model: SentimentLSTM) -> list[nn.LSTM]:
    return [module for module in model.modules() if isinstance(module, nn.LSTM)]


def input_gates(weights: Weights) -> list[Tensor]:
    """Matrices of both directions of two layers: [OUTPUTS, INPUTS], then [OUTPUTS, 2 OUTPUTS]."""
    model = network(Initialisation(weights=weights), num_layers=2)
    return [gate.detach() for lstm in lstms(model) for gate in lstm.all_weights[0][0].chunk(4)]


def recurrent_gates(weights: Weights) -> list[Tensor]:
    model = network(Initialisation(weights=weights), num_layers=2)
    return [gate.detach() for lstm in lstms(model) for gate in lstm.all_weights[0][1].chunk(4)]


def test_the_default_changes_no_weight_and_draws_no_number() -> None:
    torch.manual_seed(4)
    model = SentimentLSTM(NetworkConfig(vocabulary_size=20, num_labels=2, num_layers=2))
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    state = torch.get_rng_state()
    initialise(model, Initialisation())
    assert torch.equal(torch.get_rng_state(), state)
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, before[name]), name


def test_recipes_without_the_table_start_as_ever() -> None:
    assert load_recipe("cpu").initialisation == Initialisation(weights="default", biases="forget_one")
    fields = load_recipe("cpu").fields()
    del fields["initialisation"]  # as in the manifests of releases that had no such table
    assert recipe_from_fields(fields, source="manifest") == load_recipe("cpu")


def test_normal_has_one_deviation_whatever_the_size() -> None:
    for gate in [*input_gates("normal"), *recurrent_gates("normal")]:
        assert gate.std().item() == pytest.approx(0.1, rel=0.1)
        assert gate.abs().max() > 0.25  # beyond any uniform distribution of that deviation
    assert network(Initialisation(weights="normal")).output.weight.std().item() == pytest.approx(0.1, rel=0.2)


@pytest.mark.parametrize("weights", ["xavier", "normalized"])
def test_both_glorot_schemes_scale_by_the_inputs_and_outputs_of_one_gate(weights: Weights) -> None:
    for gate in [*input_gates(weights), *recurrent_gates(weights)]:
        assert gate.std().item() == pytest.approx(math.sqrt(2 / sum(gate.shape)), rel=0.05)
        bound = math.sqrt(6 / sum(gate.shape))
        assert (gate.abs().max().item() <= bound) == (weights == "normalized")


def test_orthogonal_gates_keep_lengths() -> None:
    for gate in recurrent_gates("orthogonal"):
        torch.testing.assert_close(gate @ gate.T, torch.eye(OUTPUTS), rtol=0, atol=1e-5)
    for gate in input_gates("orthogonal"):
        square = gate.T @ gate if gate.size(0) > gate.size(1) else gate @ gate.T
        torch.testing.assert_close(square, torch.eye(len(square)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("weights", ["zeros", "normal", "xavier", "normalized", "orthogonal"])
def test_a_scheme_moves_every_matrix_but_the_embedding(weights: Weights) -> None:
    before, after = (
        network(Initialisation()).state_dict(),
        network(Initialisation(weights=weights)).state_dict(),
    )
    same = {name for name, weight in after.items() if torch.equal(weight, before[name])}
    assert same == {name for name in before if "bias" in name} | {"embedding.weight"}


def test_biases_of_zero_close_the_forget_gate_and_move_no_weight() -> None:
    before, after = network(Initialisation()), network(Initialisation(biases="zeros"))
    for model, forget in ((before, 1.0), (after, 0.0)):
        for lstm in lstms(model):
            _, _, bias_ih, bias_hh = lstm.all_weights[0]
            expected = [0.0] * OUTPUTS + [forget] * OUTPUTS + [0.0] * 2 * OUTPUTS
            assert (bias_ih + bias_hh).tolist() == expected
    for name, weight in after.state_dict().items():
        assert "bias" in name or torch.equal(weight, before.state_dict()[name]), name


@pytest.mark.parametrize("weights", ["zeros", "normal"])
def test_units_that_start_at_zero_stay_alike_and_learn_nothing(weights: Weights) -> None:
    model = network(Initialisation(weights=weights))
    device = torch.device("cpu")
    task = Classification(train=examples(), validation=examples(20), objective=Objective(), device=device)
    fitting = Fitting(epochs=4, batch_reviews=8, learning_rate=1e-2)
    subject = Trainer(model, task, fitting, seed=1, device=device)
    subject.run(lambda: None, lambda _: None)
    batch = examples().batch([0, 1, 2], step=0)
    states_TBD = model.layers[0](model.embedding(batch.texts.ids_TB), batch.texts.lengths_B)
    alike = torch.equal(states_TBD, states_TBD[..., :1].expand_as(states_TBD))
    stuck = subject.progress.history[-1].validation_loss > 0.99 * math.log(2)
    assert (alike, stuck) == ((True, True) if weights == "zeros" else (False, False))


def test_fit_starts_from_what_the_recipe_says(tmp_path: Path, tiny_reviews: Path) -> None:
    recipe = tmp_path / "zeros.toml"
    table = "[initialisation]\nweights = 'zeros'\nbiases = 'zeros'\n\n[vectors]\nepochs = 1\n\n[fitting]"
    recipe.write_text(TINY_RECIPE.replace("[fitting]", table), encoding="utf-8")
    where = ["--run-folder", str(tmp_path / "run"), "--store", str(tmp_path / "store"), "--device", "cpu"]
    assert main(["fit", "--recipe", str(recipe), "--train", str(tiny_reviews), *where]) == 0
    classifier = Store(tmp_path / "store").load("reviews", device="cpu").classifier
    good, bad = classifier.predict(["a wonderful film", "a terrible film"])
    assert good.probabilities == bad.probabilities  # though the embedding knows the words apart
