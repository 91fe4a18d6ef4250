"""The shape of a network. Without PyTorch, since programs that only read recipes or manifests need it too."""

from dataclasses import dataclass
from typing import Literal, get_args

from sentiment.errors import InvalidConfiguration
from sentiment.strict import strict

__all__ = ["DROPOUTS", "NetworkConfig", "Pooling", "WeightPrecision"]

Pooling = Literal["last", "max", "mean", "concat"]
WeightPrecision = Literal["float32", "float16"]
"""How the weights of a version are saved."""

DROPOUTS = ("embedding_dropout", "input_dropout", "weight_drop", "recurrent_dropout", "output_dropout")
"""The fields of NetworkConfig that only matter in training."""


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """The shape of a network and its dropouts.

    Raises InvalidConfiguration, naming the field, for a value that cannot work.
    """

    vocabulary_size: int
    num_labels: int
    embedding_size: int = 128
    hidden_size: int = 128
    num_layers: int = 1
    bidirectional: bool = True
    pooling: Pooling = "max"
    embedding_dropout: float = 0.0
    """Drops words, each everywhere in a batch (Gal & Ghahramani 2016, Merity et al. 2018)."""
    input_dropout: float = 0.0
    """On the embeddings, the same for all steps of a review (Gal & Ghahramani 2016)."""
    weight_drop: float = 0.0
    """On the recurrent weights, the same for all steps and reviews of a batch (Merity et al. 2018)."""
    recurrent_dropout: float = 0.0
    """On the hidden state, the same for all steps; slow, since steps run one by one: for short reviews."""
    output_dropout: float = 0.0
    """On the pooled states, and between stacked layers."""

    def __post_init__(self) -> None:
        sizes = ("vocabulary_size", "embedding_size", "hidden_size", "num_layers")
        for name, minimum in [("num_labels", 2), *((size, 1) for size in sizes)]:
            if getattr(self, name) < minimum:
                raise InvalidConfiguration(f"{name} must be at least {minimum}, not {getattr(self, name)}")
        for name in DROPOUTS:
            if not 0 <= getattr(self, name) < 1:
                raise InvalidConfiguration(f"{name} must be from 0 to below 1, not {getattr(self, name)}")
        if self.weight_drop and self.recurrent_dropout:
            raise InvalidConfiguration("weight_drop and recurrent_dropout exclude each other")
        if self.pooling not in get_args(Pooling):
            raise InvalidConfiguration(f"pooling must be one of {get_args(Pooling)}, not {self.pooling!r}")
