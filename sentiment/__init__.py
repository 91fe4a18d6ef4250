"""The model as a function: text to tokens to LSTM to calibrated probabilities. No files, no HTTP."""

from sentiment.classifier import TOLERANCE, Classifier, Prediction
from sentiment.engine import Engine, choose_device, set_num_threads
from sentiment.errors import (
    InvalidConfiguration,
    InvalidTokenizer,
    InvalidWeights,
    OutOfMemory,
    SentimentError,
)
from sentiment.network import NetworkConfig, SentimentLSTM
from sentiment.tokenizer import Span, TokenizedReview, Tokenizer, TokenizerConfig
from sentiment.weights import network_from_bytes, weights_to_bytes

__all__ = [
    "TOLERANCE",
    "Classifier",
    "Engine",
    "InvalidConfiguration",
    "InvalidTokenizer",
    "InvalidWeights",
    "NetworkConfig",
    "OutOfMemory",
    "Prediction",
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
