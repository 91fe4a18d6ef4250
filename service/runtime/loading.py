"""From a reference to a version that is fit to answer."""

from collections.abc import Callable
from pathlib import Path

import sentiment
from model_store import Manifest, ModelVersion, Store, golden
from sentiment.memory import classifier_bytes, memory_limit_bytes, resident_bytes
from service.errors import UnfitVersion
from service.settings import PREFIX, InvalidSetting, Settings

__all__ = ["Loader", "check_fit", "load_version", "open_store"]

Loader = Callable[[Settings, str], ModelVersion]
"""Takes a reference such as "reviews@3". Called in a thread of its own; raises SentimentError when the
version is not fit to answer."""

MEMORY_RESERVE_RATIO = 0.05
"""Share of the container's memory that stays free for batches."""
MIB = 1024 * 1024


def load_version(settings: Settings, reference: str) -> ModelVersion:
    """Load a version, and check that it is fit to answer. Takes seconds.

    Verifies every hash and reproduces the golden examples. Raises SentimentError.
    """
    sentiment.set_num_threads(settings.lane_threads)
    version = open_store(settings).load(reference, device=settings.device, precision=settings.precision)
    golden.check(version.classifier, version.golden)
    _check_queue(settings, max_tokens=version.manifest.tokenizer.max_tokens)
    return version


def open_store(settings: Settings) -> Store:
    """Return the store that the settings name."""
    return Store() if settings.model_store is None else Store(settings.model_store)


def check_fit(manifest: Manifest, live: Manifest | None, *, device: str, root: Path = Path("/")) -> None:
    """Raise UnfitVersion for a version with other labels than the live one, or too large for this container.

    It is called before anything of the version is built. `root` is the folder that holds `proc` and `sys`.
    """
    name = f"{manifest.model}@{manifest.version}"
    if live is not None and set(live.labels) != set(manifest.labels):
        raise UnfitVersion(
            f"{name} has the labels {', '.join(manifest.labels)}, but {', '.join(live.labels)} are served: "
            "publish a model with other labels under another name"
        )
    limit = memory_limit_bytes(root=root)
    if limit is None:
        return
    held, needed = resident_bytes(root=root), classifier_bytes(manifest.network, has_table=device == "cpu")
    if held + needed > (1 - MEMORY_RESERVE_RATIO) * limit:
        raise UnfitVersion(
            f"{name} would need {needed / MIB:.0f} MiB beside the {held / MIB:.0f} MiB that are in use, and "
            f"the container may use {limit / MIB:.0f} MiB: give it more memory, or publish a smaller version"
        )


def _check_queue(settings: Settings, *, max_tokens: int) -> None:
    """Raise InvalidSetting when the queue would never have room for the largest request."""
    min_tokens = settings.max_reviews_per_request * max_tokens
    if settings.max_queue_tokens < min_tokens:
        raise InvalidSetting(
            f"{PREFIX}MAX_QUEUE_TOKENS: must be at least {min_tokens}, not {settings.max_queue_tokens}: "
            f"{PREFIX}MAX_REVIEWS_PER_REQUEST is {settings.max_reviews_per_request}, "
            f"and the model reads {max_tokens} tokens of each"
        )
