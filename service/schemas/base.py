"""What all bodies share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sentiment.text import VISIBLE

__all__ = ["Probability", "Review", "Schema"]

Probability = Annotated[float, Field(ge=0, le=1)]
# At least one character that can be seen: what `sentiment.text.is_blank` says, as clients can check it too.
Review = Annotated[
    str,
    Field(strict=True, min_length=1, pattern=VISIBLE, description="Text as people wrote it; HTML is fine."),
]


class Schema(BaseModel):
    """The configuration that all bodies share."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())
