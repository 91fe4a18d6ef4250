"""The client against a service that runs."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sentiment_client import (
    AsyncClient,
    Client,
    DeadlinePassed,
    KeyRefused,
    RequestRefused,
    Retries,
    ReviewRefused,
    Score,
    ScoreExplanation,
    SentenceInfluence,
    ServiceBusy,
    ServiceUnreachable,
    TokenInfluence,
)

from tests.client.conftest import KEY
from tests.scoring.jobs import texts
from tests.scripted_server import answered, scripted, silent
from tests.service.running import samples, series

README = Path(__file__).parents[2] / "client/README.md"
Predict = Callable[..., list[Score]]
Explain = Callable[..., list[ScoreExplanation]]


def predict(url: str, reviews: Iterable[str], **options: Any) -> list[Score]:  # noqa: ANN401 - any option
    with Client(url, **options) as client:
        return client.predict(reviews)


def predict_async(url: str, reviews: Iterable[str], **options: Any) -> list[Score]:  # noqa: ANN401 - any option
    async def run() -> list[Score]:
        async with AsyncClient(url, **options) as client:
            return await client.predict(reviews)

    return asyncio.run(run())


def explain(url: str, reviews: Iterable[str], **options: Any) -> list[ScoreExplanation]:  # noqa: ANN401 - any option
    with Client(url) as client:
        return client.explain(reviews, **options)


def explain_async(url: str, reviews: Iterable[str], **options: Any) -> list[ScoreExplanation]:  # noqa: ANN401 - any option
    async def run() -> list[ScoreExplanation]:
        async with AsyncClient(url) as client:
            return await client.explain(reviews, **options)

    return asyncio.run(run())


explain_with_both = pytest.mark.parametrize("ask", [explain, explain_async])
both = pytest.mark.parametrize("ask", [predict, predict_async])


@both
def test_scores_come_in_order_whatever_the_batches(ask: Predict, url: str) -> None:
    reviews = list(texts(150))
    scores = ask(url, reviews, max_reviews=7)
    assert scores == ask(url, reviews)
    assert scores == [ask(url, [review])[0] for review in reviews[:3]] + scores[3:]
    assert {(score.model, score.version) for score in scores} == {("reviews", 1)}
    assert len({score.confidence for score in scores}) > 1


@both
def test_no_reviews_have_no_scores(ask: Predict, url: str) -> None:
    assert ask(url, []) == []


@both
def test_a_review_that_is_refused_is_named_by_its_index_among_all(ask: Predict, url: str) -> None:
    with pytest.raises(ReviewRefused, match="review 11 must") as refused:
        ask(url, [*["Good."] * 11, " ", "Good."], max_reviews=4)
    assert (refused.value.index, refused.value.status, refused.value.code) == (11, 422, "invalid_request")
    assert refused.value.request_id


@both
def test_a_body_that_is_too_large_is_halved(ask: Predict, small: str) -> None:
    assert len(ask(small, ["word " * 30] * 20)) == 20
    with pytest.raises(RequestRefused, match="413 body_too_large") as refused:
        ask(small, ["word " * 1000])
    assert type(refused.value) is RequestRefused


@both
def test_a_key_is_needed_where_there_are_keys(ask: Predict, guarded: str) -> None:
    with pytest.raises(KeyRefused):
        ask(guarded, ["Good."])
    assert ask(guarded, ["Good."], api_key=KEY)


@both
def test_it_asks_again_when_the_service_is_busy_or_cut_off(ask: Predict) -> None:
    busy = (429, {"Retry-After": "0"}, {"code": "overloaded", "detail": "Full."})
    with scripted(busy, (503, {}, {}), answered(3)) as (url, heads):
        (score,) = ask(url, ["Good."], retries=Retries(first_wait_seconds=0.001))
    assert score.version == 3
    assert len(heads) == 3
    assert all(b"x-request-timeout-ms:" in head.lower() for head in heads)


@both
def test_it_gives_up_after_the_last_try(ask: Predict) -> None:
    busy = (429, {"Retry-After": "0"}, {"code": "overloaded", "detail": "Full.", "request_id": "7"})
    with (
        scripted(busy, busy) as (url, _),
        pytest.raises(ServiceBusy, match=r"429 overloaded: Full\.") as refused,
    ):
        ask(url, ["Good."], retries=Retries(max_tries=2))
    assert refused.value.request_id == "7"


@both
def test_a_wait_that_would_pass_the_deadline_is_not_begun(ask: Predict) -> None:
    busy = (503, {"Retry-After": "60"}, {"code": "draining", "detail": "Stopping."})
    with scripted(busy) as (url, _), pytest.raises(ServiceBusy, match="503 draining"):
        ask(url, ["Good."], timeout_seconds=10)


@both
def test_a_service_that_is_late_is_given_up(ask: Predict, url: str) -> None:
    with pytest.raises(DeadlinePassed):
        ask(url, ["Good."], timeout_seconds=1e-9)


@both
def test_nobody_there_is_said(ask: Predict) -> None:
    with pytest.raises(ServiceUnreachable, match="cannot be reached"):
        ask("http://127.0.0.1:9", ["Good."], retries=Retries(max_tries=2, first_wait_seconds=0.001))


@both
@pytest.mark.parametrize("address", ["nowhere", "ftp://127.0.0.1", "http://127.0.0.1:port", "http://"])
def test_what_is_no_url_is_said(ask: Predict, address: str) -> None:
    with pytest.raises(ServiceUnreachable, match=r"is not such as http://127\.0\.0\.1:8000"):
        ask(address, ["Good."])


@both
@pytest.mark.parametrize(
    "content", [[], {}, {"model": {"name": "m", "version": 1}, "predictions": [{"a": 1}]}]
)
def test_an_answer_that_is_not_of_such_a_service_is_said(ask: Predict, content: object) -> None:
    with scripted((200, {}, content)) as (url, _), pytest.raises(ServiceUnreachable, match="is not that of"):
        ask(url, ["Good."])


def test_a_stream_takes_reviews_only_as_it_needs_them(url: str) -> None:
    taken = list[int]()

    def endless() -> Iterator[str]:
        while True:
            taken.append(1)
            yield "Good."

    with Client(url, max_reviews=5) as client:
        scores = client.stream(endless())
        next(scores)
        assert len(taken) == 6


@explain_with_both
def test_explanations_come_in_order_and_say_what_the_score_is_made_of(ask: Explain, url: str) -> None:
    reviews = [f"Good 😀 &amp; long! Bad {number}." for number in range(10)]
    explanations = ask(url, reviews)
    assert [each.score for each in explanations] == predict(url, reviews)
    for review, each in zip(reviews, explanations, strict=True):
        assert each.complete
        assert each.unread == []
        parts: list[SentenceInfluence | TokenInfluence] = [*each.sentences, *each.tokens]
        for part in parts:
            assert review[part.start : part.end] == part.text
            assert part.contribution is not None
        assert each.sentences[-1].alone is not None
        assert [token.known for token in each.tokens if token.text == "😀"] == [False]


@explain_with_both
def test_a_unit_is_all_that_is_explained(ask: Explain, url: str) -> None:
    [explanation] = ask(url, ["Good. Bad."], unit="sentence")
    assert (len(explanation.sentences), len(explanation.tokens)) == (2, 0)


@explain_with_both
def test_a_review_that_cannot_be_explained_is_named_by_its_index_among_all(ask: Explain, url: str) -> None:
    with pytest.raises(ReviewRefused, match="review 9 must"):
        ask(url, [*["Good."] * 9, " "])


@explain_with_both
@pytest.mark.parametrize("content", [{}, {"model": {"name": "m", "version": 1}, "explanations": [{}]}])
def test_an_explanation_that_is_none_is_said(ask: Explain, content: object) -> None:
    with scripted((200, {}, content)) as (url, _), pytest.raises(ServiceUnreachable, match="is not that of"):
        ask(url, ["Good."])


def test_the_models_that_are_loaded_are_listed(url: str) -> None:
    with Client(url) as client:
        (model,) = client.models()
    assert (model.name, model.version, model.labels) == ("reviews", 1, ("negative", "positive"))


def give_feedback(url: str, answers: Iterable[tuple[Score, str]], **options: Any) -> int:  # noqa: ANN401 - any option
    with Client(url, **options) as client:
        return client.feedback(answers)


def give_feedback_async(url: str, answers: Iterable[tuple[Score, str]], **options: Any) -> int:  # noqa: ANN401 - any option
    async def run() -> int:
        async with AsyncClient(url, **options) as client:
            return await client.feedback(answers)

    return asyncio.run(run())


both_give = pytest.mark.parametrize("give", [give_feedback, give_feedback_async])
Give = Callable[..., int]


@both_give
def test_feedback_is_counted(give: Give, url: str) -> None:
    (score,) = predict(url, ["Good."])
    name = series("sentiment_feedback_total", model_version="1", label=score.label, truth="negative")
    before = samples(url)[name]
    assert give(url, ((score, "negative") for _ in range(25)), max_reviews=10) == 25
    assert samples(url)[name] == before + 25
    assert give(url, []) == 0


@both_give
def test_feedback_that_is_refused_is_named_by_its_index_among_all(give: Give, url: str) -> None:
    (score,) = predict(url, ["Good."])
    answers = [*[(score, "negative")] * 11, (score, "neutral")]
    with pytest.raises(RequestRefused, match="feedback 11: truth must be one of") as refused:
        give(url, answers, max_reviews=4)
    assert (type(refused.value), refused.value.index, refused.value.status) == (RequestRefused, 11, 422)


@both_give
def test_feedback_is_sent_again_only_when_it_was_refused(give: Give, url: str) -> None:
    (score,) = predict(url, ["Good."])
    busy = (503, {"Retry-After": "0"}, {"code": "draining", "detail": "Stopping."})
    retries = Retries(first_wait_seconds=0.001)
    with scripted(busy, (200, {}, {"accepted": 1})) as (again, heads):
        assert give(again, [(score, "negative")], retries=retries) == 1
    assert len(heads) == 2
    with scripted((502, {}, {})) as (cut_off, heads), pytest.raises(RequestRefused):
        give(cut_off, [(score, "negative")], retries=retries)
    assert len(heads) == 1
    with silent() as (silent_url, connections):
        with pytest.raises(ServiceUnreachable, match="may have taken the request or not"):
            give(silent_url, [(score, "negative")], retries=retries)
        assert len(connections) == 1
    with pytest.raises(ServiceUnreachable, match="cannot be reached"):
        give(
            "http://127.0.0.1:9",
            [(score, "negative")],
            retries=Retries(max_tries=2, first_wait_seconds=0.001),
        )


@pytest.mark.parametrize("number", range(7))
def test_the_code_of_the_readme_runs(number: int, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 7
    exec(blocks[number].replace("http://127.0.0.1:8000", url), {})  # noqa: S102 - our own
    output = capsys.readouterr().out
    assert output
    assert "no score" not in output


def test_the_package_stands_alone() -> None:
    program = "import sentiment_client, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found = {name.partition(".")[0] for name in done.stdout.split()}
    assert not found & {"torch", "numpy", "pydantic", "sentiment", "service", "model_store"}
