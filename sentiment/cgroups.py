"""The cgroups of this process, versions 1 and 2: where containers limit it."""

from collections.abc import Iterator
from pathlib import Path

__all__ = ["cgroup_folders", "read"]


def cgroup_folders(root: Path, controller: str) -> Iterator[Path]:
    """Yield each folder that may hold a limit of a controller: this process's cgroup and those above it.

    In a container, the cgroup's path may be that of the host, which is not mounted; the mount's own root is
    then the container's cgroup.
    """
    mount = root / "sys/fs/cgroup"
    for line in read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            hierarchy = mount
        elif controller in controllers.split(","):
            hierarchy = mount / controller
        else:
            continue
        folder = hierarchy / path.lstrip("/")
        yield folder
        yield from (parent for parent in folder.parents if parent.is_relative_to(hierarchy))


def read(path: Path) -> str:
    """Return the text of a file, and nothing for one that cannot be read."""
    try:
        return path.read_text(encoding="ascii")
    except OSError:  # not mounted, not a Linux system
        return ""
