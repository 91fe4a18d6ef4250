"""Publish, point aliases and remove versions, in processes that are killed at a later moment each time.

Run as a program with an empty folder. It leaves one store for each kill, under `fresh`, `second`, `alias`
and `removed`, next to stores of processes that finished. Processes are forked, so that PyTorch is imported
once.
"""

import os
import shutil
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import model_store
from model_store import Reason, Store
from tests.model_store.drafts import small_draft

# The modules that touch files; kills between lines of other modules would repeat the same cases.
_WATCHED = {
    str(Path(model_store.__file__).parent / f"{name}.py")
    for name in ("aliases", "files", "history", "publisher", "removal")
}

_AT_ONCE = 16  # Most of a publisher's time is waiting for the disk.


def main(folder: Path) -> None:
    first = folder / "template"
    store = Store(first)
    store.publish(small_draft())
    store.set_alias("reviews", "production", 1)
    kill_at_every_moment(folder / "fresh", None, publish)
    kill_at_every_moment(folder / "second", first, publish)
    store.publish(small_draft())
    kill_at_every_moment(folder / "alias", first, point_alias)
    kill_at_every_moment(folder / "removed", first, remove)


def publish(root: Path) -> None:
    Store(root).publish(small_draft())


def point_alias(root: Path) -> None:
    Store(root).set_alias("reviews", "production", 2)


def remove(root: Path) -> None:
    Store(root).remove("reviews", 2, Reason(action="remove"))


def kill_at_every_moment(folder: Path, template: Path | None, action: Callable[[Path], None]) -> None:
    for first in count(1, _AT_ONCE):
        children = [
            start(moment, template, folder / f"{moment:04d}", action)
            for moment in range(first, first + _AT_ONCE)
        ]
        statuses = [os.waitpid(child, 0)[1] for child in children]
        codes = {os.WEXITSTATUS(status) for status in statuses if os.WIFEXITED(status)}
        if codes == {0}:
            return
        if codes:
            raise SystemExit(f"{action.__name__} failed")


def start(moment: int, template: Path | None, root: Path, action: Callable[[Path], None]) -> int:
    """Run an action on a store in a child process that dies at the given moment; return the child's id."""
    if template is not None:
        shutil.copytree(template, root)
    child = os.fork()
    if child == 0:
        try:
            sys.settrace(killer(moment))
            action(root)
        except BaseException:  # the child must not return into the parent's code
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child


def killer(moment: int) -> Callable[[FrameType, str, Any], Any]:
    """Return a trace function that kills its process at the given moment.

    A moment is before a line of the watched modules; of loops, the first two rounds count.
    """
    moments = count(1)
    rounds: Counter[tuple[CodeType, int, int | None]] = Counter()

    def trace(frame: FrameType, event: str, _: object) -> Any:  # noqa: ANN401  # as sys.settrace wants it
        if frame.f_code.co_filename not in _WATCHED:
            return None
        caller = frame.f_back.f_lineno if frame.f_back else None
        location = (frame.f_code, frame.f_lineno, caller)
        rounds[location] += event == "line"
        if event == "line" and rounds[location] <= 2 and next(moments) == moment:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


if __name__ == "__main__":
    main(Path(sys.argv[1]))
