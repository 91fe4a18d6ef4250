"""Send reviews to the service at a steady pace, and say how it went.

    python deploy/load/load.py --url http://127.0.0.1:8000 --seconds 30

It needs nothing but Python. Each connection sends its next request when the last is answered, but no sooner
than its share of --rate allows. The last line of output is a JSON object; exit 1 if any request failed.
"""

import argparse
import json
import random
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

PHRASES = (
    "The film is warm and funny from its first minute to the last.",
    "Nobody seems to have read the script before the cameras rolled.",
    "I would gladly see it again, and so would my whole family.",
    "Two hours that I will never get back.",
    "The camera work is fine, the dialogue is not.",
    "A zblorf of a qwyxian plot.",
)
TIMEOUT_SECONDS = 30.0


@dataclass(slots=True)
class Tally:
    """What came of the requests; shared by all connections."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, object]:
        """Return the figures of the last line."""
        ordered = sorted(self.seconds)
        middle, late = (ordered[int(len(ordered) * share)] if ordered else None for share in (0.5, 0.99))
        return {
            "num_requests": len(self.seconds) + len(self.failures),
            "num_failed": len(self.failures),
            "failures": sorted(set(self.failures))[:5],
            "p50_seconds": middle,
            "p99_seconds": late,
        }


def main() -> int:
    """Run until the time is over or SIGTERM or SIGINT comes; return the exit status."""
    arguments = _arguments()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    tally = Tally()
    pause_seconds = arguments.connections / arguments.rate
    workers = [
        threading.Thread(target=_connection, args=(arguments.url, number, pause_seconds, stop, tally))
        for number in range(arguments.connections)
    ]
    for worker in workers:
        worker.start()
    stop.wait(arguments.seconds)
    stop.set()
    for worker in workers:
        worker.join()
    print(json.dumps(tally.summary()))
    return 1 if tally.failures or not tally.seconds else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Send reviews to the service at a steady pace.")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the service is reached")
    parser.add_argument("--seconds", type=float, default=30.0, help="for how long")
    parser.add_argument("--rate", type=float, default=20.0, help="most requests a second, in all")
    parser.add_argument("--connections", type=int, default=4, help="connections at once")
    return parser.parse_args()


def _connection(url: str, seed: int, pause_seconds: float, stop: threading.Event, tally: Tally) -> None:
    chance = random.Random(seed)  # noqa: S311  # the same reviews each time
    connection = HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_SECONDS)
    while not stop.is_set():
        start = time.perf_counter()
        failure = _ask(connection, chance)
        taken_seconds = time.perf_counter() - start
        if failure is None:
            tally.seconds.append(taken_seconds)
        else:
            tally.failures.append(failure)
            connection.close()
        stop.wait(max(0.0, pause_seconds - taken_seconds))
    connection.close()


def _ask(connection: HTTPConnection, chance: random.Random) -> str | None:
    """Return why the request failed, or None."""
    reviews = [
        " ".join(chance.choices(PHRASES, k=chance.randint(1, 12))) for _ in range(chance.randint(1, 3))
    ]
    try:
        connection.request(
            "POST", "/predict", json.dumps({"reviews": reviews}), {"Content-Type": "application/json"}
        )
        response = connection.getresponse()
        body = response.read()
    except (OSError, HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    if response.status != 200:
        return f"status {response.status}"
    return None if len(json.loads(body)["predictions"]) == len(reviews) else "not as many answers as reviews"


if __name__ == "__main__":
    sys.exit(main())
