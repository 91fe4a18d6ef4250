"""Review text to token ids: the same object in training and in serving, saved with each version.

One regular expression cuts clean text into words, contractions and punctuation; a word's id is its rank in
a vocabulary sorted by frequency. Python's `re` takes about 0.1 ms for a review of 230 words, half the time
of a compiled tokenizer with the same rules (`experiments/tokenizer.py` prints the ratio).
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeVar, get_args

from sentiment.errors import InvalidConfiguration, InvalidTokenizer
from sentiment.saved import SINCE_SCHEMA, saved_fields
from sentiment.strict import strict
from sentiment.text import align, clean
from sentiment.text_rules import TextRules

__all__ = [
    "PADDING_ID",
    "UNKNOWN_ID",
    "Span",
    "TokenizedReview",
    "Tokenizer",
    "TokenizerConfig",
    "Truncation",
    "split",
]

Truncation = Literal["head_tail", "head", "tail"]
T = TypeVar("T")

PADDING_ID = 0
UNKNOWN_ID = 1
_SPECIAL = ("<pad>", "<unk>")  # In angle brackets, so that no word of a review can be one.
_FORMAT = 1


def _combining_marks() -> str:
    """Return all combining marks: `re` does not count them as letters, though words contain them."""
    marks = [code for code in range(0x300, 0x10000) if unicodedata.category(chr(code)).startswith("M")]
    return "".join(map(chr, marks))


_TOKEN = re.compile(
    rf"[\w{_combining_marks()}]+(?:'t\b)?"  # a word; "don't" stays whole, since its meaning turns on its end
    r"|'(?:s|re|ve|ll|d|m)\b"  # other contractions and possessives stand alone: "film" + "'s"
    r"|!{1,3}|\?{1,3}|\.{2,3}"  # up to three marks in one token, so that the vocabulary has few runs
    r"|[^\w\s]"  # any other mark or symbol by itself
)


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizerConfig:
    """What a tokenizer knows and keeps.

    Raises InvalidConfiguration, naming the field, when the values cannot work together.
    """

    num_words: int = 30_000
    """How many of the most frequent words are known, those of `skip_top` included."""
    skip_top: int = 0
    """How many of the most frequent words are treated as unknown all the same."""
    max_tokens: int = 400
    """Longer reviews are cut to this many tokens."""
    truncation: Truncation = "head_tail"
    """Which tokens are kept: the first quarter and the last three quarters (`head_tail`), or one end."""
    text_rules: TextRules = field(default=1, metadata={SINCE_SCHEMA: 2})
    """How text is cleaned before it is cut into tokens: `sentiment.text_rules`."""

    def __post_init__(self) -> None:
        if self.num_words < 1:
            raise InvalidConfiguration(f"num_words must be at least 1, not {self.num_words}")
        if not 0 <= self.skip_top < self.num_words:
            raise InvalidConfiguration(f"skip_top must be from 0 to num_words - 1, not {self.skip_top}")
        if self.max_tokens < 4:
            raise InvalidConfiguration(f"max_tokens must be at least 4, not {self.max_tokens}")
        if self.truncation not in get_args(Truncation):
            raise InvalidConfiguration(
                f"truncation must be one of {get_args(Truncation)}, not {self.truncation!r}"
            )
        if self.text_rules not in get_args(TextRules):
            raise InvalidConfiguration(
                f"text_rules must be one of {get_args(TextRules)}, not {self.text_rules!r}"
            )


@dataclass(frozen=True, slots=True)
class TokenizedReview:
    """One review as the network takes it."""

    ids: list[int]
    """Token ids after truncation; never empty: a review without a token counts as one unknown token."""
    num_tokens: int
    """Tokens in the whole review, before truncation."""
    truncated: bool
    unknown_ratio: float
    """Share of `ids` that the vocabulary lacks, 0 to 1."""


class Span(NamedTuple):
    """The position of a token in the raw text, `raw[start:end]`."""

    start: int
    end: int
    token_id: int


class Tokenizer:
    """Turns raw review text into token ids. Immutable, and safe to share between threads."""

    def __init__(self, words: Sequence[str], config: TokenizerConfig) -> None:
        """Take the known words in the order of their ids; `fit` is the usual way to make them."""
        self.config = config
        self.words = tuple(words)
        self._ids = {word: token_id for token_id, word in enumerate(self.words, start=len(_SPECIAL))}
        if len(self._ids) != len(self.words):
            raise InvalidTokenizer("the vocabulary lists a word twice")

    @classmethod
    def fit(cls, texts: Iterable[str], config: TokenizerConfig) -> "Tokenizer":
        """Learn the vocabulary from raw texts: words by falling frequency, ties in alphabetical order."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(split(text, config.text_rules))
        by_frequency = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(by_frequency[config.skip_top : config.num_words], config)

    @property
    def vocabulary_size(self) -> int:
        """Number of ids, padding and unknown included: the rows of the embedding."""
        return len(_SPECIAL) + len(self.words)

    def split(self, raw: str) -> list[str]:
        """Return the tokens of a raw review as text, known or not, before truncation."""
        return split(raw, self.config.text_rules)

    def encode(self, raw: str) -> TokenizedReview:
        """Return the ids of a raw review, cut to `max_tokens`. Any string is accepted."""
        tokens = self.split(raw)
        kept = self._keep(tokens)
        ids = [self._ids.get(token, UNKNOWN_ID) for token in kept] or [UNKNOWN_ID]
        return TokenizedReview(
            ids=ids,
            num_tokens=len(tokens),
            truncated=len(kept) < len(tokens),
            unknown_ratio=ids.count(UNKNOWN_ID) / len(ids),
        )

    def spans(self, raw: str) -> list[Span]:
        """Return the position in the raw text of each token that `encode` keeps, in the order of its ids."""
        aligned = align(raw, self.config.text_rules)
        spans = [
            Span(aligned.starts[match.start()], aligned.ends[match.end() - 1], self._id(match[0]))
            for match in _TOKEN.finditer(aligned.text)
        ]
        return list(self._keep(spans))

    def to_json(self) -> str:
        """Return all that `from_json` needs to make the same tokenizer."""
        saved = {"format": _FORMAT, "config": saved_fields(self.config), "words": self.words}
        return json.dumps(saved, indent=0) + "\n"

    @classmethod
    def from_json(cls, saved: str | bytes) -> "Tokenizer":
        """Make the tokenizer that `to_json` saved; raises InvalidTokenizer when it cannot be read."""
        try:
            fields = json.loads(saved)
            if fields["format"] != _FORMAT:
                raise InvalidTokenizer(f"format {fields['format']!r} is not known to this software")
            words = fields["words"]
            if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
                raise InvalidTokenizer("words must be a list of strings")
            config = TokenizerConfig(**fields["config"])
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidTokenizer(f"not a saved tokenizer: {error!r}") from error
        return cls(words, config)

    def _id(self, token: str) -> int:
        return self._ids.get(token, UNKNOWN_ID)

    def _keep(self, tokens: Sequence[T]) -> Sequence[T]:
        limit = self.config.max_tokens
        if len(tokens) <= limit:
            return tokens
        if self.config.truncation == "head":
            return tokens[:limit]
        head = limit // 4 if self.config.truncation == "head_tail" else 0
        return [*tokens[:head], *tokens[head - limit :]]


def split(raw: str, rules: TextRules = 1) -> list[str]:
    """Return the tokens of a raw review as text, without any vocabulary."""
    return _TOKEN.findall(clean(raw, rules))
