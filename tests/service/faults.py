"""Real classifiers that fail, hang or count on demand."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from bench.process import PATIENCE_SECONDS
from model_store import ModelVersion, Store
from sentiment import Classifier, Engine, Prediction, RunPlan, TokenizedReview
from service.runtime.loading import Loader
from service.settings import Settings

__all__ = [
    "Cold",
    "Cramped",
    "Deadly",
    "Gate",
    "Gated",
    "GatedLater",
    "Raising",
    "Warm",
    "Watched",
    "made_by",
]


class Watched(Classifier):
    """Counts its plans, and remembers how it ran each batch."""

    def __init__(self, whole: Classifier) -> None:
        super().__init__(labels=whole.labels, tokenizer=whole.tokenizer, engine=whole._engine)
        self.num_plans = 0
        self.sizes: list[int] = []
        self.parallel: list[bool | None] = []

    def plan(self, reviews: Sequence[TokenizedReview]) -> RunPlan:
        """Plan, and count."""
        self.num_plans += 1
        return super().plan(reviews)

    def run(self, plan: RunPlan, *, parallel_directions: bool | None = None) -> list[Prediction]:
        """Score, and remember."""
        self.sizes.append(len(plan.reviews))
        self.parallel.append(parallel_directions)
        return super().run(plan, parallel_directions=parallel_directions)


class Gate:
    """Stops lanes in the middle of a batch."""

    def __init__(self) -> None:
        self._opened = threading.Event()
        self._reached = threading.Semaphore(0)

    def open(self) -> None:
        """Let all pass from now on."""
        self._opened.set()

    def wait_until_reached(self) -> None:
        """Return when one more lane has stopped at it."""
        assert self._reached.acquire(timeout=PATIENCE_SECONDS)

    def pass_through(self) -> None:
        """Wait until it is open."""
        self._reached.release()
        assert self._opened.wait(PATIENCE_SECONDS)


class Gated(Watched):
    """Answers only while its gate is open."""

    def __init__(self, whole: Classifier, gate: Gate) -> None:
        super().__init__(whole)
        self._gate = gate

    def run(self, plan: RunPlan, *, parallel_directions: bool | None = None) -> list[Prediction]:
        """Score once the gate is open."""
        self._gate.pass_through()
        return super().run(plan, parallel_directions=parallel_directions)


class GatedLater(Gated):
    """Answers its first run at once, and then only while its gate is open."""

    def run(self, plan: RunPlan, *, parallel_directions: bool | None = None) -> list[Prediction]:
        """Score."""
        if not self.sizes:
            return Watched.run(self, plan, parallel_directions=parallel_directions)
        return super().run(plan, parallel_directions=parallel_directions)


class Raising(Watched):
    """Raises whenever a review of three tokens is in a batch."""

    def run(self, plan: RunPlan, *, parallel_directions: bool | None = None) -> list[Prediction]:
        """Score, or raise."""
        predictions = super().run(plan, parallel_directions=parallel_directions)
        if any(len(review.ids) == 3 for review in plan.reviews):
            raise RuntimeError("a secret")
        return predictions


class Cramped(Watched):
    """Has memory for two reviews at a time: its engine raises what PyTorch raises on a GPU."""

    def __init__(self, whole: Classifier) -> None:
        super().__init__(whole)
        self._engine = _CrampedEngine(whole.network, temperature=whole._engine.temperature, device="cpu")


class _CrampedEngine(Engine):
    def _run(
        self, ids: Sequence[Sequence[int]], batches: Sequence[Sequence[int]], parallel_directions: bool
    ) -> list[list[float]]:
        if len(ids) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super()._run(ids, batches, parallel_directions)


class Deadly(Watched):
    """Ends the thread that it runs on whenever a review of three tokens is in a batch."""

    def run(self, plan: RunPlan, *, parallel_directions: bool | None = None) -> list[Prediction]:
        """Score, or end the thread."""
        if any(len(review.ids) == 3 for review in plan.reviews):
            raise SystemExit
        return super().run(plan, parallel_directions=parallel_directions)


class Cold(Watched):
    """Cannot be warmed up."""

    def warm_up(self) -> None:
        """Raise."""
        raise RuntimeError("cold")


class Warm(Watched):
    """Remembers the name of each thread that warmed it up, and how many threads PyTorch had there."""

    def __init__(self, whole: Classifier) -> None:
        super().__init__(whole)
        self.threads: dict[str, int] = {}

    def warm_up(self) -> None:
        """Warm up, and remember."""
        self.threads[threading.current_thread().name] = torch.get_num_threads()
        super().warm_up()


def made_by(wrap: Callable[[Classifier], Classifier]) -> Loader:
    """Return a loader of the version of a store that puts another classifier into it."""

    def load(settings: Settings, reference: str) -> ModelVersion:
        version = Store(Path(str(settings.model_store))).load(reference, device="cpu")
        return replace(version, classifier=wrap(version.classifier))

    return load
