"""The model as one function: raw review text in, calibrated label and probabilities out."""

from collections.abc import Sequence
from dataclasses import dataclass

from sentiment.engine import Engine
from sentiment.errors import InvalidConfiguration
from sentiment.network import SentimentLSTM
from sentiment.network_config import NetworkConfig
from sentiment.prediction import Prediction
from sentiment.run_plan import RunPlan
from sentiment.tokenizer import TokenizedReview, Tokenizer
from sentiment.weights import network_from_bytes

__all__ = ["Classifier", "ClassifierParts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierParts:
    """What a classifier is built from: much smaller than one, since the engine's tables are missing."""

    labels: tuple[str, ...]
    tokenizer: Tokenizer
    network: SentimentLSTM
    temperature: float
    temperature_slope: float
    device: str

    def build(self) -> "Classifier":
        """Return a classifier with the same answers, in less than a second."""
        engine = Engine(
            self.network,
            temperature=self.temperature,
            temperature_slope=self.temperature_slope,
            device=self.device,
        )
        return Classifier(labels=self.labels, tokenizer=self.tokenizer, engine=engine)


class Classifier:
    """A tokenizer, a network on its device, and the labels' names. Safe to share between threads.

    `predict` does everything; a server calls `tokenize`, `plan` and `run`, each in a thread of its own.
    """

    def __init__(self, *, labels: Sequence[str], tokenizer: Tokenizer, engine: Engine) -> None:
        self.labels = tuple(labels)
        self.tokenizer = tokenizer
        self._engine = engine

    @classmethod
    def build(
        cls,
        *,
        labels: Sequence[str],
        network: NetworkConfig,
        weights: bytes,
        tokenizer: bytes,
        temperature: float,
        temperature_slope: float = 0.0,
        device: str = "auto",
        precision: str = "float32",
    ) -> "Classifier":
        """Make a classifier from the saved parts of a version.

        Raises InvalidWeights, InvalidTokenizer or InvalidConfiguration when a part cannot be read or used.
        """
        vocabulary = Tokenizer.from_json(tokenizer)
        _check_sizes(network, num_labels=len(labels), vocabulary_size=vocabulary.vocabulary_size)
        engine = Engine(
            network_from_bytes(network, weights),
            temperature=temperature,
            temperature_slope=temperature_slope,
            device=device,
            precision=precision,
        )
        return cls(labels=labels, tokenizer=vocabulary, engine=engine)

    @property
    def device(self) -> str:
        """Where the network runs: "cpu" or "cuda"."""
        return self._engine.device

    @property
    def kernel(self) -> str:
        """What computes the network's steps: `Engine.kernel`."""
        return self._engine.kernel

    @property
    def precision(self) -> str:
        """What the network computes in: `Engine.precision`."""
        return self._engine.precision

    @property
    def network(self) -> SentimentLSTM:
        """The network that answers; copy it before changing it."""
        return self._engine.network

    @property
    def parts(self) -> ClassifierParts:
        """What to keep of a classifier that is let go and may be wanted again; the network is shared."""
        return ClassifierParts(
            labels=self.labels,
            tokenizer=self.tokenizer,
            network=self.network,
            temperature=self._engine.temperature,
            temperature_slope=self._engine.temperature_slope,
            device=self.device,
        )

    @property
    def pads(self) -> bool:
        """Whether a review costs as much as the longest that it is batched with."""
        return self._engine.pads

    def tokenize(self, texts: Sequence[str]) -> list[TokenizedReview]:
        """Return each text's tokens, in order."""
        return [self.tokenizer.encode(text) for text in texts]

    def score(self, reviews: Sequence[TokenizedReview]) -> list[Prediction]:
        """Plan and run: return a prediction for each tokenized review, in order; raises OutOfMemory."""
        return self.run(self.plan(reviews))

    def plan(self, reviews: Sequence[TokenizedReview]) -> RunPlan:
        """Return how these reviews will run."""
        return self._engine.plan(reviews)

    def run(self, plan: RunPlan, *, parallel_directions: bool | None = None) -> list[Prediction]:
        """Return a prediction for each review of a plan, in order; raises OutOfMemory.

        `parallel_directions` is for when a core is idle: see `Engine.run`.
        """
        rows = self._engine.run(plan, parallel_directions=parallel_directions)
        return [self._prediction(review, row) for review, row in zip(plan.reviews, rows, strict=True)]

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return a prediction for each text, in order."""
        return self.score(self.tokenize(texts))

    def warm_up(self) -> None:
        """Run the network once, so that the first request is as fast as the next."""
        self._engine.warm_up()

    def _prediction(self, review: TokenizedReview, row: list[float]) -> Prediction:
        confidence = max(row)
        return Prediction(
            label=self.labels[row.index(confidence)],
            confidence=confidence,
            probabilities=dict(zip(self.labels, row, strict=True)),
            tokens=review.num_tokens,
            truncated=review.truncated,
            unknown_ratio=review.unknown_ratio,
        )


def _check_sizes(network: NetworkConfig, *, num_labels: int, vocabulary_size: int) -> None:
    if network.num_labels != num_labels:
        raise InvalidConfiguration(f"the network has {network.num_labels} labels, but {num_labels} are named")
    if network.vocabulary_size != vocabulary_size:
        raise InvalidConfiguration(
            f"the network knows {network.vocabulary_size} words, but the tokenizer {vocabulary_size}"
        )
