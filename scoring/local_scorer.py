"""Scoring by a version of the model store, in this process."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from model_store import ModelVersion, Store, golden
from scoring.model_version import version_fields
from scoring.scorer import Refusal
from sentiment import OutOfMemory, Prediction, set_num_threads
from sentiment.cpus import available_cpus
from sentiment.processor import processor_name

__all__ = ["LocalScorer"]

# The engine makes batches of near-equal length of what it is given at once: more rows at a time gain little.
_BATCH_ROWS = 1024
# On a GPU the text is cut into tokens in one thread while the network runs in another.
_GPU_THREADS = 2


class LocalScorer:
    """A loaded version that has reproduced its golden examples."""

    batch_rows = _BATCH_ROWS

    def __init__(self, store: Path | str, reference: str, device: str, num_threads: int | None) -> None:
        """Load a version; raises what loading it and checking its golden examples raise."""
        version: ModelVersion = Store(store).load(reference, device=device)
        golden.check(version.classifier, version.golden)
        self._classifier = version.classifier
        self.labels = version.classifier.labels
        self.model_version = version_fields(version.manifest)
        is_on_cpu = version.classifier.device == "cpu"
        self.num_threads = num_threads or (available_cpus() if is_on_cpu else _GPU_THREADS)
        self.hardware: Mapping[str, Any] = {
            "processor": processor_name(version.classifier.device),
            "kernel": version.classifier.kernel,
            "threads": self.num_threads,
        }

    def prepare_thread(self) -> None:
        """Let the network use one thread in each of ours."""
        set_num_threads(1)

    def predict(self, texts: Sequence[str]) -> list[Prediction | Refusal]:
        """Return a prediction for each text, in halves where they do not fit into memory together."""
        try:
            return list(self._classifier.predict(texts))
        except OutOfMemory as error:
            if len(texts) == 1:
                return [Refusal(str(error))]
        middle = len(texts) // 2
        return self.predict(texts[:middle]) + self.predict(texts[middle:])
