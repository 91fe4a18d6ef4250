import re
from collections.abc import Iterator

from sentiment import SentimentError
from service import errors
from service.errors import AmbiguousLength, ApiError, Rejection
from service.telemetry.metrics import METRICS


def below(kind: type[ApiError]) -> Iterator[type[ApiError]]:
    """Yield all classes that derive from one."""
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


def leaves() -> list[type[ApiError]]:
    """Return the classes that have a code of their own."""
    return [each for each in below(ApiError) if each not in (Rejection, AmbiguousLength)]


def test_the_drawing_of_the_tree_is_correct() -> None:
    drawn = dict(re.findall(r"── (\w+) +(\d\w\w \w+)", errors.__doc__ or ""))
    classes: list[type[ApiError]] = [*leaves(), AmbiguousLength]
    expected = {each.__name__: f"{each.status} {each.code}" for each in classes}
    assert drawn == expected | {"BadRequest": "4xx bad_request"}


def test_codes_are_unique() -> None:
    codes = [each.code for each in leaves()]
    assert len(codes) == len(set(codes))


def test_each_rejection_has_a_series() -> None:
    (rejected,) = (metric for metric in METRICS if metric.name == "sentiment_requests_rejected_total")
    assert sorted(each.code for each in below(Rejection)) == sorted(rejected.labels["reason"])


def test_all_errors_derive_from_the_root_of_the_project() -> None:
    assert all(
        issubclass(getattr(errors, name), SentimentError)
        for name in errors.__all__
        if name not in ("FieldError", "Limit")
    )
