"""Learning rates over a run: for each group of weights, a function from a step to a factor."""

from collections.abc import Callable

from training.recipe.tables import Fitting

__all__ = ["learning_rate_factor", "rate_factors"]


def rate_factors(fitting: Fitting, steps_per_epoch: int, num_groups: int) -> list[Callable[[int], float]]:
    """Return for each group of weights, from the output down, the factor of its rate at a step."""
    factor = learning_rate_factor(fitting, steps_per_epoch)

    def of_group(group: int) -> Callable[[int], float]:
        first_step = group * fitting.unfreeze_epochs * steps_per_epoch
        return lambda step: 0.0 if step < first_step else fitting.layer_decay**group * factor(step)

    return [of_group(group) for group in range(num_groups)]


def learning_rate_factor(fitting: Fitting, steps_per_epoch: int) -> Callable[[int], float]:
    """Return the function from a step to the factor of the rate, 0 to 1."""
    num_steps = fitting.epochs * steps_per_epoch
    num_warmup_steps = round(fitting.warmup_ratio * num_steps)

    def factor(step: int) -> float:
        if step < num_warmup_steps:
            return (step + 1) / num_warmup_steps
        if fitting.schedule == "constant":
            return 1.0
        if fitting.schedule == "exponential":
            return float(fitting.decay_ratio ** ((step - num_warmup_steps) / steps_per_epoch))
        return max(0.0, (num_steps - step) / (num_steps - num_warmup_steps))

    return factor
