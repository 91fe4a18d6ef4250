"""A published version that training starts from, in place of random weights: `fit --from`.

Weights and the network's shape are the base's, and so is the tokenizer unless the recipe wants a new
vocabulary; a recipe adds its dropouts and how to fit.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from torch import Tensor

from model_store import Manifest
from sentiment import Tokenizer
from sentiment.network_config import DROPOUTS
from training.data.labels import LabelSet, label_key
from training.errors import InvalidBase
from training.recipe.plan import PinnedVersion
from training.recipe.recipe import Recipe
from training.run.pinned_version import load_pinned
from training.run.vocabulary_transfer import with_vocabulary

__all__ = ["BaseVersion", "adapted_labels", "adapted_recipe", "load_base"]

_FROM_DATA = ("vocabulary_size", "num_labels")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseVersion:
    """What a run takes from the version that it starts from."""

    name: str
    labels: tuple[str, ...]
    tokenizer: Tokenizer
    weights: Mapping[str, Tensor]
    """The state of its network, in float32."""
    temperature: float
    temperature_slope: float

    def weights_for(self, tokenizer: Tokenizer) -> Mapping[str, Tensor]:
        """Return the weights that a network with this tokenizer starts from."""
        if tokenizer is self.tokenizer:
            return self.weights
        return with_vocabulary(self.weights, self.tokenizer, tokenizer)


def load_base(pinned: PinnedVersion) -> BaseVersion:
    """Read the version; raises what `load_pinned` raises."""
    version = load_pinned(pinned)
    return BaseVersion(
        name=str(version),
        labels=version.classifier.labels,
        tokenizer=version.classifier.tokenizer,
        weights=version.classifier.network.state_dict(),
        temperature=version.manifest.temperature,
        temperature_slope=version.manifest.temperature_slope,
    )


def adapted_recipe(recipe: Recipe, manifest: Manifest) -> Recipe:
    """Return the recipe with the base's network, the dropouts excepted, and without word vectors.

    The tokenizer is the base's too, unless the recipe wants a new vocabulary.
    """
    dropouts = {name: value for name, value in recipe.network.items() if name in DROPOUTS}
    network = {name: value for name, value in asdict(manifest.network).items() if name not in _FROM_DATA}
    without = dict.fromkeys(DROPOUTS, 0.0)
    tokenizer = manifest.tokenizer if recipe.vocabulary == "base" else recipe.tokenizer
    return replace(recipe, tokenizer=tokenizer, vectors=None, network=network | without | dropouts)


def adapted_labels(found: LabelSet, base: BaseVersion) -> LabelSet:
    """Return the labels found in reviews in the base's order; raises InvalidBase unless they are the same."""
    if sorted(map(label_key, found.names)) != sorted(map(label_key, base.labels)):
        raise InvalidBase(
            f"the reviews have the labels {', '.join(found.names)}, but {base.name} has "
            f"{', '.join(base.labels)}: name another base, or train without one"
        )
    return LabelSet(base.labels)
