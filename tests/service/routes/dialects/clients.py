"""Each dialect's own client, as it comes, with its way to give a key and without its own retries."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import urlsplit

import boto3
import httpx
import numpy as np
import pytest
import tritonclient.http
from botocore.config import Config
from botocore.exceptions import ClientError
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError
from tritonclient.utils import InferenceServerException

from service.settings import DialectName

ALL: tuple[DialectName, ...] = get_args(DialectName)
KEY = "a-key-that-nobody-guesses"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What a client's exception says."""

    status: int
    message: str
    headers: dict[str, str] | None = None
    """None where the client does not show them."""
    code: str | None = None
    """The error's name in the dialect, where it has names."""
    request_id: str | None = None


@contextmanager
def comprehend(url: str, key: str | None = KEY) -> Iterator[Any]:
    """Yield boto3's client; the access key and the secret sign its requests, and nobody looks at that."""
    client = boto3.client(
        "comprehend",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",  # noqa: S106  # no secret
        aws_session_token=key,
        config=Config(retries={"total_max_attempts": 1}),
    )
    try:
        yield client
    finally:
        client.close()


def huggingface(url: str, key: str | None = KEY) -> InferenceClient:
    """Return Hugging Face's client; without a key it sends what the machine has for the Hub, if anything."""
    return InferenceClient(model=url, token=key)


@contextmanager
def triton(url: str) -> Iterator[Any]:
    """Yield Triton's client."""
    client = tritonclient.http.InferenceServerClient(urlsplit(url).netloc)
    try:
        yield client
    finally:
        client.close()


def bearer(key: str | None = KEY) -> dict[str, str]:
    """Return headers with a key, or none."""
    return {} if key is None else {"Authorization": f"Bearer {key}"}


def text_tensor(*texts: str, binary: bool = True) -> Any:  # noqa: ANN401  # the client has no annotations
    """Return Triton's input."""
    tensor = tritonclient.http.InferInput("text", [len(texts)], "BYTES")
    tensor.set_data_from_numpy(np.array(texts, dtype=object), binary_data=binary)
    return tensor


def fail_with_comprehend(url: str, text: str, key: str | None = KEY) -> Failure:
    """Return how boto3 fails."""
    with comprehend(url, key) as client, pytest.raises(ClientError) as failed:
        client.detect_sentiment(Text=text, LanguageCode="en")
    answer: dict[str, Any] = failed.value.response
    metadata = answer["ResponseMetadata"]
    return Failure(
        status=metadata["HTTPStatusCode"],
        message=answer["Error"]["Message"],
        headers=metadata["HTTPHeaders"],
        code=answer["Error"]["Code"],
        request_id=metadata["RequestId"],
    )


def fail_with_huggingface(url: str, text: str, key: str | None = KEY) -> Failure:
    """Return how Hugging Face's client fails."""
    with pytest.raises(HfHubHTTPError) as failed:
        huggingface(url, key).text_classification(text)
    error = failed.value
    return Failure(
        status=error.response.status_code,
        message=str(error.server_message),
        headers=dict(error.response.headers),
        code=error.response.json()["error_type"],
        request_id=error.request_id,
    )


def fail_with_classify(url: str, text: str, key: str | None = KEY) -> Failure:
    """Return how vLLM's API fails, which has no client of its own."""
    response = httpx.post(f"{url}/classify", json={"input": text}, headers=bearer(key))
    error = response.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["code"] == response.status_code
    return Failure(
        status=response.status_code,
        message=error["message"],
        headers=dict(response.headers),
        code=error["type"],
        request_id=response.headers["x-request-id"],
    )


def fail_with_triton(url: str, text: str, key: str | None = KEY) -> Failure:
    """Return how Triton's client fails; it does not show headers."""
    with triton(url) as client, pytest.raises(InferenceServerException) as failed:
        client.infer("reviews", [text_tensor(text)], headers=bearer(key))
    return Failure(status=int(failed.value.status()), message=failed.value.message())


FAILING = (fail_with_comprehend, fail_with_huggingface, fail_with_classify, fail_with_triton)
