import re
from collections.abc import Iterator

from sentiment import SentimentError
from service import errors
from service.errors import ApiError, Rejection
from service.metrics import REASONS


def below(kind: type[ApiError]) -> Iterator[type[ApiError]]:
    """Yield all classes that derive from one."""
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


def leaves() -> list[type[ApiError]]:
    """Return the classes that are raised."""
    return [each for each in below(ApiError) if each is not Rejection]


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn = dict(re.findall(r"── (\w+) +(\d\w\w \w+)", errors.__doc__ or ""))
    expected = {each.__name__: f"{each.status} {each.code}" for each in leaves()}
    assert drawn == expected | {"BadRequest": "4xx bad_request"}


def test_codes_are_unique() -> None:
    codes = [each.code for each in leaves()]
    assert len(codes) == len(set(codes))


def test_each_rejection_has_a_series() -> None:
    assert sorted(each.code for each in below(Rejection)) == sorted(REASONS)


def test_all_are_of_this_project() -> None:
    assert all(
        issubclass(getattr(errors, name), SentimentError) for name in errors.__all__ if name != "FieldError"
    )
