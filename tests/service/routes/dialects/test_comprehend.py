"""Amazon Comprehend's API, asked by boto3."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from model_store import ModelVersion
from service.errors import ApiError
from service.routes.dialects.comprehend import TARGETS
from service.schemas.dialects.comprehend import ERROR_TYPES, LIMIT_TYPES, MAX_DOCUMENTS, check_labels
from tests.service import stores
from tests.service.http_helpers import post
from tests.service.routes.dialects.clients import comprehend
from tests.service.running import samples, series, service
from tests.service.test_errors import leaves

DETECT, BATCH = TARGETS
LANGUAGES = (
    "LanguageCode: must be 'en', 'es', 'fr', 'de', 'it', 'pt', 'ar', 'hi', 'ja', 'ko', 'zh' or 'zh-TW'"
)


@pytest.fixture
def client(speaking: str) -> Iterator[Any]:
    """Return boto3's client."""
    with comprehend(speaking) as connected:
        yield connected


def sentiment(prediction: dict[str, Any]) -> dict[str, Any]:
    """Return what Comprehend says where POST /predict says this."""
    probabilities = prediction["probabilities"]
    score = {"Positive": probabilities["positive"], "Negative": probabilities["negative"]}
    return {
        "Sentiment": prediction["label"].upper(),
        "SentimentScore": score | {"Neutral": 0.0, "Mixed": 0.0},
    }


def ask(asking: httpx.Client, target: str, body: object, media_type: str = "") -> httpx.Response:
    """Return the answer to an operation, asked by hand."""
    headers = {"X-Amz-Target": target, "Content-Type": media_type or "application/x-amz-json-1.1"}
    content = httpx.Request("POST", "http://any", json=body).content
    return asking.post("/", content=content, headers=headers)


def test_the_sentiment_of_a_text(client: Any, asking: httpx.Client) -> None:  # noqa: ANN401
    for text in stores.TEXTS:
        answer = client.detect_sentiment(Text=text, LanguageCode="en")
        metadata = answer.pop("ResponseMetadata")
        assert answer == sentiment(post(asking, text)[0])
        assert metadata["RequestId"] == metadata["HTTPHeaders"]["x-request-id"]
        assert metadata["HTTPHeaders"]["content-type"] == "application/x-amz-json-1.1"


def test_a_batch_with_documents_that_cannot_be_scored(client: Any, asking: httpx.Client) -> None:  # noqa: ANN401
    texts = [stores.TEXTS[0], " \u200b", *stores.TEXTS[1:], "\u2800"]
    answer = client.batch_detect_sentiment(TextList=texts, LanguageCode="en")
    expected = [sentiment(each) for each in post(asking, *stores.TEXTS)]
    indices = [0, 2, 3, 4]
    assert answer["ResultList"] == [
        {"Index": index, **each} for index, each in zip(indices, expected, strict=True)
    ]
    assert [(each["Index"], each["ErrorCode"]) for each in answer["ErrorList"]] == [
        (1, "INVALID_REQUEST"),
        (5, "INVALID_REQUEST"),
    ]


def test_a_batch_of_which_nothing_can_be_scored(client: Any) -> None:  # noqa: ANN401
    answer = client.batch_detect_sentiment(TextList=[" ", "\n"], LanguageCode="en")
    assert answer["ResultList"] == []
    assert [each["Index"] for each in answer["ErrorList"]] == [0, 1]


def test_a_document_that_the_model_fails_on_or_that_is_too_long(tmp_path: Path) -> None:
    store = stores.publish(tmp_path, stores.draft(poisoned=True))
    settings: dict[str, Any] = {"dialects": "comprehend", "max_review_characters": 100}
    with service(store, **settings) as url, comprehend(url, None) as client:
        texts = ["good", f"a {stores.POISON} film", "dull", "dull " * 30]
        answer = client.batch_detect_sentiment(TextList=texts, LanguageCode="en")
        assert [each["Index"] for each in answer["ResultList"]] == [0, 2]
        assert [(each["Index"], each["ErrorCode"]) for each in answer["ErrorList"]] == [
            (1, "INTERNAL_SERVER_ERROR"),
            (3, "TEXT_SIZE_LIMIT_EXCEEDED"),
        ]
        found = samples(url)
        assert sum(value for name, value in found.items() if "predictions_total" in name) == 2
        with pytest.raises(client.exceptions.InternalServerException) as failed:
            client.detect_sentiment(Text=texts[1], LanguageCode="en")
        assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
        with pytest.raises(client.exceptions.TextSizeLimitExceededException):
            client.detect_sentiment(Text=texts[3], LanguageCode="en")
        assert series("sentiment_http_requests_total", route="/", method="POST", status="500") in found


def test_a_text_may_be_longer_than_in_the_original(client: Any) -> None:  # noqa: ANN401
    answer = client.detect_sentiment(Text="dull " * 1200, LanguageCode="en")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_more_documents_than_in_the_original(client: Any) -> None:  # noqa: ANN401
    texts = ["good"] * MAX_DOCUMENTS
    assert len(client.batch_detect_sentiment(TextList=texts, LanguageCode="en")["ResultList"]) == 25
    with pytest.raises(client.exceptions.BatchSizeLimitExceededException) as failed:
        client.batch_detect_sentiment(TextList=[*texts, "good"], LanguageCode="en")
    assert (
        failed.value.response["Error"]["Message"] == "TextList: has 26 documents, and at most 25 are accepted"
    )


@pytest.mark.parametrize("operation", ["detect_syntax", "detect_key_phrases"])
def test_another_operation_is_unknown(client: Any, operation: str) -> None:  # noqa: ANN401
    with pytest.raises(ClientError) as failed:
        getattr(client, operation)(Text="good", LanguageCode="en")
    assert failed.value.response["Error"]["Code"] == "UnknownOperationException"
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize("target", ["", "DetectSentiment", f"{DETECT}x", "Comprehend_20171127"])
def test_a_target_that_is_not_one(asking: httpx.Client, target: str) -> None:
    response = ask(asking, target, {"Text": "good", "LanguageCode": "en"})
    assert response.status_code == 400
    assert response.json()["__type"] == "UnknownOperationException"


@pytest.mark.parametrize(
    ("target", "body", "message"),
    [
        (DETECT, {}, "Text: is missing; LanguageCode: is missing"),
        (DETECT, {"Text": "", "LanguageCode": "en"}, "Text: must not be empty"),
        (DETECT, {"Text": 1, "LanguageCode": "en"}, "Text: must be a string"),
        (DETECT, {"Text": "good", "LanguageCode": "xx"}, LANGUAGES),
        (BATCH, {"TextList": [], "LanguageCode": "en"}, "TextList: must not be empty"),
        (BATCH, {"TextList": ["good", 1], "LanguageCode": "en"}, "TextList[1]: must be a string"),
        (BATCH, [], "body: must be a JSON object"),
    ],
)
def test_a_body_that_is_wrong(asking: httpx.Client, target: str, body: object, message: str) -> None:
    response = ask(asking, target, body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/x-amz-json-1.1"
    assert response.json() == {"__type": "InvalidRequestException", "message": message}


def test_unknown_fields_are_ignored_as_in_the_original(asking: httpx.Client) -> None:
    body = {"Text": "good", "LanguageCode": "en", "More": 1}
    assert ask(asking, DETECT, body).status_code == 200


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("application/x-amz-json-1.0", 200),
        ("application/json", 200),
        ("application/cbor", 415),
        ("text/plain", 415),
    ],
)
def test_media_types(asking: httpx.Client, media_type: str, status: int) -> None:
    response = ask(asking, DETECT, {"Text": "good", "LanguageCode": "en"}, media_type)
    assert response.status_code == status


def test_without_a_target_it_is_unknown_where_the_dialect_is_alone(tiny_store: Path) -> None:
    with service(tiny_store, dialects="comprehend") as url:
        response = httpx.post(url, json={"inputs": "good"})
    assert (response.status_code, response.json()["__type"]) == (400, "UnknownOperationException")


def test_labels_that_it_cannot_express(tiny_version: ModelVersion) -> None:
    check_labels(tiny_version.manifest.labels)
    check_labels(["negative", "neutral", "positive"])
    with pytest.raises(ApiError, match="cannot express"):
        check_labels(["1", "2", "3"])


def test_errors_have_the_names_of_this_api_or_of_all_of_aws() -> None:
    assert ERROR_TYPES.keys() <= {kind.code for kind in leaves()}
    common = {
        "RequestTimeoutException",
        "ResourceNotFoundException",
        "SerializationException",
        "ServiceUnavailable",
        "UnrecognizedClientException",
    }
    with comprehend("http://127.0.0.1") as client:
        known = {shape.name for shape in client.meta.service_model.error_shapes}
    assert {*ERROR_TYPES.values(), *LIMIT_TYPES.values()} <= known | common
