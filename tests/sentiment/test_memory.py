from pathlib import Path

import pytest

from sentiment import NetworkConfig
from sentiment.memory import classifier_bytes, memory_limit_bytes, resident_bytes
from tests.sentiment.test_cpus import machine

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, None),
        ({"proc/self/cgroup": "0::/docker/ab\n", "sys/fs/cgroup/memory.max": "1610612736\n"}, 1536 * MIB),
        (
            {
                "proc/self/cgroup": "0::/pods/box\n",
                "sys/fs/cgroup/pods/memory.max": "1048576\n",
                "sys/fs/cgroup/pods/box/memory.max": "2097152\n",
            },
            MIB,
        ),
        (
            {
                "proc/self/cgroup": "4:memory:/a\n0::/\n",
                "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "3145728\n",
            },
            3 * MIB,
        ),
        (
            {
                "proc/self/cgroup": "4:memory:/a\n",
                "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n",
            },
            None,
        ),
    ],
)
def test_the_limit_of_the_cgroups(tmp_path: Path, files: dict[str, str], expected: int | None) -> None:
    assert memory_limit_bytes(root=machine(tmp_path, files)) == expected


def test_what_this_process_occupies(tmp_path: Path) -> None:
    assert resident_bytes() > 10 * MIB
    assert resident_bytes(root=tmp_path) == 0


def test_the_table_is_most_of_a_classifier() -> None:
    network = NetworkConfig(vocabulary_size=30_002, num_labels=2, embedding_size=256, hidden_size=256)
    table = classifier_bytes(network, has_table=True) - classifier_bytes(network, has_table=False)
    assert table == 16 * 30_002 * 256 * 2
