"""A published version that training starts from, in place of random weights: `fit --from`.

Tokenizer, weights and the network's shape are the base's; a recipe adds its dropouts and how to fit. A run
keeps which version it was, and the hash of its weights; the version is checked anew whenever the run starts.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from model_store import RELEASED, Manifest, ModelVersion, Store, golden
from sentiment import NetworkConfig, SentimentLSTM
from sentiment.network_config import DROPOUTS
from training.data.labels import LabelSet
from training.errors import InvalidBase
from training.recipe.plan import Base
from training.recipe.recipe import Recipe

__all__ = ["adapted_labels", "adapted_recipe", "find_base", "load_base", "start_network"]

_WEIGHTS = "model.safetensors"
_FROM_DATA = ("vocabulary_size", "num_labels")


def find_base(reference: str, *, store: Path | None, own_store: Path) -> tuple[Base, Manifest]:
    """Return the version that a reference stands for now, with its manifest.

    Without `store` it is looked up in `own_store` if that has the model, else in the released store. Raises
    the StoreError of whatever is missing or damaged.
    """
    where = Store(store or _default_store(reference, own_store))
    model, version = where.resolve(reference)
    manifest = where.verify(model, version)
    weights_sha256 = manifest.files[_WEIGHTS].sha256
    # Absolute, so that the run can be resumed from any folder.
    return Base(
        store=where.root.resolve(), model=model, version=version, weights_sha256=weights_sha256
    ), manifest


def load_base(base: Base) -> ModelVersion:
    """Read the version and check every byte and its golden examples.

    Raises a StoreError for what is damaged or gone, and InvalidBase when another version has taken its place.
    """
    version = Store(base.store).load(str(base), device="cpu")
    if version.manifest.files[_WEIGHTS].sha256 != base.weights_sha256:
        raise InvalidBase(f"{base} in {base.store} is not what this run began with: start a new run")
    golden.check(version.classifier, version.golden)
    return version


def adapted_recipe(recipe: Recipe, manifest: Manifest) -> Recipe:
    """Return the recipe with the base's tokenizer and network, the dropouts excepted, and no word vectors."""
    dropouts = {name: value for name, value in recipe.network.items() if name in DROPOUTS}
    network = {name: value for name, value in asdict(manifest.network).items() if name not in _FROM_DATA}
    without = dict.fromkeys(DROPOUTS, 0.0)
    return replace(recipe, tokenizer=manifest.tokenizer, vectors=None, network=network | without | dropouts)


def adapted_labels(found: LabelSet, base: str, names: Sequence[str]) -> LabelSet:
    """Return the labels found in reviews in the base's order; raises InvalidBase unless they are the same."""
    if set(found.names) != set(names):
        raise InvalidBase(
            f"the reviews have the labels {', '.join(found.names)}, but {base} has {', '.join(names)}: "
            "name another base, or train without one"
        )
    written = dict(zip(found.names, found.values, strict=True))
    return LabelSet(tuple(names), tuple(written[name] for name in names))


def start_network(config: NetworkConfig, base: ModelVersion) -> SentimentLSTM:
    """Return a network of its own with the base's weights in float32."""
    network = SentimentLSTM(config)
    network.load_state_dict(base.classifier.network.state_dict())
    return network


def _default_store(reference: str, own: Path) -> Path:
    model = reference.partition("@")[0]
    return own if own.is_dir() and model in Store(own).models() else RELEASED
