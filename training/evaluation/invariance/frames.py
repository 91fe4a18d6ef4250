"""The sentences without an opinion, and the words to put into them."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from model_store.parsing import first_problem
from sentiment.strict import strict
from training.data.templates import fill, slots
from training.errors import InvalidProbes

__all__ = ["FRAMES", "WordGroup", "load_word_groups"]

FRAMES = Path(__file__).parent / "frames.toml"

_SLOT = "word"


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class WordGroup:
    """Words that should make no difference, and the sentences to put them into.

    Raises InvalidProbes for a frame without a place for the word, and for a frame or word that comes twice.
    """

    name: str
    frames: Annotated[tuple[str, ...], Field(min_length=1)]
    words: Annotated[tuple[str, ...], Field(min_length=2)]

    def __post_init__(self) -> None:
        for frame in self.frames:
            if slots(frame) != (_SLOT,):
                raise InvalidProbes(f"{self.name}: {frame!r} must have the slot {{{_SLOT}}} and no other")
        if len(set(self.frames)) < len(self.frames) or len(set(self.words)) < len(self.words):
            raise InvalidProbes(f"{self.name}: a frame or a word comes twice")

    def texts(self) -> Mapping[str, Mapping[str, str]]:
        """Return for each frame the text with each word."""
        return {frame: {word: fill(frame, {_SLOT: word}) for word in self.words} for frame in self.frames}


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class _FrameFile:
    groups: Annotated[tuple[WordGroup, ...], Field(min_length=1)]


_FRAME_FILE = TypeAdapter(_FrameFile)


@cache
def load_word_groups(path: Path = FRAMES) -> tuple[WordGroup, ...]:
    """Return the groups of a file in its order; raises InvalidProbes, naming the file, if it has a fault."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return _FRAME_FILE.validate_json(json.dumps(content)).groups
    except ValidationError as error:
        raise InvalidProbes(f"{path}: {first_problem(error)}") from error
    except (InvalidProbes, OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidProbes(f"{path}: {error}") from error
