"""The Open Inference Protocol, asked by Triton's client."""

import json
import struct
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import tritonclient.http
from hypothesis import given
from hypothesis import strategies as st
from tritonclient.utils import InferenceServerException

from service.schemas.dialects.tensors import decode_texts, encode_texts
from tests.service import stores
from tests.service.http_helpers import post
from tests.service.routes.dialects.clients import bearer, text_tensor, triton

INFER = "/v2/models/reviews/infer"
LENGTH = "Inference-Header-Content-Length"


@pytest.fixture
def client(speaking: str) -> Iterator[Any]:
    """Return Triton's client."""
    with triton(speaking) as connected:
        yield connected


def wanted(name: str, *, binary: bool) -> Any:  # noqa: ANN401  # the client has no annotations
    """Return an output that is asked for."""
    return tritonclient.http.InferRequestedOutput(name, binary_data=binary)


def body(**more: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON
    """Return a request without bytes; more replaces parts of its input."""
    return {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["good"]} | more]}


def mixed(head: dict[str, Any], behind: bytes) -> tuple[bytes, dict[str, str]]:
    """Return a body of JSON with bytes behind it, and its headers."""
    text = json.dumps(head).encode()
    return text + behind, {LENGTH: str(len(text))}


@pytest.mark.parametrize("sends_binary", [True, False])
@pytest.mark.parametrize("outputs", ["none named", "binary", "JSON", "both"])
def test_the_tensors_of_texts(client: Any, asking: httpx.Client, sends_binary: bool, outputs: str) -> None:  # noqa: ANN401
    names = {"none named": {}, "binary": {True}, "JSON": {False}, "both": {True, False}}[outputs]
    named = [
        wanted(name, binary=number % 2 == 0 if len(names) == 2 else True in names)
        for number, name in enumerate(("label", "confidence", "probabilities"))
    ]
    tensor = text_tensor(*stores.TEXTS, binary=sends_binary)
    answer = client.infer("reviews", [tensor], outputs=named if names else None, headers=bearer())
    predictions = post(asking, *stores.TEXTS)
    labels = [each.decode() if isinstance(each, bytes) else each for each in answer.as_numpy("label")]
    assert labels == [each["label"] for each in predictions]
    assert answer.as_numpy("confidence").tolist() == [each["confidence"] for each in predictions]
    expected = [list(each["probabilities"].values()) for each in predictions]
    assert answer.as_numpy("probabilities").tolist() == expected
    assert answer.get_response()["model_version"] == "1"


def test_outputs_come_as_they_were_asked_for(client: Any) -> None:  # noqa: ANN401
    outputs = [wanted("confidence", binary=False), wanted("label", binary=True)]
    answer = client.infer(
        "reviews", [text_tensor("good")], outputs=outputs, headers=bearer(), request_id="mine"
    ).get_response()
    assert [each["name"] for each in answer["outputs"]] == ["confidence", "label"]
    assert ["data" in each for each in answer["outputs"]] == [True, False]
    assert answer["id"] == "mine"


def test_a_version_by_its_number(client: Any) -> None:  # noqa: ANN401
    answer = client.infer("reviews", [text_tensor("good")], model_version="1", headers=bearer())
    assert answer.get_response()["model_version"] == "1"
    for name, version in (("reviews", "2"), ("another", ""), ("another", "1")):
        with pytest.raises(InferenceServerException, match="No model") as failed:
            client.infer(name, [text_tensor("good")], model_version=version, headers=bearer())
        assert failed.value.status() == "404"


def test_health_and_metadata(client: Any) -> None:  # noqa: ANN401
    assert client.is_server_live(headers=bearer())
    assert client.is_server_ready(headers=bearer())
    for version in ("", "1"):
        assert client.is_model_ready("reviews", version, headers=bearer())
        metadata = client.get_model_metadata("reviews", version, headers=bearer())
        assert metadata["versions"] == ["1"]
        assert [each["name"] for each in metadata["outputs"]] == ["label", "confidence", "probabilities"]
        assert metadata["outputs"][2]["parameters"] == {"labels": ["negative", "positive"]}
    assert not client.is_model_ready("another", headers=bearer())
    assert not client.is_model_ready("reviews", "2", headers=bearer())
    assert "binary_tensor_data" in client.get_server_metadata(headers=bearer())["extensions"]


@pytest.mark.parametrize("data", [["good", "dull"], [["good"], ["dull"]], [["good", "dull"]]])
def test_nested_data(asking: httpx.Client, data: list[Any]) -> None:
    answer = asking.post(INFER, json=body(shape=[2, 1], data=data)).raise_for_status().json()
    assert answer["outputs"][0]["shape"] == [2]


@pytest.mark.parametrize(
    ("request_body", "message"),
    [
        ({}, "inputs: is missing"),
        ({"inputs": []}, "inputs: must not be empty"),
        (body(datatype="INT32"), "inputs[0].datatype: must be 'BYTES'"),
        (body(data=["good", 1], shape=[2]), "inputs[0].data[1]: must be a string"),
        (body(data=[""]), "inputs[0].data[0]: must not be empty"),
        (body(data=None), "inputs[0].data: must not be empty"),
        (body(shape=[2]), "inputs[0].shape: does not fit the data, which has 1 elements"),
        (body(shape=[2**31]), "inputs[0].shape[0]: is not valid"),
        (body(shape=[1] * 9), "inputs[0].shape: is not valid"),
        (
            body(parameters={"binary_data_size": 0}),
            "inputs[0].data: must not be there together with binary_data_size",
        ),
        (
            body() | {"outputs": [{"name": "another"}]},
            "outputs[0].name: must be 'label', 'confidence' or 'probabilities'",
        ),
        (
            body() | {"outputs": [{"name": "label", "parameters": {"classification": 2}}]},
            "outputs[0].parameters.classification: must be 0",
        ),
    ],
)
def test_a_request_that_is_wrong(asking: httpx.Client, request_body: object, message: str) -> None:
    response = asking.post(INFER, json=request_body)
    assert (response.status_code, response.json()) == (422, {"error": message})


GOOD = b"\x04\0\0\0good"


@pytest.mark.parametrize(
    ("size", "behind", "message"),
    [
        (8, GOOD, None),
        (7, GOOD, "inputs[0].parameters.binary_data_size: must be 8, the bytes behind the JSON"),
        (None, GOOD, "inputs[0].parameters.binary_data_size: is missing"),
        (7, GOOD[:7], "inputs[0].data: ends in the middle of a text"),
        (10, GOOD + b"\1\0", "inputs[0].data: ends in the middle of a length"),
        (8, b"\xff\xff\xff\xffgood", "inputs[0].data: ends in the middle of a text"),
        (13, GOOD + b"\1\0\0\0\xff", "inputs[0].data[1]: is not UTF-8"),
        (4, b"\0\0\0\0", "inputs[0].data[0]: must not be empty"),
        (0, b"", "inputs[0].data: must not be empty"),
    ],
)
def test_bytes_that_are_wrong(
    asking: httpx.Client, size: int | None, behind: bytes, message: str | None
) -> None:
    request_body = body()
    del request_body["inputs"][0]["data"]
    request_body["inputs"][0]["parameters"] = {"binary_data_size": size}
    content, headers = mixed(request_body, behind)
    response = asking.post(INFER, content=content, headers=headers)
    if message is None:
        assert response.status_code == 200
    else:
        assert (response.status_code, response.json()) == (422, {"error": message})


@pytest.mark.parametrize("length", ["", "-1", "1e2", "x", "9" * 5000, "10000", "²"])
def test_a_length_that_is_wrong(asking: httpx.Client, length: str) -> None:
    response = asking.post(
        INFER, json=body(), headers=[(b"Inference-Header-Content-Length", length.encode())]
    )
    assert (response.status_code, response.json()) == (
        422,
        {"error": f"header.{LENGTH}: must be a number of bytes, at most those of the body"},
    )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Content-Type": "application/json"}, 200),
        ({"Content-Type": "application/octet-stream"}, 200),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Content-Encoding": "gzip"}, 415),
    ],
)
def test_media_types(asking: httpx.Client, headers: dict[str, str], status: int) -> None:
    response = asking.post(INFER, content=json.dumps(body()), headers=headers)
    assert response.status_code == status


def test_a_compressed_body_is_refused(client: Any) -> None:  # noqa: ANN401
    with pytest.raises(InferenceServerException, match="without compression") as failed:
        client.infer("reviews", [text_tensor("good")], request_compression_algorithm="gzip", headers=bearer())
    assert failed.value.status() == "415"


@pytest.mark.parametrize("path", ["/v2/", "/v2/models", "/v2/repository/index", "/v2/models/reviews/config"])
def test_what_is_not_there_is_an_error_in_its_form(asking: httpx.Client, path: str) -> None:
    response = asking.get(path)
    assert response.status_code == 404
    assert response.json().keys() == {"error"}


@given(st.lists(st.text(st.characters(codec="utf-8"))))
def test_texts_survive_as_bytes(texts: list[str]) -> None:
    assert decode_texts(encode_texts(texts), location="data") == texts


def test_the_bytes_are_those_of_the_protocol() -> None:
    assert encode_texts(["é", ""]) == struct.pack("<I", 2) + "é".encode() + struct.pack("<I", 0)
