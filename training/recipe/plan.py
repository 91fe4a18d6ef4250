"""What a training run was asked to do; kept in its folder, so that `--resume` needs no other argument."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue, TypeAdapter, ValidationError

from model_store.parsing import first_problem
from reviews import Columns
from sentiment.strict import strict
from training.errors import InvalidCheckpoint
from training.recipe.recipe import Recipe

__all__ = ["PinnedVersion", "Plan", "SoftTargetSource"]


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedVersion:
    """A version that a run uses, to the byte."""

    store: Path
    model: str
    version: int
    weights_sha256: str

    def __str__(self) -> str:
        return f"{self.model}@{self.version}"


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class SoftTargetSource:
    """A file of soft targets, to the byte."""

    path: Path
    sha256: str
    teachers: tuple[str, ...]


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A recipe, the reviews to use it on, and where the version goes."""

    recipe_name: str
    recipe: Recipe
    base: PinnedVersion | None = None
    """The version that training starts from; the recipe then has its tokenizer and network."""
    teachers: tuple[PinnedVersion, ...] = ()
    """Versions to learn from, in addition to the labels."""
    soft_targets: tuple[SoftTargetSource, ...] = ()
    """Files of what teachers say of texts."""
    train: tuple[Path, ...]
    also_train: tuple[Path, ...] = ()
    """More labelled reviews to train on, none of which is held out for validation."""
    unlabelled: tuple[Path, ...] = ()
    """More texts for the vocabulary and the word vectors; their labels, if any, are ignored."""
    test: tuple[Path, ...] = ()
    """Read once, after everything is chosen."""
    reserved: Path | None = None
    """A file of ids, one a line, of train reviews that are used for validation alone."""
    columns: Columns = Columns()  # noqa: RUF009  # it is frozen
    skip_bad: bool = False
    store: Path
    model: str
    device: str = "auto"

    @property
    def has_teachers(self) -> bool:
        """Whether the network learns from what teachers say, together with the labels."""
        return bool(self.teachers or self.soft_targets)

    def to_json(self) -> bytes:
        """Return the plan as `from_json` reads it."""
        return _PLAN.dump_json(self, indent=2)

    def recipe_fields(self) -> dict[str, JsonValue]:
        """Return what a manifest says of the recipe, the base and the teachers."""
        fields = {"name": self.recipe_name, **self.recipe.fields()}
        if self.base:
            fields |= {"base": str(self.base), "base_weights_sha256": self.base.weights_sha256}
        if self.teachers:
            fields["teachers"] = [
                {"version": str(each), "weights_sha256": each.weights_sha256} for each in self.teachers
            ]
        if self.soft_targets:
            fields["soft_targets"] = [
                {"source": each.path.name, "sha256": each.sha256, "teachers": list(each.teachers)}
                for each in self.soft_targets
            ]
        return fields

    @classmethod
    def from_json(cls, saved: bytes, *, source: str) -> "Plan":
        """Return a saved plan; raises InvalidCheckpoint, naming `source`, when it cannot be read."""
        try:
            return _PLAN.validate_json(saved)
        except ValidationError as error:
            raise InvalidCheckpoint(f"{source}: {first_problem(error)}") from error


_PLAN = TypeAdapter(Plan)
