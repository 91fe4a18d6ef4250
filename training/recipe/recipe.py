"""A recipe: everything that decides how a model is trained, as one small TOML file.

The recipes that ship are in `training/recipes/`; `--recipe` takes the name of one or the path of your own.
"""

import json
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import JsonValue, TypeAdapter, ValidationError

from model_store.parsing import first_problem
from sentiment import NetworkConfig, SentimentError, TokenizerConfig
from sentiment.network_config import WeightPrecision
from sentiment.strict import strict
from training.errors import InvalidRecipe
from training.recipe.shipped import RECIPES, recipe_names
from training.recipe.tables import (
    Augmentation,
    Distillation,
    Fitting,
    Initialisation,
    LanguageModelling,
    Objective,
    Selection,
    Vectors,
    require,
)

__all__ = ["Recipe", "load_recipe", "recipe_from_fields"]


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to train a model; raises InvalidRecipe, naming the field, for a value that cannot work."""

    description: str
    seed: int = 1
    validation_ratio: float = 0.1
    """Share of the films that is held out to choose by; where no film is known, share of the reviews."""
    tokenizer: TokenizerConfig = TokenizerConfig()  # noqa: RUF009  # it is frozen
    """Not used with the vocabulary of a base version."""
    vocabulary: Literal["base", "new"] = "base"
    """With a base version (`fit --from`): keep its vocabulary, or learn another from the reviews, in which
    words that the base knows start from its vectors."""
    one_name_vector: bool = False
    """Words that are mostly written with a capital within sentences, names above all, have one vector in
    common, at first their mean: none of them has an opinion then that the others lack."""
    network: dict[str, JsonValue]
    """The fields of NetworkConfig except `vocabulary_size` and `num_labels`, which the data decides.

    With a base version (`fit --from`), only the dropouts count."""
    initialisation: Initialisation = field(default_factory=Initialisation)
    vectors: Vectors | None = None
    """None starts the embedding at random."""
    language_model: LanguageModelling | None = None
    """None starts the layers by `initialisation`."""
    fitting: Fitting
    selection: Selection = "reviews"
    """What the published epoch is chosen by: "reviews" takes that with the highest accuracy on the validation
    reviews, "domains" that with the highest mean of the accuracies on each of their domains, so that a small
    domain counts as much as a large one. Among equal ones, that with the lowest loss."""
    objective: Objective = Objective()  # noqa: RUF009  # it is frozen
    distillation: Distillation = Distillation()  # noqa: RUF009
    """Used only with teachers (`fit --teacher` and `--soft-targets`)."""
    augmentation: Augmentation = Augmentation()  # noqa: RUF009
    """Varies nothing by default."""
    temperature_by_length: bool = False
    """Calibrate by a temperature that depends on the length of a review, in place of one number."""
    num_sentences: int = 0
    """Number of generated sentences to train on with the reviews; only for negative and positive."""
    precision: WeightPrecision = "float16"
    """How the published weights are stored."""

    def __post_init__(self) -> None:
        require(0 < self.validation_ratio < 1, "validation_ratio must be between 0 and 1")
        require(self.num_sentences >= 0, "num_sentences must not be negative")
        self.network_config(vocabulary_size=3, num_labels=2)

    def network_config(self, *, vocabulary_size: int, num_labels: int) -> NetworkConfig:
        """Return the network for a vocabulary and labels."""
        sizes: dict[str, JsonValue] = {"vocabulary_size": vocabulary_size, "num_labels": num_labels}
        return _NETWORK.validate_json(json.dumps(self.network | sizes))

    @property
    def embedding_size(self) -> int:
        """Features of the network's embedding, which word vectors have as well."""
        return self.network_config(vocabulary_size=3, num_labels=2).embedding_size

    def fields(self) -> dict[str, JsonValue]:
        """Return the recipe as plain data; `recipe_from_fields` is the way back."""
        return asdict(self)


_NETWORK = TypeAdapter(NetworkConfig)
_RECIPE = TypeAdapter(Recipe)


def load_recipe(name: str) -> Recipe:
    """Return the recipe of this name or at this path; raises InvalidRecipe when it is missing or wrong."""
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(recipe_names())
        raise InvalidRecipe(
            f"no recipe {name!r}; there are {known}, or give the path of a .toml file"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidRecipe(f"{path}: {error}") from error
    return recipe_from_fields(fields, source=str(path))


def recipe_from_fields(fields: object, *, source: str) -> Recipe:
    """Return the recipe that plain data describes; raises InvalidRecipe, naming `source` and the field."""
    try:
        return _RECIPE.validate_json(json.dumps(fields, default=str))
    except ValidationError as error:
        raise InvalidRecipe(f"{source}: {first_problem(error)}") from error
    except SentimentError as error:
        raise InvalidRecipe(f"{source}: {error}") from error
