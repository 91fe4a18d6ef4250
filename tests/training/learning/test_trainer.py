"""The trainer: the same seed, an interruption, early stopping, schedule and average."""

import dataclasses
from collections.abc import Mapping, Sequence

import pytest
import torch

from sentiment import NetworkConfig, SentimentLSTM
from tests.training.learning.tiny_examples import VOCABULARY_SIZE, examples
from training.errors import InvalidCheckpoint
from training.learning.classification import Classification
from training.learning.ema import ema_decay, new_ema
from training.learning.examples import shuffled_batches
from training.learning.schedule import learning_rate_factor, rate_factors
from training.learning.trainer import EpochMetrics, Progress, Trainer
from training.recipe.tables import Fitting, Objective, Selection

FITTING = Fitting(
    epochs=3,
    batch_reviews=8,
    learning_rate=1e-2,
    schedule="linear",
    warmup_ratio=0.2,
    clip_norm=1.0,
    ema_decay=0.9,
)


class Stopped(Exception):
    pass


def trainer(
    fitting: Fitting = FITTING,
    *,
    seed: int = 1,
    hidden_size: int = 8,
    objective: Objective | None = None,
    domains: Mapping[str, Sequence[int]] | None = None,
    selection: Selection = "reviews",
) -> Trainer[SentimentLSTM]:
    torch.manual_seed(seed)
    config = NetworkConfig(
        vocabulary_size=VOCABULARY_SIZE,
        num_labels=2,
        embedding_size=8,
        hidden_size=hidden_size,
        input_dropout=0.2,
        recurrent_dropout=0.2,
        output_dropout=0.2,
    )
    device = torch.device("cpu")
    task = Classification(
        train=examples(),
        validation=examples(20),
        objective=objective or Objective(),
        device=device,
        domains=domains or {},
    )
    return Trainer(SentimentLSTM(config), task, fitting, seed=seed, device=device, selection=selection)


def run(subject: Trainer[SentimentLSTM], *, stop_after: int | None = None) -> list[float]:
    """Train to the end or for a number of steps, and return the loss of each step."""
    losses: list[float] = []

    def after_step() -> None:
        losses.append(subject.progress.step_losses[-1])
        if len(losses) == stop_after:
            raise Stopped

    def after_epoch(figures: EpochMetrics) -> None:
        pass

    if stop_after is None:
        subject.run(after_step, after_epoch)
    else:
        with pytest.raises(Stopped):
            subject.run(after_step, after_epoch)
    return losses


def test_it_learns() -> None:
    subject = trainer(dataclasses.replace(FITTING, epochs=12))
    losses = run(subject)
    assert sum(losses[-8:]) < 0.5 * sum(losses[:8])
    assert subject.progress.best is not None
    assert subject.progress.best.validation_accuracy > 0.9


def test_the_same_seed_gives_the_same_loss_curve() -> None:
    assert run(trainer(seed=1)) == run(trainer(seed=1))
    assert run(trainer(seed=1)) != run(trainer(seed=2))


@pytest.mark.parametrize("num_steps", [1, 7, 8, 9, 16, 23])
def test_a_resumed_run_ends_as_an_uninterrupted_one(num_steps: int) -> None:
    whole = trainer()
    expected = run(whole)
    stopped = trainer()
    losses = run(stopped, stop_after=num_steps)
    state = stopped.state()
    resumed = trainer()
    resumed.restore(state)
    assert losses + run(resumed) == expected
    assert resumed.progress == whole.progress
    assert resumed.progress.step_losses == expected
    for name, weight in whole.best_network().state_dict().items():
        assert torch.equal(weight, resumed.best_network().state_dict()[name]), name


def test_the_state_of_another_network_is_refused() -> None:
    with pytest.raises(InvalidCheckpoint):
        trainer(hidden_size=4).restore(trainer().state())
    with pytest.raises(InvalidCheckpoint):
        trainer().restore({})


def test_the_state_of_a_release_that_kept_one_epoch_of_losses_is_refused_by_name() -> None:
    state = trainer().state()
    state["progress"]["epoch_losses"] = state["progress"].pop("step_losses")
    with pytest.raises(InvalidCheckpoint, match="has no 'step_losses': another release wrote it"):
        trainer().restore(state)


def test_the_losses_of_all_epochs_are_kept_and_those_of_this_one_are_their_end() -> None:
    subject = trainer()
    losses = run(subject, stop_after=11)  # of 8 a full epoch
    assert subject.progress.step_losses == losses
    assert subject.progress.epoch_losses == losses[8:]
    assert subject.progress.history[0].train_loss == sum(losses[:8]) / 8


@pytest.mark.parametrize(("losses", "expected"), [([1.0, 0.4, 0.1, 0.5], 2), ([1.0, 0.5, 0.1, 0.4], 4)])
def test_the_most_accurate_epoch_is_kept_and_of_equal_ones_that_with_the_lowest_loss(
    losses: list[float], expected: int
) -> None:
    accuracies = [0.5, 0.8, 0.7, 0.8]
    history = [
        EpochMetrics(epoch, 1.0, loss, accuracy)
        for epoch, (loss, accuracy) in enumerate(zip(losses, accuracies, strict=True), start=1)
    ]
    best = Progress(history=history).best
    assert best is not None
    assert best.epoch == expected


HISTORY = [
    EpochMetrics(1, 1.0, 0.5, 0.9, 0.6),
    EpochMetrics(2, 1.0, 0.5, 0.8, 0.7),
    EpochMetrics(3, 1.0, 0.4, 0.7, 0.7),
]


@pytest.mark.parametrize(("selection", "expected"), [("reviews", 1), ("domains", 3)])
def test_the_best_epoch_is_chosen_by_reviews_or_by_domains(selection: Selection, expected: int) -> None:
    best = Progress(history=HISTORY, selection=selection).best
    assert best is not None
    assert best.epoch == expected


def test_without_domains_the_accuracy_on_all_reviews_chooses() -> None:
    history = [EpochMetrics(1, 1.0, 0.5, 0.9), EpochMetrics(2, 1.0, 0.5, 0.8)]
    assert Progress(history=history, selection="domains").best is history[0]


def test_an_epoch_says_both_accuracies() -> None:
    assert str(HISTORY[0]).endswith("validation accuracy 90.00%, mean over domains 60.00%")
    assert str(EpochMetrics(1, 1.0, 0.5, 0.9)).endswith("validation accuracy 90.00%")


def test_early_stopping_and_weights_follow_the_domains() -> None:
    domains = {"first": range(19), "last": [19]}
    fitting = dataclasses.replace(FITTING, epochs=9, patience_epochs=1)
    subject = trainer(fitting, selection="domains", domains=domains)
    run(subject)
    accuracies = [epoch.domain_accuracy or 0.0 for epoch in subject.progress.history]
    best = subject.progress.best
    assert best is not None
    assert best.domain_accuracy == max(accuracies)
    assert subject.progress.epoch == min(best.epoch + 1, 9)


def test_a_state_without_domains_is_restored() -> None:
    before = trainer()
    run(before, stop_after=10)
    state = before.state()
    del state["progress"]["selection"]
    for epoch in state["progress"]["history"]:
        del epoch["domain_accuracy"]
    after = trainer()
    after.restore(state)
    assert after.progress == before.progress


def test_it_stops_when_validation_no_longer_improves() -> None:
    fitting = dataclasses.replace(FITTING, epochs=50, patience_epochs=2, learning_rate=1e-12)
    subject = trainer(fitting)
    run(subject)
    best = subject.progress.best
    assert best is not None
    assert subject.progress.epoch == best.epoch + 2 < 50


def test_each_epoch_meets_every_review_once_in_another_order() -> None:
    lengths = [index % 13 for index in range(100)]
    first = shuffled_batches(lengths, 8, seed=1, epoch=0)
    assert sorted(index for batch in first for index in batch) == list(range(100))
    assert first == shuffled_batches(lengths, 8, seed=1, epoch=0)
    assert first != shuffled_batches(lengths, 8, seed=1, epoch=1)
    assert first != shuffled_batches(lengths, 8, seed=2, epoch=0)
    assert all(
        max(lengths[index] for index in batch) - min(lengths[index] for index in batch) <= 2
        for batch in first
    )


def test_a_shorter_epoch_takes_its_steps_on_texts_drawn_anew() -> None:
    steady = dataclasses.replace(FITTING, schedule="constant", warmup_ratio=0.0)
    whole = trainer(steady)
    run(whole)
    short = trainer(dataclasses.replace(steady, epoch_steps=3))  # It seeds the process anew.
    run(short)
    assert (short.progress.epoch, short.progress.num_steps, short.num_steps) == (3, 9, 9)
    losses, all_losses = short.progress.step_losses, whole.progress.step_losses
    assert losses[:3] == all_losses[:3]
    assert losses[3] != all_losses[3]


def test_an_epoch_has_no_more_steps_than_batches() -> None:
    assert trainer(dataclasses.replace(FITTING, epoch_steps=1_000)).num_steps == trainer().num_steps == 24


def test_the_rate_rises_in_the_warm_up_and_falls_to_zero() -> None:
    factor = learning_rate_factor(
        dataclasses.replace(FITTING, epochs=2, warmup_ratio=0.2), steps_per_epoch=10
    )
    factors = [factor(step) for step in range(21)]
    assert factors[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert factors[4:] == sorted(factors[4:], reverse=True)
    assert factors[20] == 0.0


def test_each_layer_has_a_lower_rate_than_the_one_above_and_waits_until_it_is_unfrozen() -> None:
    fitting = Fitting(epochs=4, layer_decay=0.5, unfreeze_epochs=1)
    output, layer, embedding = rate_factors(fitting, steps_per_epoch=10, num_groups=3)
    assert {output(step) for step in range(40)} == {1.0}
    assert [layer(step) for step in (0, 9, 10, 39)] == [0.0, 0.0, 0.5, 0.5]
    assert [embedding(step) for step in (0, 19, 20, 39)] == [0.0, 0.0, 0.25, 0.25]


def test_a_frozen_layer_keeps_its_weights() -> None:
    subject = trainer(Fitting(epochs=2, batch_reviews=8, unfreeze_epochs=1, weight_decay=0.1))
    start = {name: weight.clone() for name, weight in subject.state()["network"].items()}
    run(subject, stop_after=8)
    now = subject.state()["network"]
    moved = {name for name, weight in now.items() if not torch.equal(weight, start[name])}
    assert moved == {"output.weight", "output.bias"}
    run(subject)
    assert not torch.equal(now["layers.0.ahead.weight_hh_l0"], start["layers.0.ahead.weight_hh_l0"])


def test_a_run_in_mixed_precision_continues_as_if_it_had_not_stopped() -> None:
    fitting = dataclasses.replace(FITTING, mixed_precision=True)
    whole = trainer(fitting)
    expected = run(whole)
    stopped = trainer(fitting)
    losses = run(stopped, stop_after=11)
    state = stopped.state()
    resumed = trainer(fitting)
    resumed.restore(state)
    assert losses + run(resumed) == expected
    assert expected == pytest.approx(run(trainer()), abs=0.05)


def test_a_constant_rate_stays() -> None:
    factor = learning_rate_factor(Fitting(epochs=2), steps_per_epoch=10)
    assert {factor(step) for step in range(20)} == {1.0}


def test_an_exponential_rate_falls_by_its_ratio_from_epoch_to_epoch() -> None:
    fitting = Fitting(epochs=3, schedule="exponential", decay_ratio=0.25, warmup_ratio=0.1)
    factor = learning_rate_factor(fitting, steps_per_epoch=10)  # 3 of 30 steps warm up
    factors = [factor(step) for step in range(30)]
    assert factors[2:4] == [1.0, 1.0]
    assert factors[8] == pytest.approx(0.5)
    assert [factors[13], factors[23]] == pytest.approx([0.25, 0.0625])
    assert factors[3:] == sorted(factors[3:], reverse=True)


def test_weight_decay_shrinks_weights_whatever_their_gradients() -> None:
    # The rate and the decay multiply to a loss of a tenth a step; the steps of Adam itself are far smaller.
    fitting = Fitting(epochs=1, batch_reviews=8, learning_rate=1e-6, weight_decay=1e5)
    subject = trainer(fitting)
    start = subject.state()["network"]["output.weight"].clone()
    run(subject, stop_after=2)
    torch.testing.assert_close(subject.state()["network"]["output.weight"], 0.81 * start, rtol=0, atol=1e-5)


def test_the_average_follows_the_weights_by_its_decay() -> None:
    network = SentimentLSTM(NetworkConfig(vocabulary_size=5, num_labels=2, embedding_size=2, hidden_size=2))
    average = new_ema(network, 0.75)
    assert average is not None
    average.update_parameters(network)  # the first one copies
    before = network.output.bias.detach().clone()
    with torch.no_grad():
        network.output.bias.add_(4.0)
    average.update_parameters(network)
    averaged = average.module
    assert isinstance(averaged, SentimentLSTM)
    torch.testing.assert_close(averaged.output.bias.detach(), before + 1.0)


def test_gradients_are_clipped() -> None:
    # Adam is blind to the scale of gradients but for its epsilon, so a clipped first step is far smaller.
    clipped, free = (
        trainer(dataclasses.replace(FITTING, clip_norm=norm, warmup_ratio=0.0)) for norm in (1e-12, None)
    )
    start = trainer().state()["network"]["output.weight"].clone()
    moves = []
    for subject in (clipped, free):
        run(subject, stop_after=1)
        moves.append((subject.state()["network"]["output.weight"] - start).abs().max().item())
    assert moves[0] < 0.01 * moves[1]


@pytest.mark.parametrize(
    ("num_steps", "expected"), [(4062, 0.998), (2500, 0.998), (1000, 0.995), (50, 0.9), (5, 0.0), (1, 0.0)]
)
def test_the_average_spans_at_most_a_fifth_of_a_run(num_steps: int, expected: float) -> None:
    fitting = Fitting(epochs=1, ema_decay=0.998)
    assert ema_decay(fitting, num_steps) == pytest.approx(expected)
    assert ema_decay(Fitting(epochs=1), num_steps) is None
