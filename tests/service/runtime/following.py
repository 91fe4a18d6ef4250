"""A running service that follows a store, with what its people ask it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from model_store import Store
from service.runtime.loading import Loader, load_version
from tests.service.running import service

__all__ = ["NEVER", "TEXT", "Service", "following"]

ADMIN_KEY = "an-admin-key-of-a-test"
TEXT = "A wonderful film with a wonderful cast"
NEVER = 3600
"""Follow seconds with which only those who ask for it get a look at the store."""


class Service:
    """A running service, with what its people ask it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {ADMIN_KEY}"}, timeout=60
        )

    def refresh(self) -> dict[str, Any]:
        """Let it look at the store, and return what it holds then."""
        return dict(self._client.post("/admin/refresh").raise_for_status().json())

    def answering(self, *, version: str | None = None, key: str | None = None) -> int:
        """Return the version that answers, also by name or with a route key; fails unless it is ready."""
        answer = (
            self._client.post(
                "/predict",
                params={} if version is None else {"version": version},
                headers={} if key is None else {"X-Route-Key": key},
                json={"reviews": [TEXT]},
            )
            .raise_for_status()
            .json()
        )
        self._client.get("/readyz").raise_for_status()
        return int(answer["model"]["version"])

    def confidence(self) -> float:
        """Return the confidence of an answer."""
        answer = self._client.post("/predict", json={"reviews": [TEXT]}).json()
        return float(answer["predictions"][0]["confidence"])

    def state(self) -> dict[str, Any]:
        """Return what it holds."""
        return dict(self._client.get("/admin/rollout").raise_for_status().json())

    def models(self) -> dict[str, Any]:
        """Return what clients see of the versions that it holds."""
        return dict(self._client.get("/models").raise_for_status().json())

    def shown_to_clients(self) -> str:
        """Return what clients without an admin key are answered, also when they ask for version 2."""
        truth = {"label": "positive", "confidence": 0.75, "truth": "negative"}
        body: dict[str, Any] = {"reviews": [TEXT]}
        answers = [
            self._client.get(path) for path in ("/models", "/models/2", "/status", "/readyz", "/metrics")
        ]
        answers += [self._client.post(f"/{route}?version=2", json=body) for route in ("predict", "explain")]
        feedback = {"feedback": [{"model": {"name": "reviews", "version": 2}} | truth]}
        answers.append(self._client.post("/feedback", json=feedback))
        return "\n".join(answer.text for answer in answers)

    def close(self) -> None:
        """Close the client."""
        self._client.close()


@contextmanager
def following(store: Store, *, load: Loader = load_version, **settings: Any) -> Iterator[Service]:  # noqa: ANN401  # any setting
    """Run a service that looks at the store when it is asked to."""
    chosen: dict[str, Any] = {"follow_seconds": NEVER, "admin_keys": ADMIN_KEY} | settings
    with service(store.root, load=load, **chosen) as url:
        running = Service(url)
        try:
            yield running
        finally:
            running.close()
