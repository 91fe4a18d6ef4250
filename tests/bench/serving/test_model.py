from dataclasses import replace
from pathlib import Path

import pytest

from bench.serving.model import EngineModel, PyTorchModel
from model_store import Store
from sentiment import TOLERANCE
from tests.service import stores


@pytest.mark.parametrize("kind", [PyTorchModel, EngineModel])
def test_peers_answer_as_the_classifier_does_where_the_temperature_depends_on_length(
    kind: type[PyTorchModel], tmp_path: Path
) -> None:
    store = stores.publish(tmp_path, replace(stores.draft(), temperature_slope=0.5))
    version = Store(store).load("reviews", device="cpu")
    texts = ["good", *stores.TEXTS, "never " * 300]
    expected = [each.probabilities for each in version.classifier.predict(texts)]
    found = [each["probabilities"] for each in kind(version).predict(texts)]
    for probabilities, right in zip(found, expected, strict=True):
        assert probabilities == pytest.approx(right, abs=TOLERANCE)
