import numpy as np
import pytest
from numpy.typing import NDArray

from training.evaluation.calibration import fit_temperature


def draw(temperature: float, *, num_labels: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities that are overconfident by `temperature`, and classes drawn from the true ones."""
    chance = np.random.default_rng(1)
    logits = chance.normal(scale=2.0, size=(20_000, num_labels))
    truth = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (truth.cumsum(axis=1) < chance.random((len(truth), 1))).sum(axis=1)
    sharp = np.exp(logits * temperature)
    return sharp / sharp.sum(axis=1, keepdims=True), labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("num_labels", [2, 5])
def test_it_finds_the_temperature_that_the_classes_were_drawn_with(
    temperature: float, num_labels: int
) -> None:
    probabilities, labels = draw(temperature, num_labels=num_labels)
    assert fit_temperature(probabilities, labels.tolist()) == pytest.approx(temperature, rel=0.05)


def test_certain_probabilities_do_not_break_it() -> None:
    probabilities = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    assert np.isfinite(fit_temperature(probabilities, [0, 1, 1]))
