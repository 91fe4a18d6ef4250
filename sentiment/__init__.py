"""The model as a function: text to tokens to LSTM to calibrated probabilities. No files, no HTTP.

What needs PyTorch is imported when its name is first used (PEP 562): loading it takes a second and 200 MB,
which a command that only lists versions should not spend.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from sentiment.errors import (
    InvalidConfiguration,
    InvalidTokenizer,
    InvalidWeights,
    OutOfMemory,
    SentimentError,
)
from sentiment.network_config import NetworkConfig
from sentiment.prediction import TOLERANCE, Prediction
from sentiment.run_plan import RunPlan
from sentiment.tokenizer import Span, TokenizedReview, Tokenizer
from sentiment.tokenizer_config import TokenizerConfig

if TYPE_CHECKING:
    from sentiment.classifier import Classifier, ClassifierParts
    from sentiment.engine import Engine, choose_device, set_num_threads
    from sentiment.network import SentimentLSTM
    from sentiment.weights import network_from_bytes, weights_to_bytes
else:  # Hidden from the type checker, which would take any name for one of ours.
    _MODULES = {
        "Classifier": "classifier",
        "ClassifierParts": "classifier",
        "Engine": "engine",
        "SentimentLSTM": "network",
        "choose_device": "engine",
        "network_from_bytes": "weights",
        "set_num_threads": "engine",
        "weights_to_bytes": "weights",
    }

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        globals()[name] = value  # The next use finds it without this function.
        return value


__all__ = [
    "TOLERANCE",
    "Classifier",
    "ClassifierParts",
    "Engine",
    "InvalidConfiguration",
    "InvalidTokenizer",
    "InvalidWeights",
    "NetworkConfig",
    "OutOfMemory",
    "Prediction",
    "RunPlan",
    "SentimentError",
    "SentimentLSTM",
    "Span",
    "TokenizedReview",
    "Tokenizer",
    "TokenizerConfig",
    "choose_device",
    "network_from_bytes",
    "set_num_threads",
    "weights_to_bytes",
]
