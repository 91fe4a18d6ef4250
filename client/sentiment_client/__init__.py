"""Client of a sentiment-service: reviews in, calibrated scores out.

`Client` is for ordinary programs, `AsyncClient` for asyncio; both do the same.
"""

from sentiment_client.async_client import AsyncClient
from sentiment_client.client import Client
from sentiment_client.errors import (
    ClientError,
    DeadlinePassed,
    KeyRefused,
    RequestRefused,
    ReviewRefused,
    ServiceBusy,
    ServiceFailed,
    ServiceUnreachable,
    StreamCut,
)
from sentiment_client.explanation import (
    ExplainUnit,
    ScoreExplanation,
    SentenceInfluence,
    TokenInfluence,
    UnreadText,
)
from sentiment_client.retries import Retries
from sentiment_client.score import LoadedModel, Score

__all__ = [
    "AsyncClient",
    "Client",
    "ClientError",
    "DeadlinePassed",
    "ExplainUnit",
    "KeyRefused",
    "LoadedModel",
    "RequestRefused",
    "Retries",
    "ReviewRefused",
    "Score",
    "ScoreExplanation",
    "SentenceInfluence",
    "ServiceBusy",
    "ServiceFailed",
    "ServiceUnreachable",
    "StreamCut",
    "TokenInfluence",
    "UnreadText",
]
