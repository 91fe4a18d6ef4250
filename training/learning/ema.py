"""The moving average of a network's weights, which is what is validated and served."""

from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training.recipe.tables import Fitting

__all__ = ["average_decay", "new_average"]

_LEAST_SPANS = 5
"""A run is at least so many spans of its moving average long."""


def average_decay(fitting: Fitting, steps_per_epoch: int) -> float | None:
    """Return the decay of the moving average: the recipe's, or less in a run so short that it would lag.

    An average with decay d spans about 1 / (1 - d) steps. One that spans more than a fifth of a run would
    serve weights that are still half the random ones it began with.
    """
    if fitting.ema_decay is None:
        return None
    num_steps = fitting.epochs * steps_per_epoch
    return min(fitting.ema_decay, max(0.0, 1 - _LEAST_SPANS / num_steps))


def new_average(network: nn.Module, decay: float | None) -> AveragedModel | None:
    """Return the exponential moving average of a network's weights (Polyak & Juditsky 1992), if wanted."""
    if decay is None:
        return None
    average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    return AveragedModel(network, multi_avg_fn=average)
