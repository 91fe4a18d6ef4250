import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.capture.part_folder import MAX_PART_SECONDS, PartFolder, UnsafeFolder
from tests.scale import scaled

DAY_SECONDS = 86_400.0
ROOT = Path(__file__).parents[3]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = time.time()  # since files carry the time of the system

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., PartFolder]]:
    """Yield a function that opens the folder of the test as another process would."""
    folders = []

    def open_folder(max_bytes: int = 1_000_000, max_days: int = 30) -> PartFolder:
        folders.append(PartFolder(tmp_path / "captured", max_bytes=max_bytes, max_days=max_days, clock=clock))
        return folders[-1]

    yield open_folder
    for folder in folders:
        folder.close_part()


def content(tmp_path: Path, pattern: str = "*") -> bytes:
    return b"".join(path.read_bytes() for path in sorted((tmp_path / "captured").glob(pattern)))


def test_only_the_owner_can_read(opened: Callable[..., PartFolder], tmp_path: Path) -> None:
    parts = opened()
    parts.append(b"{}\n")
    modes = [
        stat.S_IMODE(path.stat().st_mode) for path in [tmp_path / "captured", *tmp_path.glob("captured/*")]
    ]
    assert modes == [0o700, 0o600]


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o777])
def test_a_folder_that_others_can_read_is_refused(
    opened: Callable[..., PartFolder], tmp_path: Path, mode: int
) -> None:
    (tmp_path / "captured").mkdir(mode=0o700)
    (tmp_path / "captured").chmod(mode)
    with pytest.raises(UnsafeFolder, match="chmod 700"):
        opened()


def test_what_is_no_folder_is_refused(opened: Callable[..., PartFolder], tmp_path: Path) -> None:
    (tmp_path / "captured").write_bytes(b"")
    with pytest.raises(UnsafeFolder, match="cannot be used"):
        opened()


def test_a_part_is_there_for_readers_when_it_is_closed(
    opened: Callable[..., PartFolder], tmp_path: Path
) -> None:
    parts = opened()
    parts.append(b"1\n")
    assert content(tmp_path, "*.jsonl") == b""
    parts.close_part()
    assert content(tmp_path, "*.jsonl") == b"1\n"
    parts.append(b"2\n")
    parts.close_part()
    assert len(list((tmp_path / "captured").iterdir())) == 2


def test_an_old_part_is_closed(opened: Callable[..., PartFolder], tmp_path: Path, clock: Clock) -> None:
    parts = opened()
    parts.append(b"1\n")
    parts.tick()
    assert content(tmp_path, "*.jsonl") == b""
    clock.seconds += MAX_PART_SECONDS
    parts.tick()
    assert content(tmp_path, "*.jsonl") == b"1\n"


@pytest.mark.soak
def test_all_parts_together_fit(opened: Callable[..., PartFolder], tmp_path: Path, clock: Clock) -> None:
    parts = opened(max_bytes=10_000)
    for number in range(scaled(100_000)):
        clock.seconds += 1
        parts.append(b"%08d\n" % number)
        assert len(content(tmp_path)) <= 10_000
    parts.close_part()
    kept = content(tmp_path, "*.jsonl").split()
    assert kept == [b"%08d" % number for number in range(scaled(100_000))][-len(kept) :]
    assert len(kept) > 600


def test_what_is_too_old_is_removed(opened: Callable[..., PartFolder], tmp_path: Path, clock: Clock) -> None:
    parts = opened(max_days=2)
    parts.append(b"1\n")
    parts.close_part()
    (path,) = (tmp_path / "captured").iterdir()
    os.utime(path, (clock.seconds, clock.seconds))
    clock.seconds += 2 * DAY_SECONDS
    parts.tick()
    assert content(tmp_path) == b"1\n"
    clock.seconds += 1
    parts.tick()
    assert content(tmp_path) == b""


def test_a_part_of_a_process_that_was_killed_is_closed_by_the_next(
    opened: Callable[..., PartFolder], tmp_path: Path
) -> None:
    program = f"""
import os, signal
from pathlib import Path
from service.capture.part_folder import PartFolder
parts = PartFolder(Path({str(tmp_path / "captured")!r}), max_bytes=1000, max_days=1)
parts.append(b"whole\\ncut sho")
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    opened()
    assert content(tmp_path, "*.jsonl") == content(tmp_path) == b"whole\n"


def test_a_part_that_another_process_writes_is_left_alone(
    opened: Callable[..., PartFolder], tmp_path: Path
) -> None:
    writing = opened()
    writing.append(b"1\n")
    opened()
    assert content(tmp_path, "*.jsonl") == b""
    writing.close_part()
    assert content(tmp_path, "*.jsonl") == b"1\n"


def test_lines_that_do_not_fit_on_the_disk_are_not_half_kept(
    opened: Callable[..., PartFolder], tmp_path: Path
) -> None:
    import resource  # noqa: PLC0415 - a limit stands for a full disk
    import signal  # noqa: PLC0415

    parts = opened()
    parts.append(b"1\n")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            parts.append(b"x" * 1000 + b"\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    parts.append(b"2\n")
    parts.close_part()
    assert content(tmp_path) == b"1\n2\n"
