"""Versions that a run uses: which ones they are is kept in its plan, to the byte."""

from pathlib import Path

from model_store import RELEASED, Manifest, ModelVersion, Store, golden
from training.errors import InvalidBase
from training.recipe.plan import PinnedVersion

__all__ = ["load_pinned", "pin_version"]

_WEIGHTS = "model.safetensors"


def pin_version(reference: str, *, store: Path | None, own_store: Path) -> tuple[PinnedVersion, Manifest]:
    """Return the version that a reference stands for now, with its manifest.

    Without `store` it is looked up in `own_store` if that has the model, else in the released store. Raises
    the StoreError of whatever is missing or damaged.
    """
    found_in = Store(store or _default_store(reference, own_store))
    model, version = found_in.resolve(reference)
    manifest = found_in.verify(model, version)
    pinned = PinnedVersion(
        store=found_in.root.resolve(),  # so that the run can be resumed from any folder
        model=model,
        version=version,
        weights_sha256=manifest.files[_WEIGHTS].sha256,
    )
    return pinned, manifest


def load_pinned(pinned: PinnedVersion) -> ModelVersion:
    """Read the version, and check every byte and its golden examples.

    Raises a StoreError for what is damaged or gone, and InvalidBase when another version has taken its place.
    """
    version = Store(pinned.store).load(str(pinned), device="cpu")
    if version.manifest.files[_WEIGHTS].sha256 != pinned.weights_sha256:
        raise InvalidBase(f"{pinned} in {pinned.store} is not what this run began with: start a new run")
    golden.check(version.classifier, version.golden)
    return version


def _default_store(reference: str, own: Path) -> Path:
    model = reference.partition("@")[0]
    return own if own.is_dir() and model in Store(own).models() else RELEASED
