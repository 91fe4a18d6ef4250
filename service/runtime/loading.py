"""Loading the model that the settings name."""

from collections.abc import Callable

import sentiment
from model_store import ModelVersion, Store, golden
from service.settings import PREFIX, InvalidSetting, Settings

__all__ = ["Loader", "load_version"]

Loader = Callable[[Settings], ModelVersion]
"""Called in a thread of its own; raises SentimentError when there is no model fit to answer."""


def load_version(settings: Settings) -> ModelVersion:
    """Load the model that the settings name, and check that it is fit to answer. Takes seconds.

    Verifies every hash and reproduces the golden examples. Raises SentimentError.
    """
    sentiment.set_num_threads(settings.lane_threads)
    store = Store() if settings.model_store is None else Store(settings.model_store)
    version = store.load(settings.model, device=settings.device)
    golden.check(version.classifier, version.golden)
    _check_queue(settings, max_tokens=version.manifest.tokenizer.max_tokens)
    return version


def _check_queue(settings: Settings, *, max_tokens: int) -> None:
    """Raise InvalidSetting when the queue would never have room for the largest request."""
    min_tokens = settings.max_reviews_per_request * max_tokens
    if settings.max_queue_tokens < min_tokens:
        raise InvalidSetting(
            f"{PREFIX}MAX_QUEUE_TOKENS: must be at least {min_tokens}, not {settings.max_queue_tokens}: "
            f"{PREFIX}MAX_REVIEWS_PER_REQUEST is {settings.max_reviews_per_request}, "
            f"and the model reads {max_tokens} tokens of each"
        )
