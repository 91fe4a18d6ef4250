"""The bodies of the Open Inference Protocol, version 2, with its extension for binary tensors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints
from pydantic_core import to_json

from sentiment import Prediction
from service.errors import ApiError, FieldError, InvalidRequest
from service.schemas.base import Review, Schema
from service.schemas.dialects.base import DialectBody, message
from service.schemas.dialects.tensors import (
    Datatype,
    check_size,
    decode_texts,
    encode_doubles,
    encode_texts,
    flatten,
)
from service.schemas.validation import check_reviews, validate
from service.settings import Settings

__all__ = [
    "InferRequest",
    "InferResponse",
    "Inference",
    "ModelMetadata",
    "ModelReadiness",
    "OipError",
    "ServerLiveness",
    "ServerMetadata",
    "ServerReadiness",
    "infer_response",
    "model_metadata",
    "oip_error",
    "parse_infer",
]

INPUT = "text"
_DATA = "inputs[0].data"
_SHAPE = "inputs[0].shape"

OutputName = Literal["label", "confidence", "probabilities"]
_OUTPUTS: tuple[OutputName, ...] = ("label", "confidence", "probabilities")
_DATATYPES: dict[OutputName, Datatype] = {"label": "BYTES", "confidence": "FP64", "probabilities": "FP64"}


class InputParameters(DialectBody):
    """Where the elements of an input are."""

    binary_data_size: int | None = Field(
        default=None, ge=0, strict=True, description="Bytes behind the JSON, in place of `data`."
    )


class InferInput(DialectBody):
    """The texts to score, each an element of a tensor."""

    name: Annotated[str, StringConstraints(min_length=1)] = Field(description="Any: there is one input.")
    # Both bounds keep the product of a shape small.
    shape: list[Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]] = Field(min_length=1, max_length=8)
    datatype: Literal["BYTES"]
    data: list[Any] | None = Field(default=None, min_length=1, description="Texts, or nested lists of texts.")
    parameters: InputParameters | None = None


class OutputParameters(DialectBody):
    """How an output is to be answered."""

    binary_data: bool | None = Field(default=None, strict=True)
    classification: Literal[0] | None = Field(
        default=None, description="Not offered; ask for `probabilities`."
    )


class InferOutput(DialectBody):
    """An output that is wanted."""

    name: OutputName
    parameters: OutputParameters | None = None


class InferParameters(DialectBody):
    """How all outputs are to be answered."""

    binary_data_output: bool | None = Field(default=None, strict=True)


class InferRequest(DialectBody):
    """Texts to score."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "inputs": [
                        {"name": INPUT, "shape": [1], "datatype": "BYTES", "data": ["A wonderful film."]}
                    ]
                }
            ]
        }
    )

    id: str | None = None
    inputs: list[InferInput] = Field(min_length=1, max_length=1)
    outputs: list[InferOutput] | None = Field(default=None, description="All, if none is named.")
    parameters: InferParameters | None = None


class TensorMetadata(Schema):
    """An input or an output of a model."""

    name: str
    datatype: Datatype
    shape: list[int] = Field(description="-1 is the number of texts.")
    parameters: dict[str, list[str]] | None = None


class ModelMetadata(Schema):
    """What a model takes and gives."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class InferOutputTensor(Schema):
    """An output, row by row, with an element or a row for each text."""

    name: OutputName
    datatype: Datatype
    shape: list[int]
    data: list[str] | list[float] | None = None
    parameters: dict[str, int] | None = None


class InferResponse(Schema):
    """The outputs for all texts."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[InferOutputTensor]


class ServerMetadata(Schema):
    """What answers."""

    name: str
    version: str
    extensions: list[str]


class ServerLiveness(Schema):
    """The process is alive."""

    live: bool


class ServerReadiness(Schema):
    """Requests are taken."""

    ready: bool


class ModelReadiness(ServerReadiness):
    """A model takes requests."""

    name: str


class OipError(Schema):
    """An error."""

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """A request that has been read: its texts, and how it wants its outputs."""

    id: str | None
    reviews: list[str]
    outputs: list[tuple[OutputName, bool]]
    """The name of each output, and whether it is wanted as bytes."""


class _TextTensor(DialectBody):
    data: list[Review] = Field(min_length=1)


class _TextTensors(DialectBody):
    inputs: list[_TextTensor]


def parse_infer(value: Any, behind: bytes, settings: Settings) -> Inference:  # noqa: ANN401  # any JSON value
    """Return a request, from its JSON and the bytes behind that.

    Raises InvalidRequest, which says where it is wrong.
    """
    body = validate(InferRequest, value)
    elements = _elements(body.inputs[0], behind)
    reviews = validate(_TextTensors, {"inputs": [{"data": elements}]}).inputs[0].data
    check_size(body.inputs[0].shape, len(reviews), location=_SHAPE)
    check_reviews(reviews, settings, field=_DATA)
    all_binary = body.parameters is not None and body.parameters.binary_data_output is True
    wanted = [InferOutput(name=name) for name in _OUTPUTS] if not body.outputs else body.outputs
    outputs = [(each.name, _is_binary(each, default=all_binary)) for each in wanted]
    return Inference(id=body.id, reviews=reviews, outputs=outputs)


def infer_response(
    inference: Inference, predictions: Sequence[Prediction], *, model: str, version: int
) -> tuple[bytes, bytes]:
    """Return an InferResponse as JSON, and the bytes that belong behind it."""
    outputs, behind = [], []
    for name, is_binary in inference.outputs:
        shape, elements = _output(name, predictions)
        output: dict[str, Any] = {"name": name, "datatype": _DATATYPES[name], "shape": shape}
        if is_binary:
            content = encode_texts(elements) if name == "label" else encode_doubles(elements)
            behind.append(content)
            output["parameters"] = {"binary_data_size": len(content)}
        else:
            output["data"] = elements
        outputs.append(output)
    head = {"model_name": model, "model_version": str(version)}
    if inference.id is not None:
        head["id"] = inference.id
    return to_json(head | {"outputs": outputs}), b"".join(behind)


def model_metadata(name: str, versions: Sequence[int], labels: Sequence[str]) -> ModelMetadata:
    """Describe a model, by the numbers of its versions that are loaded and its labels."""
    shapes = {"label": [-1], "confidence": [-1], "probabilities": [-1, len(labels)]}
    return ModelMetadata(
        name=name,
        versions=[str(version) for version in versions],
        platform="sentiment",
        inputs=[TensorMetadata(name=INPUT, datatype="BYTES", shape=[-1])],
        outputs=[
            TensorMetadata(
                name=output,
                datatype=_DATATYPES[output],
                shape=shapes[output],
                parameters={"labels": list(labels)} if output == "probabilities" else None,
            )
            for output in _OUTPUTS
        ],
    )


def oip_error(error: ApiError, request_id: str) -> dict[str, Any]:  # noqa: ARG001  # its header has the id
    """Return an OipError."""
    return {"error": message(error)}


def _elements(given: InferInput, behind: bytes) -> list[Any]:
    num_bytes = None if given.parameters is None else given.parameters.binary_data_size
    if num_bytes is None:
        if behind:
            raise _wrong("inputs[0].parameters.binary_data_size", "is missing")
        return list(flatten(given.data or []))
    if given.data is not None:
        raise _wrong(_DATA, "must not be there together with binary_data_size")
    if num_bytes != len(behind):
        raise _wrong(
            "inputs[0].parameters.binary_data_size", f"must be {len(behind)}, the bytes behind the JSON"
        )
    return decode_texts(behind, location=_DATA)


def _is_binary(output: InferOutput, *, default: bool) -> bool:
    own = None if output.parameters is None else output.parameters.binary_data
    return default if own is None else own


def _output(name: OutputName, predictions: Sequence[Prediction]) -> tuple[list[int], list[Any]]:
    """Return the shape and the elements of an output, row by row."""
    if name == "label":
        return [len(predictions)], [prediction.label for prediction in predictions]
    if name == "confidence":
        return [len(predictions)], [prediction.confidence for prediction in predictions]
    rows = [list(prediction.probabilities.values()) for prediction in predictions]
    return [len(rows), len(rows[0])], [number for row in rows for number in row]


def _wrong(location: str, found: str) -> InvalidRequest:
    return InvalidRequest("The request breaks a rule; see errors.", errors=[FieldError(location, found)])
