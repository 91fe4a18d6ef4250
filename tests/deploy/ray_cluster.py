"""A Ray cluster of two nodes on this machine, with the service deployed from deploy/ray/serve.yaml."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import yaml

from bench.serving.free_port import free_port
from tests.deploy.ray_nodes import RayNodes

ROOT = Path(__file__).parent.parent.parent
CONFIG = ROOT / "deploy/ray/serve.yaml"
PATIENCE_SECONDS = 300.0
POLL_SECONDS = 0.1


class RayService:
    """The service on two nodes of one logical CPU each, so that each has one replica."""

    def __init__(self, folder: Path) -> None:
        self._config_path = folder / "serve.yaml"
        self._dashboard = f"http://127.0.0.1:{free_port()}"
        self.url = f"http://127.0.0.1:{free_port()}"
        self._nodes = RayNodes(include_dashboard=True, dashboard_port=httpx.URL(self._dashboard).port)
        self._worker = self._nodes.add()
        self._has_room = False

    def make_room(self) -> None:
        """Have a node for two more replicas, and return when it belongs to the cluster."""
        if not self._has_room:
            self._nodes.add(num_cpus=2)
            self._has_room = True

    def kill_worker(self) -> None:
        """End the second node, replica and all, with SIGKILL."""
        self._nodes.kill(self._worker)

    def deploy(self, **settings: object) -> None:
        """Deploy the config file with these settings of the service, as people do: by `serve deploy`."""
        config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
        # Both nodes share this machine and so its ports.
        config["proxy_location"] = "HeadOnly"
        config["http_options"] |= {"host": "127.0.0.1", "port": httpx.URL(self.url).port}
        application = next(each for each in config["applications"] if each["name"] == "sentiment")
        application["args"] |= settings
        replica = application["deployments"][0]
        replica["autoscaling_config"] |= {"max_replicas": 2}
        replica["ray_actor_options"] = {"num_cpus": 1}
        self._config_path.write_text(yaml.safe_dump(config), encoding="utf-8")
        command = Path(sys.executable).with_name("serve")
        done = subprocess.run(
            [command, "deploy", "--address", self._dashboard, self._config_path],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout

    def replicas(self) -> dict[str, str]:
        """Return the node of each replica that runs, by the replica's id."""
        details = httpx.get(f"{self._dashboard}/api/serve/applications/", timeout=PATIENCE_SECONDS).json()
        deployments = details["applications"].get("sentiment", {}).get("deployments", {})
        replicas = deployments.get("Replica", {}).get("replicas", [])
        return {each["replica_id"]: each["node_id"] for each in replicas if each["state"] == "RUNNING"}

    def metrics(self) -> dict[str, str]:
        """Return the metrics of each replica that announced itself, by its address."""
        (group,) = httpx.get(f"{self.url}/targets/", timeout=PATIENCE_SECONDS).raise_for_status().json()
        assert group["labels"] == {"job": "sentiment"}
        return {
            target: httpx.get(f"http://{target}/metrics", timeout=PATIENCE_SECONDS).text
            for target in group["targets"]
        }

    def close(self) -> None:
        """End all nodes."""
        self._nodes.close()


@contextmanager
def ray_service(folder: Path, **settings: object) -> Iterator[RayService]:
    """Start the cluster and the service, with a replica on each node."""
    service = RayService(folder)
    try:
        service.deploy(**settings)
        wait_until(lambda: len(set(service.replicas().values())) == 2, "a replica on each node")
        yield service
    finally:
        service.close()


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Return as soon as the condition holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"no {what} in {PATIENCE_SECONDS} s"
        time.sleep(POLL_SECONDS)
