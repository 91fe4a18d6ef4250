"""Versions that earlier releases published go on loading, with the same probabilities.

Release 0.1.0 wrote `store_of_0_1_0`: a network of two layers with random weights, and golden examples whose
texts hold what cleaning has to undo, from tags to look-alikes.
"""

from pathlib import Path

import pytest
import safetensors.torch

from model_store import RELEASED, Manifest, Store, golden
from sentiment import NetworkConfig, Tokenizer

STORE_OF_0_1_0 = Path(__file__).parent / "store_of_0_1_0"
FOLDERS = [
    path.parent for root in (RELEASED, STORE_OF_0_1_0) for path in sorted(root.glob("*/*/manifest.json"))
]
LSTM_WEIGHTS = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


def tensor_names(network: NetworkConfig) -> set[str]:
    directions = ("ahead", "back") if network.bidirectional else ("ahead",)
    layers = {
        f"layers.{depth}.{direction}.{weight}"
        for depth in range(network.num_layers)
        for direction in directions
        for weight in LSTM_WEIGHTS
    }
    return {"embedding.weight", "output.weight", "output.bias"} | layers


def version_id(folder: Path) -> str:
    return "/".join(folder.parts[-3:])


def test_there_are_versions_to_look_at() -> None:
    assert {version_id(folder) for folder in FOLDERS} >= {"store_of_0_1_0/reviews/1"}
    assert len(FOLDERS) >= 2


@pytest.mark.parametrize("folder", FOLDERS, ids=version_id)
def test_version_loads_and_reproduces_its_golden_examples(folder: Path) -> None:
    loaded = Store(folder.parents[1]).load(f"{folder.parent.name}@{folder.name}", device="cpu")
    golden.check(loaded.classifier, loaded.golden)


@pytest.mark.parametrize("folder", FOLDERS, ids=version_id)
def test_tensors_keep_their_names(folder: Path) -> None:
    names = set(safetensors.torch.load((folder / "model.safetensors").read_bytes()))
    assert names == tensor_names(Manifest.from_json((folder / "manifest.json").read_bytes()).network)


@pytest.mark.parametrize("folder", FOLDERS, ids=version_id)
def test_saving_again_writes_the_same_bytes(folder: Path) -> None:
    manifest, tokenizer = (folder / "manifest.json").read_text(), (folder / "tokenizer.json").read_text()
    assert Manifest.from_json(manifest).to_json() == manifest
    assert Tokenizer.from_json(tokenizer).to_json() == tokenizer


def test_aliases_are_read() -> None:
    assert Store(STORE_OF_0_1_0).resolve("reviews@production") == ("reviews", 1)
