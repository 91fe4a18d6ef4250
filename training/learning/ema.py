"""The exponential moving average (EMA) of a network's weights, which is validated and published."""

from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training.recipe.tables import Fitting

__all__ = ["ema_decay", "new_ema"]

_MIN_SPANS = 5
"""A run is at least this number of spans of its average long."""


def ema_decay(fitting: Fitting, steps_per_epoch: int) -> float | None:
    """Return the decay of the average: the recipe's, or less in a short run, in which it would lag.

    An average with decay d spans about 1 / (1 - d) steps. If it spanned more than a fifth of a run, it would
    still be half the random weights that the run began with.
    """
    if fitting.ema_decay is None:
        return None
    num_steps = fitting.epochs * steps_per_epoch
    return min(fitting.ema_decay, max(0.0, 1 - _MIN_SPANS / num_steps))


def new_ema(network: nn.Module, decay: float | None) -> AveragedModel | None:
    """Return the average of a network's weights (Polyak & Juditsky 1992); None for no decay."""
    if decay is None:
        return None
    average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    return AveragedModel(network, multi_avg_fn=average)
