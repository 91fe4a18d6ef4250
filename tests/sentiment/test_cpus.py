import os
from pathlib import Path

import pytest

from sentiment.cpus import available_cpus, cgroup_cpus


def machine(root: Path, files: dict[str, str]) -> Path:
    """Write the files of a made-up machine."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
        # A container's own cgroup is the root of its mount, whatever the host calls it.
        ({"proc/self/cgroup": "0::/docker/ab12\n", "sys/fs/cgroup/cpu.max": "300000 100000\n"}, 3.0),
        # The lowest limit of the cgroups above it counts.
        (
            {
                "proc/self/cgroup": "0::/pods/one/box\n",
                "sys/fs/cgroup/pods/cpu.max": "800000 100000\n",
                "sys/fs/cgroup/pods/one/cpu.max": "200000 100000\n",
                "sys/fs/cgroup/pods/one/box/cpu.max": "max 100000\n",
            },
            2.0,
        ),
        (
            {
                "proc/self/cgroup": "5:cpuset:/a\n4:cpu,cpuacct:/a\n0::/\n",
                "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "50000\n",
                "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n",
            },
            0.5,
        ),
        (
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/a\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            None,
        ),
    ],
)
def test_limit_of_the_cgroup(tmp_path: Path, files: dict[str, str], expected: float | None) -> None:
    assert cgroup_cpus(root=machine(tmp_path, files)) == expected


def test_affinity_limits_where_the_cgroup_does_not(tmp_path: Path) -> None:
    assert available_cpus(root=tmp_path) == len(os.sched_getaffinity(0))


def test_affinity_of_one_cpu() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert available_cpus() == 1
    finally:
        os.sched_setaffinity(0, before)


def test_part_of_a_cpu_counts_as_one(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "20000 100000\n"}
    assert available_cpus(root=machine(tmp_path, files)) == 1
