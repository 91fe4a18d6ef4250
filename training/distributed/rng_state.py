"""The states of the random number generators that training uses; each process has its own."""

from collections.abc import Mapping
from typing import Any

import torch

from training.distributed.processes import from_each, is_first, rank

__all__ = ["random_states", "restore_random_states", "seed_process"]


def seed_process(seed: int) -> None:
    """Seed this process; the first process draws the same numbers as a single one."""
    torch.manual_seed(seed + rank())


def random_states(device: torch.device) -> dict[str, Any]:
    """Return the states of all processes, for the first one to save. All must call it together."""
    own = torch.get_rng_state(), torch.cuda.get_rng_state() if device.type == "cuda" else None
    return {
        "random_state": torch.get_rng_state(),
        "cuda_random_states": torch.cuda.get_rng_state_all() if device.type == "cuda" else [],
        "other_random_states": from_each(own)[1:],
    }


def restore_random_states(state: Mapping[str, Any], *, seed: int) -> None:
    """Continue from saved states; a process that was not there when they were saved begins with the seed."""
    if is_first():
        torch.set_rng_state(state["random_state"])
        if state["cuda_random_states"]:
            torch.cuda.set_rng_state_all(state["cuda_random_states"])
        return
    others = state.get("other_random_states", [])  # releases for one process have none
    if len(others) < rank():
        seed_process(seed)
        return
    on_cpu, on_gpu = others[rank() - 1]
    torch.set_rng_state(on_cpu)
    if on_gpu is not None:
        torch.cuda.set_rng_state(on_gpu)
