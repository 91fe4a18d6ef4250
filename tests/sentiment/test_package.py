import subprocess
import sys

import pytest

import sentiment


def test_every_public_name_resolves() -> None:
    assert [name for name in sentiment.__all__ if not hasattr(sentiment, name)] == []


def test_another_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Clasifier'"):
        sentiment.Clasifier  # type: ignore[attr-defined]  # noqa: B018  # misspelled on purpose


def test_what_computes_nothing_loads_no_pytorch() -> None:
    program = (
        "import sys; from sentiment import NetworkConfig, Prediction, SentimentError, Tokenizer;"
        "import sentiment.lengths; print('torch' in sys.modules);"
        "from sentiment import Classifier; print('torch' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "True"]
