"""POST /, which two dialects have: with X-Amz-Target it is Amazon Comprehend's, else Hugging Face's."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from service.errors import BadRequest
from service.http.dialect import Dialect, dialect_of
from service.http.openapi import content_of, parameters, problems
from service.routes.declared import ERRORS, HEADERS, VERSION
from service.routes.dialects import comprehend, huggingface
from service.schemas.dialects.comprehend import (
    BatchDetectSentimentRequest,
    BatchDetectSentimentResponse,
    DetectSentimentRequest,
    DetectSentimentResponse,
)
from service.schemas.dialects.huggingface import TextClassificationRequest, TextClassificationResponse
from service.settings import DialectName

__all__ = ["PATH", "root_dialect", "root_router"]

PATH = "/"

_TARGET = comprehend.TARGET_HEADER.lower().encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Speaker:
    """One of the two, for the router and the OpenAPI document."""

    dialect: Dialect
    function: Callable[[Request], Awaitable[Response]]
    takes: Sequence[type[BaseModel]]
    gives: Sequence[type[BaseModel]]


_COMPREHEND = _Speaker(
    dialect=comprehend.DIALECT,
    function=comprehend.comprehend,
    takes=(DetectSentimentRequest, BatchDetectSentimentRequest),
    gives=(DetectSentimentResponse, BatchDetectSentimentResponse),
)
_HUGGINGFACE = _Speaker(
    dialect=huggingface.DIALECT,
    function=huggingface.huggingface,
    takes=(TextClassificationRequest,),
    gives=(TextClassificationResponse,),
)


def root_dialect(scope: Scope, enabled: Collection[DialectName]) -> Dialect | None:
    """Return the dialect of a request to POST /, if one of the two is enabled."""
    speakers = _speakers(enabled)
    if len(speakers) < 2:
        return speakers[0].dialect if speakers else None
    has_target = any(name == _TARGET for name, _ in scope["headers"])
    return comprehend.DIALECT if has_target else huggingface.DIALECT


def root_router(enabled: Collection[DialectName]) -> APIRouter:
    """Return the route of those of the two that are enabled, one at least."""
    speakers = _speakers(enabled)
    forms = [speaker.dialect.errors for speaker in speakers]
    content = {form.media_type: content_of(*each.gives) for form, each in zip(forms, speakers, strict=True)}
    taken = {form.media_type: content_of(*each.takes) for form, each in zip(forms, speakers, strict=True)}
    router = APIRouter(tags=["dialects"])
    router.add_api_route(
        PATH,
        _either if len(speakers) > 1 else speakers[0].function,
        methods=["POST"],
        summary="Score texts as another service does",
        response_class=Response,
        responses={200: {"content": content}, **problems(*ERRORS, BadRequest, forms=forms)},
        openapi_extra={"requestBody": {"required": True, "content": taken}}
        | parameters(*_parameters(enabled)),
    )
    return router


async def _either(request: Request) -> Response:
    """Answer as Amazon Comprehend where X-Amz-Target names an operation, else as Hugging Face."""
    if dialect_of(request.scope) is comprehend.DIALECT:
        return await comprehend.comprehend(request)
    return await huggingface.huggingface(request)


def _speakers(enabled: Collection[DialectName]) -> list[_Speaker]:
    both: dict[DialectName, _Speaker] = {"comprehend": _COMPREHEND, "huggingface": _HUGGINGFACE}
    return [speaker for name, speaker in both.items() if name in enabled]


def _parameters(enabled: Collection[DialectName]) -> list[tuple[str, str, str, dict[str, Any]]]:
    if "comprehend" not in enabled:
        return [*HEADERS, VERSION]
    target = ("header", comprehend.TARGET_HEADER, "The operation.", {"enum": list(comprehend.TARGETS)})
    return [*HEADERS, VERSION, target]
