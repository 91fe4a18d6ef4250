import numpy as np
import pytest
from numpy.typing import NDArray

from training.evaluation.calibration import Temperature, fit_temperature, fit_temperature_by_length


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


@pytest.mark.parametrize("slope", [-0.2, 0.0, 0.3])
def test_it_finds_the_slope_that_the_classes_were_drawn_with(slope: float) -> None:
    lengths = np.random.default_rng(2).integers(1, 400, size=20_000)
    probabilities, labels = draw(1.0, num_labels=2)
    sharp = probabilities ** (1.5 * (lengths / 100) ** slope)[:, None]
    sharp /= sharp.sum(axis=1, keepdims=True)
    found = fit_temperature_by_length(sharp, labels.tolist(), lengths.tolist())
    assert found.value == pytest.approx(1.5, rel=0.05)
    assert found.slope == pytest.approx(slope, abs=0.05)


def test_a_slope_for_certain_probabilities_is_bounded() -> None:
    probabilities = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    found = fit_temperature_by_length(probabilities, [0, 1, 1], [1, 1, 400])
    assert np.isfinite(found.value)
    assert -0.5 <= found.slope <= 0.5


def test_a_temperature_says_how_it_depends_on_length() -> None:
    assert str(Temperature(1.25)) == "1.250"
    assert str(Temperature(1.25, -0.1)) == "1.250 * (tokens / 100)^-0.100"
