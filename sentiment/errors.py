"""What can be wrong with a model's parts.

SentimentError              the root of every exception that this project raises
├── InvalidConfiguration    a field has a value that cannot work
├── InvalidTokenizer        a saved tokenizer cannot be read
├── InvalidWeights          the weights do not fit the network
└── OutOfMemory             a batch does not fit into memory
"""

__all__ = ["InvalidConfiguration", "InvalidTokenizer", "InvalidWeights", "OutOfMemory", "SentimentError"]


class SentimentError(Exception):
    """Any error that this project raises on purpose; its text is one line for people."""


class InvalidConfiguration(SentimentError):
    """A configuration field has a value that cannot work; the text names the field."""


class InvalidTokenizer(SentimentError):
    """A saved tokenizer cannot be read; the text says what is wrong with it."""


class InvalidWeights(SentimentError):
    """Weights cannot be read or do not fit the network; the text names the tensor."""


class OutOfMemory(SentimentError):
    """A batch does not fit into the device's memory; a smaller one may."""
