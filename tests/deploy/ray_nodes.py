"""Nodes of a Ray cluster, each with processes of its own, on this machine."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ray.cluster_utils import Cluster

from bench.serving.free_port import free_port

__all__ = ["RayNodes", "own_sigterm_handler", "working_on"]

_STORE_BYTES = 80 * 1024**2
_AGENTS = ("dashboard_agent_listen", "metrics_agent", "metrics_export", "runtime_env_agent")


class RayNodes:
    """A head of one logical CPU, and the nodes that are added to it."""

    def __init__(self, **head: Any) -> None:  # noqa: ANN401 - Ray's own arguments
        with own_sigterm_handler():
            self._cluster = Cluster(initialize_head=True, head_node_args=_arguments(num_cpus=1, **head))

    @property
    def address(self) -> str:
        """Where programs connect to it: host and port."""
        return str(self._cluster.address)

    def add(self, num_cpus: int = 1) -> Any:  # noqa: ANN401 - Ray is not typed
        """Add a node, and return it when it belongs to the cluster."""
        with own_sigterm_handler():
            return self._cluster.add_node(**_arguments(num_cpus=num_cpus))

    def kill(self, node: Any) -> None:  # noqa: ANN401 - see above
        """End a node at once, with SIGKILL for each of its processes."""
        workers = list(_children(_raylet(node)))
        self._cluster.remove_node(node, allow_graceful=False)
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)

    def close(self) -> None:
        """End all nodes."""
        self._cluster.shutdown()


def working_on(node: Any) -> list[str]:  # noqa: ANN401 - see above
    """Return what the processes of a node are called: Ray names the method of an actor that runs."""
    return list(map(_title, _children(_raylet(node))))


def _raylet(node: Any) -> int:  # noqa: ANN401 - see above
    return int(node.all_processes["raylet"][0].process.pid)


def _children(process: int) -> Iterator[int]:
    for thread in Path(f"/proc/{process}/task").iterdir():
        yield from map(int, (thread / "children").read_text().split())


def _title(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text().rstrip("\0 ")
    except OSError:  # it has ended
        return ""


@contextmanager
def own_sigterm_handler() -> Iterator[None]:
    """Keep this process's handler: with the one that Ray sets, SIGTERM would fail a single test."""
    own = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, own)


def _arguments(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - Ray's own arguments
    # Where an agent chooses its port itself, Ray ends the node unless the agent says within 15 s which it is.
    ports = {f"{agent}_port": free_port() for agent in _AGENTS}
    return {"object_store_memory": _STORE_BYTES, **ports, **more}
