"""A network's weights as bytes, in the safetensors format: reading them cannot run code."""

from collections.abc import Callable

import safetensors
import safetensors.torch
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from sentiment.errors import InvalidWeights
from sentiment.network import SentimentLSTM
from sentiment.network_config import NetworkConfig, WeightPrecision

__all__ = ["network_from_bytes", "weights_to_bytes"]


def weights_to_bytes(network: SentimentLSTM, precision: WeightPrecision = "float16") -> bytes:
    """Return the weights; half precision takes half the space and moves a probability by about 1e-4."""
    dtype = {"float32": torch.float32, "float16": torch.float16}[precision]
    tensors = {name: tensor.detach().cpu().to(dtype) for name, tensor in network.state_dict().items()}
    return safetensors.torch.save({name: tensor.contiguous() for name, tensor in tensors.items()})


def network_from_bytes(config: NetworkConfig, weights: bytes) -> SentimentLSTM:
    """Return the network in float32 and evaluation mode.

    Raises InvalidWeights, naming the tensor, when the bytes are no safetensors file or do not fit `config`.
    """
    try:
        tensors = safetensors.torch.load(weights)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise InvalidWeights(f"not a safetensors file: {error}") from error
    with torch.device("meta"), _WithoutInitialWeights():
        network = SentimentLSTM(config)
    _check_fit(network.state_dict(), tensors)
    network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, assign=True)
    return network.eval().requires_grad_(False)


class _WithoutInitialWeights(TorchFunctionMode):
    """Skips initial weights: drawing them on "meta" would import PyTorch's compiler, 2 s and 90 MiB."""

    def __torch_function__(
        self,
        function: Callable[..., object],
        _types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        if getattr(function, "__module__", None) == "torch.nn.init":
            return None
        return function(*args, **(kwargs or {}))


def _check_fit(expected: dict[str, Tensor], found: dict[str, Tensor]) -> None:
    if missing := sorted(expected.keys() - found.keys()):
        raise InvalidWeights(f"the weights lack {', '.join(missing)}")
    if unknown := sorted(found.keys() - expected.keys()):
        raise InvalidWeights(f"the weights hold {', '.join(unknown)}, which the network does not have")
    for name, tensor in sorted(found.items()):
        if tensor.shape != expected[name].shape:
            wanted, given = list(expected[name].shape), list(tensor.shape)
            raise InvalidWeights(f"{name} has shape {given} where the network needs {wanted}")
        if not torch.isfinite(tensor).all():
            raise InvalidWeights(f"{name} holds values that are not finite")
