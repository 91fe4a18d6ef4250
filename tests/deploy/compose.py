"""The project's own compose file, really run, by the command that the variable COMPOSE names."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx

from bench.serving.free_port import free_port

Found = TypeVar("Found")

ROOT = Path(__file__).parent.parent.parent
PATIENCE_SECONDS = 180.0
SERVICE_USER = 10001
PORTS = ("PROXY_PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT", "GRAFANA_PORT")


class Compose:
    """A deployment with its own project name, volumes and ports, apart from any other on this machine."""

    def __init__(self, *, without: str = "") -> None:
        """Take the services that cannot run here, separated by spaces."""
        self._command = shlex.split(os.environ["COMPOSE"])
        ports = {name: str(free_port()) for name in PORTS}
        self._environment = os.environ | ports | {"COMPOSE_PROJECT_NAME": "sentiment-test"}
        self.services = [name for name in self._services() if name not in without.split()]
        self.proxy, self.prometheus, self.alertmanager, self.grafana = (
            f"http://127.0.0.1:{port}" for port in ports.values()
        )

    def __call__(self, *arguments: str) -> str:
        """Run a command of compose and return its output; raises where it fails."""
        done = subprocess.run(
            [*self._command, *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout[-2000:]} {done.stderr[-4000:]}"
        return done.stdout

    def ask_for(self, key: str, folder: Path) -> None:
        """Start the service anew with deploy/api-keys.yml and this key."""
        path = folder / "api_keys"
        path.write_text(f"{key}\n", encoding="utf-8")
        os.chown(path, SERVICE_USER, SERVICE_USER)
        path.chmod(0o400)
        self._environment |= {"API_KEYS_FILE": str(path)}
        files = ("--file", "docker-compose.yml", "--file", "deploy/api-keys.yml")
        self(*files, "up", "--detach", "--no-build", "--no-deps", "--wait", "service")

    def scale(self, num_replicas: int) -> None:
        """Run this number of replicas, and wait until the new ones are healthy."""
        self(
            "up",
            "--detach",
            "--no-build",
            "--no-recreate",
            "--wait",
            "--scale",
            f"service={num_replicas}",
            "service",
        )

    def query(self, expression: str) -> dict[str, float]:
        """Return what Prometheus says now: values by the instance, or by "" where there is none."""
        url = f"{self.prometheus}/api/v1/query?{urlencode({'query': expression})}"
        results: list[dict[str, Any]] = httpx.get(url).raise_for_status().json()["data"]["result"]
        return {result["metric"].get("instance", ""): float(result["value"][1]) for result in results}

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire in Prometheus."""
        alerts = httpx.get(f"{self.prometheus}/api/v1/alerts").raise_for_status().json()["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def received(self) -> set[str]:
        """Return the names of the alerts that Alertmanager holds as active."""
        alerts = httpx.get(f"{self.alertmanager}/api/v2/alerts?active=true").raise_for_status().json()
        return {alert["labels"]["alertname"] for alert in alerts}

    def _services(self) -> list[str]:
        return self("config", "--services").split()


class Load:
    """deploy/load/load.py, which runs during a test."""

    def __init__(self, url: str) -> None:
        command = [sys.executable, "deploy/load/load.py", "--url", url, "--seconds", "600", "--rate", "40"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def stop(self) -> dict[str, Any]:
        """End it and return its summary."""
        self._process.terminate()
        output, _ = self._process.communicate(timeout=PATIENCE_SECONDS)
        summary: dict[str, Any] = json.loads(output)
        return summary


def wait_for(what: str, look: Callable[[], Found | None], *, pause_seconds: float = 0.5) -> Found:
    """Return what `look` finds as soon as it is true; an unreachable server is not an error until the end."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            found = look()
        except httpx.HTTPError as error:
            found, problem = None, str(error)
        else:
            problem = repr(found)
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: {problem}"
        time.sleep(pause_seconds)
