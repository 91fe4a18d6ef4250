"""How many CPUs this process may really use.

Containers limit CPU time by a cgroup quota that neither `os.cpu_count` nor the affinity shows; more threads
than the quota allows would be stopped in the middle of a batch.
"""

import math
import os
from pathlib import Path

from sentiment.cgroups import cgroup_folders, read

__all__ = ["available_cpus", "cgroup_cpus"]


def available_cpus(*, root: Path = Path("/")) -> int:
    """Return the CPUs that this process may use: its affinity or its cgroup's limit, and at least 1."""
    limit = cgroup_cpus(root=root)
    usable = _affinity()
    return max(1, usable if limit is None else min(usable, math.floor(limit)))


def cgroup_cpus(*, root: Path = Path("/")) -> float | None:
    """Return the CPU limit of this process's cgroups (versions 1 and 2), in CPUs, or None without one.

    `root` is the folder that holds `proc` and `sys`.
    """
    limits = [limit for folder in cgroup_folders(root, "cpu") if (limit := _limit(folder)) is not None]
    return min(limits, default=None)


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _limit(folder: Path) -> float | None:
    version_2 = read(folder / "cpu.max").split()
    version_1 = [read(folder / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period")]
    for figures in (version_2, version_1):
        if len(figures) == 2 and figures[0].isdigit() and figures[1].isdigit():
            return int(figures[0]) / int(figures[1])
    return None
