"""Computing in 16 bits where that is faster, while the weights stay in 32 (Micikevicius et al. 2018)."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Precision"]


class Precision:
    """Runs the parts of a step: float16 on a GPU, with its loss scaled so that no gradient vanishes.

    A processor computes in bfloat16, which needs no scaling, if it has instructions for it, else in float32.
    """

    def __init__(self, device: torch.device, *, enabled: bool) -> None:
        self._device = device
        self._enabled = enabled and (device.type == "cuda" or has_bfloat16())
        self._dtype = torch.float16 if device.type == "cuda" else torch.bfloat16
        self._scaler = torch.amp.GradScaler(device.type, enabled=enabled and device.type == "cuda")

    def backward(self, term: Callable[[], Tensor]) -> float:
        """Compute a part of the loss, add its gradients to those of the weights, and return it."""
        with torch.autocast(self._device.type, self._dtype, enabled=self._enabled):
            loss = term()
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return loss.item()

    def step(
        self, optimiser: torch.optim.Optimizer, weights: Iterable[nn.Parameter], clip_norm: float | None
    ) -> None:
        """Clip the gradients of all parts together, and let the optimiser use them."""
        self._scaler.unscale_(optimiser)
        if clip_norm is not None:
            nn.utils.clip_grad_norm_(weights, clip_norm)
        self._scaler.step(optimiser)
        self._scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """Return what `load_state_dict` needs."""
        return self._scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with the loss scale of another run."""
        self._scaler.load_state_dict(state)


def has_bfloat16() -> bool:
    """Return whether the processor computes in bfloat16 itself; releases before 2.13 cannot tell, so no."""
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16"))
