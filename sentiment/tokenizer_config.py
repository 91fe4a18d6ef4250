"""What a tokenizer knows and keeps, as data that is saved with each version."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from sentiment.errors import InvalidConfiguration
from sentiment.saved import SINCE_SCHEMA
from sentiment.strict import strict
from sentiment.text_rules import TextRules

__all__ = ["TokenizerConfig", "Truncation"]

Truncation = Literal["head_tail", "head", "tail"]


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizerConfig:
    """What a tokenizer knows and keeps.

    Raises InvalidConfiguration, naming the field, when the values cannot work together.
    """

    num_words: int = 30_000
    """How many of the most frequent words are known, those of `skip_top` and the pieces included."""
    skip_top: int = 0
    """How many of the most frequent words are treated as unknown all the same."""
    max_tokens: int = 400
    """Longer reviews are cut to this many ids: words, and the pieces of unknown words."""
    truncation: Truncation = "head_tail"
    """Which tokens are kept: the first quarter and the last three quarters (`head_tail`), or one end."""
    text_rules: TextRules = field(default=1, metadata={SINCE_SCHEMA: 2})
    """How text is cleaned before it is cut into tokens: `sentiment.text_rules`."""
    num_pieces: int = field(default=0, metadata={SINCE_SCHEMA: 2})
    """How many of `num_words` are pieces that unknown words are cut into (`sentiment.pieces`). With 0, all
    unknown words have the same id."""
    own_beginnings: bool = field(default=False, metadata={SINCE_SCHEMA: 4})
    """Whether pieces that begin a word have ids of their own. Otherwise a known word may begin an
    unknown one, which then has a part of its meaning."""
    min_texts: int = field(default=1, metadata={SINCE_SCHEMA: 2})
    """In how many texts a word must occur to be learned. Rules 2 keep out handles and web addresses."""

    def __post_init__(self) -> None:
        if self.num_words < 1:
            raise InvalidConfiguration(f"num_words must be at least 1, not {self.num_words}")
        if not 0 <= self.skip_top < self.num_words:
            raise InvalidConfiguration(f"skip_top must be from 0 to num_words - 1, not {self.skip_top}")
        if not 0 <= self.num_pieces < self.num_words - self.skip_top:
            raise InvalidConfiguration(
                f"num_pieces must be from 0 to num_words - skip_top - 1, not {self.num_pieces}"
            )
        if self.own_beginnings and not self.num_pieces:
            raise InvalidConfiguration("own_beginnings needs pieces: set num_pieces above 0")
        for name, minimum in (("max_tokens", 4), ("min_texts", 1)):
            if getattr(self, name) < minimum:
                raise InvalidConfiguration(f"{name} must be at least {minimum}, not {getattr(self, name)}")
        for name, choices in (("truncation", get_args(Truncation)), ("text_rules", get_args(TextRules))):
            if getattr(self, name) not in choices:
                raise InvalidConfiguration(f"{name} must be one of {choices}, not {getattr(self, name)!r}")
