"""The Open Inference Protocol, version 2, as KServe and Triton speak it, with binary tensors."""

import re
from functools import partial
from importlib import metadata
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from service.errors import Draining, FieldError, InvalidRequest, NotFound, NotReady, Unhealthy
from service.http.body import check_encoding, check_media_type, parse_json
from service.http.dialect import Dialect, ErrorForm
from service.http.openapi import BodySchema, content_of, parameters, problems, request_body
from service.routes.declared import ERRORS, HEADERS
from service.routes.predictor import respond, score
from service.runtime.slots import Slot
from service.runtime.state import State, state_of
from service.schemas.dialects.oip import (
    Inference,
    InferRequest,
    InferResponse,
    ModelMetadata,
    ModelReadiness,
    OipError,
    ServerLiveness,
    ServerMetadata,
    ServerReadiness,
    infer_response,
    model_metadata,
    oip_error,
    parse_infer,
)
from service.settings import Settings

__all__ = ["DIALECT", "FOLDER", "SCHEMAS", "router"]

FOLDER = "/v2"
LENGTH_HEADER = "Inference-Header-Content-Length"
BINARY = "application/octet-stream"

_ACCEPTED = re.compile(r"application/(json|octet-stream)")
_UNKNOWN = "No model of this name and version is loaded."

DIALECT = Dialect(
    name="oip", errors=ErrorForm(media_type="application/json", schema=OipError, content=oip_error)
)
SCHEMAS: tuple[BodySchema, ...] = (
    (InferRequest, "validation"),
    (InferResponse, "serialization"),
    (OipError, "serialization"),
)

Name = Annotated[str, Path(description="The name of the model.", examples=["reviews"])]
Version = Annotated[
    str, Path(pattern="^([1-9][0-9]{0,8}|candidate)$", description="Its number, or `candidate`.")
]

router = APIRouter(prefix=FOLDER, tags=["dialects"])

_INFER_ERRORS = problems(*ERRORS, forms=[DIALECT.errors])
_INFER_RESPONSES = {
    200: {"content": {"application/json": content_of(InferResponse), BINARY: {}}},
    **_INFER_ERRORS,
}
_LENGTH = (
    "header",
    LENGTH_HEADER,
    "Bytes of JSON at the beginning of the body; without it, all of the body is JSON.",
    {"type": "integer", "minimum": 0},
)
_INFER_EXTRA = request_body(InferRequest) | parameters(*HEADERS, _LENGTH)


@router.get("", summary="What answers?", responses=problems(NotFound, forms=[DIALECT.errors]))
async def server() -> ServerMetadata:
    """Describe the server."""
    return ServerMetadata(
        name="sentiment-service",
        version=metadata.version("sentiment-service"),
        extensions=["binary_tensor_data"],
    )


@router.get("/health/live", responses=problems(Unhealthy, forms=[DIALECT.errors]))
async def live(request: Request) -> ServerLiveness:
    """Answer 200 while the process and all its lanes make progress."""
    state_of(request).lifecycle.check_health()
    return ServerLiveness(live=True)


@router.get("/health/ready", responses=problems(NotReady, Draining, forms=[DIALECT.errors]))
async def ready(request: Request) -> ServerReadiness:
    """Answer 200 while requests are taken."""
    state_of(request).lifecycle.admit()
    return ServerReadiness(ready=True)


_MODEL_ERRORS = problems(NotFound, InvalidRequest, NotReady, Draining, forms=[DIALECT.errors])


@router.get("/models/{model}", responses=_MODEL_ERRORS, response_model_exclude_none=True)
async def describe(request: Request, model: Name) -> ModelMetadata:
    """Describe the model's input and outputs."""
    return _describe(_slot(request, model))


@router.get("/models/{model}/versions/{version}", responses=_MODEL_ERRORS, response_model_exclude_none=True)
async def describe_version(request: Request, model: Name, version: Version) -> ModelMetadata:
    """Describe a version's input and outputs."""
    return _describe(_slot(request, model, version))


@router.get("/models/{model}/ready", responses=_MODEL_ERRORS)
async def model_ready(request: Request, model: Name) -> ModelReadiness:
    """Answer 200 while the model takes requests."""
    _slot(request, model)
    return ModelReadiness(name=model, ready=True)


@router.get("/models/{model}/versions/{version}/ready", responses=_MODEL_ERRORS)
async def version_ready(request: Request, model: Name, version: Version) -> ModelReadiness:
    """Answer 200 while a version takes requests."""
    _slot(request, model, version)
    return ModelReadiness(name=model, ready=True)


@router.post(
    "/models/{model}/infer",
    summary="Score texts, as Triton does",
    response_class=Response,
    responses=_INFER_RESPONSES,
    openapi_extra=_INFER_EXTRA,
)
async def infer(request: Request, model: Name) -> Response:
    """Return label, confidence and probabilities of each text, as tensors."""
    return await respond(request, partial(_infer, model=model))


@router.post(
    "/models/{model}/versions/{version}/infer",
    summary="Score texts with a version, as Triton does",
    response_class=Response,
    responses=_INFER_RESPONSES,
    openapi_extra=_INFER_EXTRA,
)
async def infer_version(request: Request, model: Name, version: Version) -> Response:
    """Return what a version says of each text, as tensors."""
    return await respond(request, partial(_infer, model=model, version=version))


async def _infer(request: Request, state: State, *, model: str, version: str | None = None) -> Response:
    if state.lifecycle.admit().model.name != model:
        raise NotFound(_UNKNOWN)
    parse = partial(_parse, given_length=request.headers.get(LENGTH_HEADER))
    scored = await score(request, state, parse, check=_check, version=version)
    with state.metrics.stage("respond"):
        text, behind = infer_response(
            scored.body, scored.predictions, model=model, version=scored.model.version
        )
    if not any(is_binary for _, is_binary in scored.body.outputs):
        return Response(text, media_type="application/json")
    return Response(text + behind, media_type=BINARY, headers={LENGTH_HEADER: str(len(text))})


def _check(request: Request) -> None:
    """Take JSON and bytes, also where the client does not say what it sends."""
    if "content-type" in request.headers:
        check_media_type(request, _ACCEPTED)
    else:
        check_encoding(request)


def _parse(content: bytes, settings: Settings, *, given_length: str | None) -> Inference:
    num_bytes = len(content) if given_length is None else _length(given_length, len(content))
    return parse_infer(parse_json(content[:num_bytes]), content[num_bytes:], settings)


def _length(given: str, limit: int) -> int:
    if given.isascii() and given.isdecimal() and len(given) <= 10 and int(given) <= limit:
        return int(given)
    message = "must be a number of bytes, at most those of the body"
    raise InvalidRequest(
        "The request breaks a rule; see errors.", errors=[FieldError(f"header.{LENGTH_HEADER}", message)]
    )


def _slot(request: Request, model: str, version: str | None = None) -> Slot:
    """Return a version that takes requests; raises NotFound, NotReady and Draining."""
    lifecycle = state_of(request).lifecycle
    slot = lifecycle.admit()
    if slot.model.name != model:
        raise NotFound(_UNKNOWN)
    if version is None or lifecycle.versions is None:
        return slot
    named = lifecycle.versions.named(version)
    if named is None:
        raise NotFound(_UNKNOWN)
    return named


def _describe(slot: Slot) -> ModelMetadata:
    manifest = slot.version.manifest
    return model_metadata(manifest.model, [manifest.version], manifest.labels)
