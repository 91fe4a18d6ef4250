from model_store import errors
from sentiment import SentimentError


def test_tree_in_docstring_names_every_error() -> None:
    assert errors.__doc__ is not None
    drawn = {line.split()[1] for line in errors.__doc__.splitlines() if "── " in line}
    assert drawn == set(errors.__all__)


def test_every_error_is_a_store_error() -> None:
    assert issubclass(errors.StoreError, SentimentError)
    assert all(issubclass(getattr(errors, name), errors.StoreError) for name in errors.__all__)
