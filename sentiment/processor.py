"""What this machine computes on, by name: scores are the same to the last bit only on the same processor."""

import platform
from pathlib import Path

__all__ = ["processor_name"]


def processor_name(device: str) -> str:
    """Return the name of the processor behind a device, "cpu" or "cuda"."""
    if device == "cuda":
        import torch  # noqa: PLC0415 - a caller with a GPU has it loaded already

        return torch.cuda.get_device_name()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
