"""The tables of a recipe: what each stage of a training takes."""

from dataclasses import dataclass, fields
from typing import Literal

from sentiment.strict import strict
from training.errors import InvalidRecipe

__all__ = [
    "Augmentation",
    "Biases",
    "Distillation",
    "Fitting",
    "Initialisation",
    "LanguageModelling",
    "Objective",
    "Selection",
    "Vectors",
    "Weights",
    "require",
]

Weights = Literal["default", "zeros", "normal", "xavier", "normalized", "orthogonal"]
Biases = Literal["forget_one", "zeros"]
Selection = Literal["reviews", "domains"]
"""What the best epoch is the best on: the validation reviews, or the mean over their domains."""

_MAX_NEUTRAL = 100_000
"""Neutral sentences are made from some fifty templates, so more of them teach nothing new."""


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Initialisation:
    """What the weights and biases of a network start from."""

    weights: Weights = "default"
    """`default` is the network's own: recurrent gates are orthogonal; the output layer is Glorot uniform, and
    so are the four input gates, as one matrix.
    `zeros` never learns: units that start alike stay alike.
    `normal` has mean 0 and standard deviation 0.1, whatever the size of the matrix.
    `xavier` is normal with variance 2 / (inputs + outputs), after Glorot & Bengio (2010).
    `normalized` is uniform with that variance, within sqrt(6 / (inputs + outputs)) of 0: equation 16 of that
    paper, which calls it the normalized initialization. Libraries call both by Xavier Glorot's name.
    `orthogonal` keeps the length of what passes through a square matrix (Saxe et al. 2014, arXiv:1312.6120).
    """
    biases: Biases = "forget_one"
    """`forget_one` opens the forget gates (Jozefowicz et al. 2015); other biases start at zero either way."""


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Vectors:
    """Word vectors for the embedding to start from: word2vec CBOW (Mikolov et al. 2013) on the texts."""

    epochs: int = 5
    window: int = 5
    """Words of context on either side."""
    negative: int = 5
    """Negatives drawn for each word."""

    def __post_init__(self) -> None:
        for name in ("epochs", "window", "negative"):
            require(getattr(self, name) >= 1, f"vectors.{name} must be at least 1")


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """How weights are fitted, whatever the task."""

    epochs: int
    epoch_steps: int | None = None
    """Steps of an epoch at most, on texts drawn anew for each; None takes every text. A run on much data is
    validated more often so, and can be shorter than one pass."""
    batch_reviews: int = 64
    learning_rate: float = 1e-3
    schedule: Literal["constant", "linear", "exponential"] = "constant"
    """After the warm-up: keep the rate, let it fall to zero linearly, or by `decay_ratio` an epoch.
    With a warm-up of 0.1, "linear" is the slanted triangle of ULMFiT (Howard & Ruder 2018)."""
    decay_ratio: float = 0.5
    """Factor by which an exponential schedule multiplies the rate over an epoch, a little at each step."""
    warmup_ratio: float = 0.0
    """Share of all steps during which the rate rises from zero."""
    layer_decay: float = 1.0
    """Rate of each layer relative to the one above it: ULMFiT's discriminative rates use 1 / 2.6."""
    unfreeze_epochs: int = 0
    """Epochs in which the output layer is fitted alone, and after which one more layer joins each time
    (ULMFiT's gradual unfreezing); 0 fits all layers from the start."""
    weight_decay: float = 0.0
    clip_norm: float | None = None
    """Maximum gradient norm of a step; None clips nothing."""
    ema_decay: float | None = None
    """Decay of an exponential moving average (EMA) of the weights, which is then what is published; None
    publishes the last weights. Short runs have a smaller decay: it spans a fifth of all steps at most."""
    patience_epochs: int | None = None
    """Epochs without a rise in the accuracy that epochs are chosen by, after which fitting stops; None never
    stops early."""
    mixed_precision: bool = False
    """Compute in 16 bits where that is faster: float16 on a GPU, bfloat16 on a processor that supports it.
    The weights stay in 32 bits."""

    def __post_init__(self) -> None:
        require(self.epochs >= 1, "fitting.epochs must be at least 1")
        require(self.epoch_steps is None or self.epoch_steps >= 1, "fitting.epoch_steps must be at least 1")
        require(self.batch_reviews >= 1, "fitting.batch_reviews must be at least 1")
        require(self.learning_rate > 0, "fitting.learning_rate must be above 0")
        require(0 <= self.warmup_ratio < 1, "fitting.warmup_ratio must be from 0 to below 1")
        require(0 < self.decay_ratio < 1, "fitting.decay_ratio must be between 0 and 1")
        require(0 < self.layer_decay <= 1, "fitting.layer_decay must be above 0 and at most 1")
        require(self.unfreeze_epochs >= 0, "fitting.unfreeze_epochs must not be negative")
        require(self.weight_decay >= 0, "fitting.weight_decay must not be negative")
        require(self.clip_norm is None or self.clip_norm > 0, "fitting.clip_norm must be above 0")
        require(self.ema_decay is None or 0 < self.ema_decay < 1, "fitting.ema_decay must be between 0 and 1")
        require(
            self.patience_epochs is None or self.patience_epochs >= 1,
            "fitting.patience_epochs must be at least 1",
        )


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageModelling:
    """A language model for the network's embedding and first layer to start from."""

    fitting: Fitting
    num_noise: int = 1024
    """Approximate number of negatives drawn for a step, in place of the whole vocabulary."""
    predicted_ratio: float = 1.0
    """Share of the words that a step predicts; all are read. Predicting costs more than reading."""
    dropout: float = 0.1
    """Dropout on the embeddings and on the states, in place of the network's own."""

    def __post_init__(self) -> None:
        require(self.num_noise >= 1, "language_model.num_noise must be at least 1")
        require(0 < self.predicted_ratio <= 1, "language_model.predicted_ratio must be above 0 and at most 1")
        require(0 <= self.dropout < 1, "language_model.dropout must be from 0 to below 1")


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What the network is trained for in addition to the right labels."""

    adversarial_norm: float | None = None
    """Norm of a perturbation of the embeddings that raises the loss, after which the label is to stay right
    (adversarial training, Miyato et al. 2017)."""
    virtual_norm: float | None = None
    """Norm of a perturbation that changes the answer to any text most, after which it is to stay the same
    (virtual adversarial training, in the same paper)."""
    entropy_weight: float = 0.0
    """Weight of the entropy of the answers to texts without a label (Grandvalet & Bengio 2005)."""
    word_dropout: float = 0.0
    """Share of words that are replaced by the unknown word, so that a misspelt one matters little."""

    def __post_init__(self) -> None:
        for name in ("adversarial_norm", "virtual_norm"):
            norm = getattr(self, name)
            require(norm is None or norm > 0, f"objective.{name} must be above 0")
        require(self.entropy_weight >= 0, "objective.entropy_weight must not be negative")
        require(0 <= self.word_dropout < 1, "objective.word_dropout must be from 0 to below 1")

    @property
    def uses_unlabelled(self) -> bool:
        """Whether texts without a label take part in it."""
        return self.virtual_norm is not None or self.entropy_weight > 0


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Distillation:
    """How a network learns from teachers (Hinton et al. 2015, arXiv:1503.02531)."""

    label_weight: float = 0.5
    """Weight of a review's label against its soft target; texts without a label have only the latter."""
    linear_teacher: bool = True
    """Whether a linear model of word sequences, trained on the same reviews, is one of the teachers."""

    def __post_init__(self) -> None:
        require(0 <= self.label_weight <= 1, "distillation.label_weight must be from 0 to 1")


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """How train texts are varied each time that they are trained on; their targets stay.

    Each rate is the share of the texts, 0 to 1, that are varied so. A word that a variation needs and a text
    lacks comes with a short sentence, such as "Posted from Lyon.". All is in English.
    """

    end_mark: float = 0.0
    """Take the last full stop or exclamation mark off, put the other in its place, or add one."""
    name: float = 0.0
    """Replace the names of people by others, of many origins and of women and men."""
    place: float = 0.0
    """Replace cities and countries by others."""
    number: float = 0.0
    """Replace numbers by others; those that ratings are made of stay, and so do prices."""
    identity_word: float = 0.0
    """Replace words for groups of people, such as religions and origins, by others of the same group."""
    typo: float = 0.0
    """Misspell or stretch a word of at least four letters, and one more for each twenty."""
    handle: float = 0.0
    """Put a handle, such as "@foxnova_7", in front or behind. Text rules 2 drop most."""
    web_address: float = 0.0
    """Put a web address behind or in front. Text rules 2 drop those with a scheme or a common ending."""
    pieces: float = 0.0
    """Share of the words of at least four letters that are read as pieces, as if they were unknown."""
    num_neutral: int = 0
    """Number of generated sentences without an opinion to train on as well, each label as probable as the
    other; only for negative and positive."""

    def __post_init__(self) -> None:
        for name, rate in self.rates.items():
            require(0 <= rate <= 1, f"augmentation.{name} must be from 0 to 1")
        require(
            0 <= self.num_neutral <= _MAX_NEUTRAL,
            f"augmentation.num_neutral must be from 0 to {_MAX_NEUTRAL}",
        )

    @property
    def rates(self) -> dict[str, float]:
        """The rate of each variation by its name."""
        return {
            field.name: getattr(self, field.name) for field in fields(self) if field.name != "num_neutral"
        }

    @property
    def varies(self) -> bool:
        """Whether any text is varied."""
        return any(self.rates.values())


def require(holds: bool, message: str) -> None:
    """Raise InvalidRecipe with the message unless the condition holds."""
    if not holds:
        raise InvalidRecipe(message)
