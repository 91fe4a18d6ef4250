"""Several processes that torchrun starts: the same steps as one process does, and one of them publishes."""

import re
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from model_store import Store
from tests.sample_reviews import TINY_RECIPE
from tests.training.distributed.shared_steps import TRAININGS, outcome
from tests.training.distributed.torchrun import start, torchrun
from training.__main__ import main
from training.distributed.processes import check_gpus, share
from training.errors import TooFewDevices

pytestmark = pytest.mark.xdist_group("several processes")

RANDOM = {"with dropout", "resumed"}
TEXTS = ["a wonderful film", "simply awful", "the camera moves", "wooden acting, two hours long"]

LANGUAGE_MODEL = """\
[vectors]
epochs = 1

[language_model]
num_noise = 100000
dropout = 0.0

[language_model.fitting]
epochs = 1

[fitting]"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What two processes make of each training, the first process first."""
    path = tmp_path_factory.mktemp("outcomes") / "outcomes.pt"
    code, _, errors = torchrun("tests.training.distributed.shared_steps", str(path))
    assert code == 0, errors
    found: dict[str, list[dict[str, Any]]] = torch.load(path, weights_only=True)
    return found


@pytest.mark.parametrize("name", sorted(set(TRAININGS) - RANDOM))
def test_two_processes_do_the_steps_of_one(name: str, outcomes: dict[str, list[dict[str, Any]]]) -> None:
    together, alone = outcomes[name][0], outcome(TRAININGS[name])
    assert together["losses"] == pytest.approx(alone["losses"], abs=1e-5)
    assert together["validation"] == pytest.approx(alone["validation"], abs=1e-5)
    for what in ("weights", "best"):
        torch.testing.assert_close(together[what], alone[what], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", sorted(TRAININGS))
def test_both_processes_have_the_same_losses_and_weights(
    name: str, outcomes: dict[str, list[dict[str, Any]]]
) -> None:
    first, second = outcomes[name]
    assert first["losses"] == second["losses"]
    for what in ("weights", "best"):
        torch.testing.assert_close(first[what], second[what], rtol=0, atol=0)


def test_two_processes_go_on_from_a_state_as_if_they_had_not_stopped(
    outcomes: dict[str, list[dict[str, Any]]],
) -> None:
    whole, resumed = outcomes["with dropout"][0], outcomes["resumed"][0]
    assert resumed["losses"] == whole["losses"]
    torch.testing.assert_close(resumed["best"], whole["best"], rtol=0, atol=0)


def recipe_without_chance(folder: Path, *, epochs: int, more: str = "[fitting]") -> Path:
    path = folder / "recipe.toml"
    text = TINY_RECIPE.replace("dropout = 0.1", "dropout = 0.0").replace("epochs = 3", f"epochs = {epochs}")
    path.write_text(text.replace("[fitting]", more), encoding="utf-8")
    return path


def options(recipe: Path, reviews: Path, folder: Path) -> list[str]:
    what = ["fit", "--recipe", str(recipe), "--train", str(reviews), "--device", "cpu"]
    return [*what, "--run-folder", str(folder / "run"), "--store", str(folder / "store")]


def probabilities(folder: Path) -> list[list[float]]:
    predictions = Store(folder / "store").load("reviews@1", device="cpu").classifier.predict(TEXTS)
    return [list(prediction.probabilities.values()) for prediction in predictions]


def test_one_of_two_processes_talks_and_publishes_what_a_single_one_would(
    tmp_path: Path, tiny_reviews: Path
) -> None:
    recipe = recipe_without_chance(tmp_path, epochs=2, more=LANGUAGE_MODEL)
    code, output, errors = torchrun("training", *options(recipe, tiny_reviews, tmp_path))
    assert code == 0, errors
    for line in ("run: ", "language_model: epoch 1:", "classifier: epoch 2:", "published reviews@1 in "):
        assert output.count(line) == 1
    assert Store(tmp_path / "store").versions("reviews") == [1]
    alone = tmp_path / "alone"
    assert main(options(recipe, tiny_reviews, alone)) == 0
    np.testing.assert_allclose(probabilities(tmp_path), probabilities(alone), atol=2e-3)


def test_two_processes_stop_together_and_one_continues(tmp_path: Path, tiny_reviews: Path) -> None:
    recipe = recipe_without_chance(tmp_path, epochs=40)
    with start("training", *options(recipe, tiny_reviews, tmp_path)) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("classifier: epoch 1:"):
                process.send_signal(signal.SIGINT)
                break
        _, errors = process.communicate(timeout=240)
    assert process.returncode != 0
    message = rf"^error: stopped; go on with: python -m training fit --resume {tmp_path / 'run'}$"
    assert len(re.findall(message, errors, re.MULTILINE)) == 1
    assert not (tmp_path / "store").exists()

    assert main(["fit", "--resume", str(tmp_path / "run")]) == 0
    alone = tmp_path / "alone"
    assert main(options(recipe, tiny_reviews, alone)) == 0
    # Two processes add gradients in another order, and forty epochs let the difference grow: 4e-3 was seen.
    np.testing.assert_allclose(probabilities(tmp_path), probabilities(alone), atol=2e-2)


def test_an_error_in_both_processes_is_reported_once(tmp_path: Path, tiny_recipe: Path) -> None:
    code, _, errors = torchrun("training", *options(tiny_recipe, tmp_path / "missing.jsonl", tmp_path))
    assert code != 0
    [line] = [line for line in errors.splitlines() if line.startswith("error: ")]
    assert "missing.jsonl" in line


def test_more_processes_than_gpus_are_reported_in_one_line() -> None:
    check_gpus(2, 2)
    with pytest.raises(TooFewDevices, match=r"4 processes on a host with 2 usable GPUs: .*-node 2,"):
        check_gpus(4, 2)


def test_a_single_process_sees_to_all() -> None:
    assert share([4, 5, 6]) == [4, 5, 6]
