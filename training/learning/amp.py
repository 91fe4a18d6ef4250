"""Automatic mixed precision: compute in 16 bits, keep weights in 32 (Micikevicius et al. 2018)."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["MixedPrecision", "has_bfloat16"]


class MixedPrecision:
    """Computes the parts of a step: on a GPU in float16, with a scaled loss, so that no gradient vanishes.

    A processor with instructions for bfloat16 uses it, without scaling; any other computes in float32.
    """

    def __init__(self, device: torch.device, *, enabled: bool) -> None:
        self._device = device
        self._enabled = enabled and (device.type == "cuda" or has_bfloat16())
        self._dtype = torch.float16 if device.type == "cuda" else torch.bfloat16
        self._scaler = torch.amp.GradScaler(device.type, enabled=enabled and device.type == "cuda")

    def backward(self, term: Callable[[], Tensor]) -> float:
        """Compute a part of the loss, add its gradients to those of the weights, and return its value."""
        with torch.autocast(self._device.type, self._dtype, enabled=self._enabled):
            loss = term()
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return loss.item()

    def step(
        self, optimiser: torch.optim.Optimizer, weights: Iterable[nn.Parameter], clip_norm: float | None
    ) -> None:
        """Clip the gradients of all parts together, and take a step of the optimiser."""
        self._scaler.unscale_(optimiser)
        if clip_norm is not None:
            nn.utils.clip_grad_norm_(weights, clip_norm)
        self._scaler.step(optimiser)
        self._scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """Return what `load_state_dict` needs."""
        return self._scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue with a saved loss scale."""
        self._scaler.load_state_dict(state)


def has_bfloat16() -> bool:
    """Return whether the processor has instructions for bfloat16; False with torch before 2.13."""
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16"))
