"""The service on Ray: a node dies under load, a new version is rolled out, overload is refused."""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
import pytest
import yaml

from service.settings import Settings
from tests.deploy.ray_cluster import CONFIG, PATIENCE_SECONDS, ROOT, RayService, ray_service, wait_until

pytestmark = pytest.mark.xdist_group("several processes")

NUM_CLIENTS = 4
REVIEW = "A dull film: two hours that I will never get back. The cast is good, and the story is not."
SMALL = {"name": "reviews-small", "version": 2}
LARGE = {"name": "reviews", "version": 4}
REVIEWS = [" ".join([REVIEW] * 20)] * 8
"""Longer than the model reads, and enough of them that some are always being scored."""
# Scoring has no side effects, so a request may be sent again when the connection broke, at 503, and at the
# 500 of Ray's proxy for a replica that died with it: that is no problem document, as the service's own are.
RETRIED = (500, 503)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayService]:
    """The service with its small model, and a queue that 64 long reviews fill."""
    with pytest.MonkeyPatch.context() as patch:
        # What the nodes inherit: where the code is, and what docs/ray.md says of the proxy.
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("RAY_SERVE_PROXY_PREFER_LOCAL_NODE_ROUTING", "0")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        settings = {"model": "reviews-small@2", "max_reviews_per_request": 64, "max_queue_tokens": 64 * 400}
        with ray_service(tmp_path_factory.mktemp("ray"), **settings) as started:
            yield started


@dataclass(slots=True)
class Load:
    """Clients that each wait for their answer, and for a pause, before they send the next reviews."""

    url: str
    pause_seconds: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)
    answers: Counter[str] = field(default_factory=Counter)
    """By the name of the model."""
    retries: Counter[str] = field(default_factory=Counter)
    """By what came instead of an answer."""

    def client(self) -> None:
        """Send reviews until `stop` is set; raises for an answer that no client can use."""
        with httpx.Client(base_url=self.url, timeout=PATIENCE_SECONDS) as client:
            while not self.stop.is_set():
                self.answers[self._answer(client)] += 1
                self.stop.wait(self.pause_seconds)

    def wait_for(self, num_answers: int, model: dict[str, object]) -> None:
        """Return when a model has given `num_answers` more answers."""
        name = str(model["name"])
        enough = self.answers[name] + num_answers
        wait_until(lambda: self.answers[name] >= enough, f"{num_answers} answers of {name}")

    def _answer(self, client: httpx.Client) -> str:
        while True:
            try:
                response = client.post("/predict", json={"reviews": REVIEWS})
            except httpx.TransportError as error:
                self.retries[type(error).__name__] += 1
                continue
            if response.status_code == 200:
                content = response.json()
                assert len(content["predictions"]) == len(REVIEWS)
                return str(content["model"]["name"])
            assert response.status_code in RETRIED, response.text
            if response.status_code == 500:
                assert not response.headers["content-type"].startswith("application/"), response.text
            self.retries[str(response.status_code)] += 1


@pytest.fixture
def load(service: RayService) -> Iterator[Load]:
    """Four clients at work; at the end each request must have had its answer."""
    load = Load(service.url)
    with ThreadPoolExecutor(NUM_CLIENTS) as clients:
        ends = [clients.submit(load.client) for _ in range(NUM_CLIENTS)]
        try:
            yield load
        finally:
            load.stop.set()
        for end in ends:
            end.result()


def has_answered(metrics: str) -> bool:
    found = re.search(
        r'^sentiment_http_requests_total{.*route="/predict",status="200"} (.+)$', metrics, re.MULTILINE
    )
    return found is not None and float(found[1]) > 0


def test_the_config_fits_the_settings_of_the_service() -> None:
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    application = next(each for each in config["applications"] if each["name"] == "sentiment")
    settings = Settings(**application["args"])
    (replica,) = application["deployments"]
    assert replica["graceful_shutdown_timeout_s"] > settings.drain_seconds
    assert (
        replica["max_ongoing_requests"] > settings.max_queue_tokens / 400
    )  # of reviews of the greatest length
    assert config["http_options"]["port"] == settings.port
    assert config["http_options"]["keep_alive_timeout_s"] == settings.keep_alive_seconds
    assert isinstance(replica["ray_actor_options"]["num_cpus"], int)  # a lane each


def test_every_replica_shows_its_own_metrics(service: RayService) -> None:
    wait_until(lambda: len(service.metrics()) == 2, "two replicas in the list")
    for text in service.metrics().values():
        assert "sentiment_model_info{" in text
        # Ray counts CPUs; a replica takes no more lanes than it asked for.
        assert 'sentiment_lanes{state="idle"} 1.0' in text


def test_overload_is_refused_by_the_service_itself(service: RayService) -> None:
    with (
        httpx.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
        ThreadPoolExecutor(16) as threads,
    ):
        responses = list(
            threads.map(lambda _: client.post("/predict", json={"reviews": REVIEWS * 8}), range(48))
        )
    statuses = Counter(response.status_code for response in responses)
    assert set(statuses) == {200, 429}
    refused = next(response for response in responses if response.status_code == 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["code"] == "overloaded"


def test_a_node_dies_under_load_and_no_request_is_lost(service: RayService, load: Load) -> None:
    wait_until(lambda: all(map(has_answered, service.metrics().values())), "answers of both replicas")
    before = service.replicas()
    service.kill_worker()
    load.wait_for(20, SMALL)
    wait_until(lambda: len(service.replicas()) == 1, "end of the dead node's replica")
    service.make_room()
    wait_until(lambda: len(service.replicas()) == 2, "replica in place of the dead one")
    load.wait_for(20, SMALL)
    assert len(service.replicas().keys() & before.keys()) == 1


def test_a_changed_model_is_rolled_out_without_a_failed_request(service: RayService, load: Load) -> None:
    # A replica takes long to start where clients leave it no time.
    load.pause_seconds = 0.1
    load.wait_for(20, SMALL)
    # For new replicas that answer before old ones stop.
    service.make_room()
    before = service.replicas()
    service.deploy(model="reviews@4")
    wait_until(lambda: len(service.replicas().keys() - before.keys()) == 2, "two new replicas")
    wait_until(lambda: not service.replicas().keys() & before.keys(), "end of the old replicas")
    load.wait_for(20, LARGE)
    assert not load.retries
    assert set(load.answers) == {"reviews-small", "reviews"}
