"""How much memory this process may use, and uses.

A process that its container stops for memory ends without a word, so what would not fit is refused before.
"""

import os
from pathlib import Path

from sentiment.cgroups import cgroup_folders, read
from sentiment.network_config import NetworkConfig

__all__ = ["classifier_bytes", "memory_limit_bytes", "resident_bytes"]

_UNLIMITED_BYTES = 1 << 60  # cgroups of version 1 write a number of this size where there is no limit
_FLOAT_BYTES = 4
_NUM_GATES = 4


def memory_limit_bytes(*, root: Path = Path("/")) -> int | None:
    """Return the lowest memory limit of this process's cgroups (versions 1 and 2), or None without one."""
    limits = [
        int(text)
        for folder in cgroup_folders(root, "memory")
        for name in ("memory.max", "memory.limit_in_bytes")
        if (text := read(folder / name).strip()).isdigit()
    ]
    return min((limit for limit in limits if limit < _UNLIMITED_BYTES), default=None)


def resident_bytes(*, root: Path = Path("/")) -> int:
    """Return the memory that this process occupies; 0 where the system does not say."""
    fields = read(root / "proc/self/statm").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if len(fields) > 1 else 0


def classifier_bytes(network: NetworkConfig, *, has_table: bool) -> int:
    """Return about how much memory a classifier takes: its weights twice, and on a CPU its look-up table.

    The weights are there as PyTorch has them, and once more as they are read and as the engine lays them out.
    """
    num_directions = 2 if network.bidirectional else 1
    table = network.vocabulary_size * network.hidden_size * num_directions * _NUM_GATES
    embedding = network.vocabulary_size * network.embedding_size
    outputs = network.hidden_size * num_directions
    above = (network.num_layers - 1) * outputs
    recurrent = num_directions * _NUM_GATES * network.hidden_size
    steps = recurrent * (network.embedding_size + above + network.num_layers * network.hidden_size)
    return _FLOAT_BYTES * (2 * (embedding + steps) + (table if has_table else 0))
