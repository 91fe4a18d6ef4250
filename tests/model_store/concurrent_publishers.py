"""Many publishers at once, each a process of its own.

Run as a program with a store, the number of publishers, and their rounds. Each prints the versions that it
published, and leaves an alias of its own for each. Processes are forked, so that PyTorch is imported once;
they start together.
"""

import os
import sys
import traceback
from pathlib import Path

from model_store import Store
from tests.model_store.drafts import small_draft


def main(root: Path, num_publishers: int, num_rounds: int) -> int:
    ready, go = os.pipe()
    children = [start(number, root, num_rounds, ready, go) for number in range(num_publishers)]
    os.close(go)  # All children wait for this.
    return max(os.waitpid(child, 0)[1] for child in children)


def start(number: int, root: Path, num_rounds: int, ready: int, go: int) -> int:
    child = os.fork()
    if child == 0:
        try:
            os.close(go)
            os.read(ready, 1)
            publish(number, Store(root), num_rounds)
        except BaseException:  # the child must not return into the parent's code
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child


def publish(number: int, store: Store, num_rounds: int) -> None:
    for _ in range(num_rounds):
        version = store.publish(small_draft())
        os.write(sys.stdout.fileno(), f"{version}\n".encode())  # in one piece
        store.set_alias("reviews", f"publisher-{number}-of-{version}", version)


if __name__ == "__main__":
    raise SystemExit(1 if main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])) else 0)
