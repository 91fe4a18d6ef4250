"""The processes of a Ray cluster, as the workers of a job: Ray Data gives them one part after another."""

import logging
import socket
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ray
import ray.data
from ray._private.services import canonicalize_bootstrap_address
from ray.exceptions import RayError, RayTaskError

from deploy.ray.part_actor import PartActor, VersionSource, remove_attempts
from model_store import Manifest
from scoring.errors import ScoringError
from scoring.model_version import version_fields
from scoring.open_job import OpenJob
from scoring.workers import RowsDone

__all__ = ["ClusterFailed", "ClusterWorkers", "ProcessSize", "connected"]

_CPUS, _GPUS = "CPU", "GPU"
# More CPUs in a process mean fewer readings of the inputs, but more of them idle at the end of each part.
_CPUS_OF_PROCESS = 4
# As many threads as keep a GPU busy: one cuts text into tokens while another runs the network.
_CPUS_BESIDE_GPU = 2
_CONNECT_SECONDS = 10.0


class ClusterFailed(ScoringError):
    """There is no Ray cluster, it has no room for the job, or a node could not do its part of it."""


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Be connected to the cluster at an address, or to the one of this machine if it is "auto".

    Raises ClusterFailed where there is none.
    """
    try:
        _check_answers(address)
        ray.init(address=address, logging_level=logging.WARNING)
    except (OSError, RuntimeError, ValueError, RayError) as error:
        raise ClusterFailed(f"there is no Ray cluster at --address {address}: {_reason(error)}") from error
    try:
        yield
    finally:
        ray.shutdown()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSize:
    """What each process reserves of its node."""

    num_cpus: int
    num_gpus: int

    @classmethod
    def for_cluster(cls, device: str, num_threads: int | None) -> "ProcessSize":
        """Return what suits the nodes that there are now, where the user does not say."""
        nodes = _nodes()
        if device == "cuda" or (device == "auto" and any(node.get(_GPUS) for node in nodes)):
            return cls(num_cpus=num_threads or _CPUS_BESIDE_GPU, num_gpus=1)
        smallest = min((int(node[_CPUS]) for node in nodes if node.get(_CPUS)), default=1)
        return cls(num_cpus=num_threads or min(smallest, _CPUS_OF_PROCESS), num_gpus=0)

    @property
    def device(self) -> str:
        """What each process computes on."""
        return "cuda" if self.num_gpus else "cpu"

    def num_processes(self) -> int:
        """Return how many of them the nodes have room for; raises ClusterFailed if that is none."""
        num = sum(map(self._num_on, _nodes()))
        if not num:
            wanted = f"{self.num_cpus} CPUs{' and a GPU' if self.num_gpus else ''}"
            raise ClusterFailed(
                f"no node has {wanted} for a process: give fewer --threads, or --concurrency for a cluster "
                "that grows when it is asked to"
            )
        return num

    def _num_on(self, node: Mapping[str, float]) -> int:
        by_cpus = int(node.get(_CPUS, 0)) // self.num_cpus
        return min(by_cpus, int(node.get(_GPUS, 0))) if self.num_gpus else by_cpus


class ClusterWorkers:
    """Processes that each load the version once. Ray starts a process that died again, where there is room.

    The processors of the nodes may differ, so that scores are equal within 1e-6.
    """

    def __init__(
        self, manifest: Manifest, source: VersionSource, size: ProcessSize, num_processes: int
    ) -> None:
        """Take the version and the processes; the cluster must be connected."""
        self.model_version = version_fields(manifest)
        self.labels = manifest.labels
        self.hardware: Mapping[str, Any] = {"processor": "those of a Ray cluster"}
        self._source = source
        self._size = size
        self._num_processes = num_processes

    def score(self, job: OpenJob, parts: Sequence[int]) -> Generator[RowsDone, None, None]:
        """Score parts of a job, and yield what came of each.

        Raises ClusterFailed, which names the node, for the first error of any process.
        """
        remove_attempts(job.folder)
        if not parts:
            return
        try:
            for answer in self._answers(job, parts):
                if answer["error"]:
                    raise ClusterFailed(str(answer["error"]))
                yield RowsDone(
                    num_rows=int(answer["num_rows"]),
                    num_rejects=int(answer["num_rejects"]),
                    example_reject=str(answer["example_reject"]),
                )
        except RayTaskError:
            raise  # an error that nobody foresaw, whose trace is needed
        except RayError as error:
            raise ClusterFailed(f"the Ray cluster failed: {_reason(error)}") from error

    def _answers(self, job: OpenJob, parts: Sequence[int]) -> Iterator[Mapping[str, Any]]:
        _hush()
        # A block for each part. A process has one at a time: no more waits for a process that died.
        rows = ray.data.from_items([{"part": part} for part in parts], override_num_blocks=len(parts))
        answers = rows.map(
            PartActor,
            fn_constructor_args=(job, self._source),
            compute=ray.data.ActorPoolStrategy(
                size=min(self._num_processes, len(parts)), max_tasks_in_flight_per_actor=1
            ),
            num_cpus=self._size.num_cpus,
            num_gpus=self._size.num_gpus,
        )
        yield from answers.iter_rows()


def _check_answers(address: str) -> None:
    """Raise OSError where nothing listens: Ray would try for many minutes."""
    host, _, port = str(canonicalize_bootstrap_address(address)).rpartition(":")
    with socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS):
        pass


def _hush() -> None:
    """Have Ray Data say what is wrong, and leave progress and the end to us."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    # It warns that there are no bars.
    logging.getLogger("ray.data._internal.progress").setLevel(logging.ERROR)


def _reason(error: Exception) -> str:
    """Return the last line of an error, which is that of its cause where it is a trace."""
    lines = str(error).split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), type(error).__name__)


def _nodes() -> list[Mapping[str, float]]:
    """Return the resources of each node that is alive."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]
