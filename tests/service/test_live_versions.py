"""Versions go live and are taken back under load, in services that are processes of their own."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from bench.process import PATIENCE_SECONDS, ServiceProcess, wait_until
from model_store import Reason, Rollout, Store
from model_store.promotion import Wish, promote, rollback
from tests.scale import scaled
from tests.service import stores
from tests.service.running import process, samples, series

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("live versions")]

NUM_CLIENTS = 64
NUM_REPLICAS = 3
MAX_GROWTH_MIB = 30
TEXTS = [f"{text} {'good ' * number}" for number in range(4) for text in stores.TEXTS]


class Clients:
    """Clients that ask until they are stopped, and keep what they were answered."""

    def __init__(self, urls: list[str]) -> None:
        self._urls = urls
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self.answers: list[tuple[str, int, list[float]]] = []
        """The text, the version and the probabilities of each answer."""

    def run(self, number: int) -> None:
        """Be one client; raises for any status but 200."""
        url = self._urls[number % len(self._urls)]
        with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client:
            count = number
            while not self._stopped.is_set():
                count += 1
                text = TEXTS[count % len(TEXTS)]
                body = client.post("/predict", json={"reviews": [text]}).raise_for_status().json()
                probabilities = list(body["predictions"][0]["probabilities"].values())
                with self._lock:
                    self.answers.append((text, body["model"]["version"], probabilities))

    def stop(self) -> None:
        """Let all of them end."""
        self._stopped.set()

    def wait_for_more(self) -> None:
        """Return when each client may have been answered once more."""
        count = len(self.answers) + NUM_CLIENTS
        wait_until(lambda: self._stopped.is_set() or len(self.answers) >= count)


@contextmanager
def asking(*urls: str) -> Iterator[Clients]:
    """Let clients ask; at the end, every answer must have been a 200."""
    clients = Clients(list(urls))
    with ThreadPoolExecutor(NUM_CLIENTS) as threads:
        running: list[Future[None]] = [threads.submit(clients.run, number) for number in range(NUM_CLIENTS)]
        for each in running:
            each.add_done_callback(lambda _: clients.stop())
        try:
            yield clients
        finally:
            clients.stop()
            for each in running:
                each.result(PATIENCE_SECONDS)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with three versions that answer differently; the first is live."""
    store = Store(tmp_path / "store")
    for size in (10, 11, 12):
        store.publish(stores.draft(hidden_size=size))
    store.set_alias("reviews", "production", 1)
    return store


def start(stack: ExitStack, store: Store, folder: Path) -> ServiceProcess:
    """Start a service that looks at the store every second; it ends with the stack."""
    flags = ("--model-store", str(store.root), "--follow-seconds", "1")
    return stack.enter_context(process(folder, *flags))


def version_of(url: str) -> int:
    """Return the version that a ready service has."""
    return int(httpx.get(f"{url}/readyz").raise_for_status().json()["model"]["version"])


def test_promotes_and_rollbacks_under_load(store: Store, tmp_path: Path) -> None:
    with ExitStack() as stack:
        running = start(stack, store, tmp_path / "service")
        running.wait_until_ready()
        url = running.url()
        with asking(url) as clients:
            memory_mib = []
            for _ in range(max(2, scaled(50))):
                promote(store, "reviews@2", Wish())
                wait_until(lambda: version_of(url) == 2)
                clients.wait_for_more()
                rollback(store, "reviews")
                wait_until(lambda: version_of(url) == 1)
                clients.wait_for_more()
                memory_mib.append(running.usage().rss_mib)
        # The first rounds bring in what a start has not yet used.
        assert memory_mib[-1] - memory_mib[0] <= MAX_GROWTH_MIB
        expected = {
            version: [list(each.probabilities.values()) for each in predictions]
            for version in (1, 2)
            for predictions in [store.load(f"reviews@{version}", device="cpu").classifier.predict(TEXTS)]
        }
        assert {version for _, version, _ in clients.answers} == {1, 2}
        for text, version, probabilities in clients.answers:
            assert probabilities == pytest.approx(expected[version][TEXTS.index(text)], abs=1e-6)
        assert running.errors() == ""


def test_after_a_rollback_no_replica_gives_an_answer_of_the_old_version(store: Store, tmp_path: Path) -> None:
    with ExitStack() as stack:
        replicas = [start(stack, store, tmp_path / f"replica-{number}") for number in range(NUM_REPLICAS)]
        urls = [each.url() for each in replicas]
        for each in replicas:
            each.wait_until_ready()
        with asking(*urls) as clients:
            promote(store, "reviews@2", Wish())
            wait_until(lambda: all(version_of(url) == 2 for url in urls))
            rollback(store, "reviews")
            wait_until(lambda: all(version_of(url) == 1 for url in urls))
            clients.wait_for_more()  # what was under way
            count = len(clients.answers)
            clients.wait_for_more()
            assert {version for _, version, _ in clients.answers[count:]} == {1}


def flipped_byte(store: Store) -> None:
    """Change one byte of the weights."""
    path = store.root / "reviews/2/model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def cut_aliases(store: Store) -> None:
    """Cut the alias file off."""
    (store.root / "reviews/aliases.json").write_text('{"producti')


def nothing_there(store: Store) -> None:
    """Let the alias name a version that is not there."""
    (store.root / "reviews/aliases.json").write_text(json.dumps({"production": 9}))


@pytest.mark.parametrize("change", [flipped_byte, cut_aliases, nothing_there])
def test_a_replica_that_is_killed_while_a_bad_version_is_live_comes_back(
    store: Store, tmp_path: Path, change: Callable[[Store], None]
) -> None:
    with ExitStack() as stack:
        replicas = [start(stack, store, tmp_path / f"replica-{number}") for number in range(2)]
        for each in replicas:
            each.wait_until_ready()
        stays = replicas[0].url()
        with asking(stays):
            if change is flipped_byte:
                change(store)
            store.set_alias("reviews", "production", 2, Reason(action="promote"))
            if change is not flipped_byte:
                wait_until(lambda: version_of(stays) == 2)
                change(store)
            wait_until(lambda: samples(stays)["sentiment_model_behind"] == 1)
            replicas[1].kill()
            again = start(stack, store, tmp_path / "again")
            again.wait_until_ready()
            fallen = again.wait_for("fell_back")
            assert fallen["model_version"] == version_of(again.url())
            httpx.get(f"{stays}/readyz").raise_for_status()


def test_shadows_leave_the_live_answers_alone(store: Store, tmp_path: Path) -> None:
    with ExitStack() as stack:
        running = start(stack, store, tmp_path / "service")
        running.wait_until_ready()
        url = running.url()
        store.set_rollout("reviews", Rollout(candidate=2, shadow=1.0), Reason(action="rollout"))
        name = series("sentiment_rollout_ratio", candidate="2", kind="shadow")
        wait_until(lambda: samples(url).get(name) == 1.0)
        with asking(url) as clients:
            for _ in range(scaled(100)):
                clients.wait_for_more()
        found = samples(url)
        assert {version for _, version, _ in clients.answers} == {1}
        num_shadowed = sum(
            value for key, value in found.items() if key.startswith("sentiment_shadow_reviews_total")
        )
        num_dropped = sum(
            value for key, value in found.items() if key.startswith("sentiment_shadow_dropped_total")
        )
        assert 0 < num_shadowed + num_dropped <= len(clients.answers)
