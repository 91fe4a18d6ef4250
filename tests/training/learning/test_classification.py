"""The parts of the loss: labels, adversarial and virtual adversarial steps, entropy, unknown words."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from sentiment import NetworkConfig, SentimentLSTM
from sentiment.tokenizer import UNKNOWN_ID
from tests.training.learning.tiny_examples import VOCABULARY_SIZE, examples
from training.learning.classification import (
    Classification,
    adversarial_perturbation,
    entropy,
    kl_divergence,
    virtual_perturbation,
)
from training.learning.examples import Examples, TextStream, padded
from training.learning.trainer import Trainer
from training.recipe.tables import Fitting, Objective

CPU = torch.device("cpu")
FITTING = Fitting(epochs=4, batch_reviews=8, learning_rate=1e-2)


def network(seed: int = 3) -> SentimentLSTM:
    torch.manual_seed(seed)
    return SentimentLSTM(
        NetworkConfig(vocabulary_size=VOCABULARY_SIZE, num_labels=2, embedding_size=6, hidden_size=6)
    )


def task(objective: Objective) -> Classification:
    stream = TextStream(examples(40).reviews, 8, seed=1)
    return Classification(
        train=examples(), validation=examples(20), objective=objective, device=CPU, unlabelled=stream
    )


def losses(objective: Objective, indices: list[int]) -> list[float]:
    """The parts of one step's loss, each differentiated before the next is computed."""
    found = []
    for term in task(objective).terms(network(), indices, 0):
        loss = term().value
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        found.append(loss.item())
    return found


def trained(objective: Objective) -> Trainer[SentimentLSTM]:
    trainer = Trainer(network(), task(objective), FITTING, seed=1, device=CPU)
    trainer.run(lambda: None, lambda _: None)
    return trainer


def test_the_first_part_is_cross_entropy_with_what_the_teacher_says() -> None:
    soft = replace(examples(), targets_NL=torch.tensor([[0.3, 0.7]]).repeat(60, 1))
    batch = soft.batch([4, 9], step=0)
    [term] = replace(task(Objective()), train=soft).terms(network(), [4, 9], 0)
    logits_BL = network()(batch.texts.ids_TB, batch.texts.lengths_B)
    expected = -(logits_BL.log_softmax(-1) @ torch.tensor([0.3, 0.7])).mean()
    torch.testing.assert_close(term().value, expected)


def test_each_domain_has_the_same_weight_in_their_mean() -> None:
    subject = task(Objective())
    domains = {"most": range(15), "few": range(15, 20)}
    alone = [
        replace(subject, validation=part(subject.validation, indices)).validate(network())
        for indices in domains.values()
    ]
    together = replace(subject, domains=domains).validate(network())
    assert alone[0].accuracy != alone[1].accuracy
    assert together.domain_accuracy == pytest.approx((alone[0].accuracy + alone[1].accuracy) / 2)
    assert together.accuracy == pytest.approx((15 * alone[0].accuracy + 5 * alone[1].accuracy) / 20)
    assert subject.validate(network()) == replace(together, domain_accuracy=None)


def part(of: Examples, indices: Sequence[int]) -> Examples:
    return Examples([of.reviews[index] for index in indices], of.targets_NL[list(indices)])


def test_the_adversarial_perturbation_has_its_norm_and_raises_the_loss_most() -> None:
    model, batch = network(), examples().batch([0, 1, 2, 3], step=0)
    shift_TBE = torch.zeros(*batch.texts.ids_TB.shape, 6, requires_grad=True)

    def loss(shift: Tensor) -> Tensor:
        logits_BL = model(batch.texts.ids_TB, batch.texts.lengths_B, shift)
        return functional.cross_entropy(logits_BL, batch.targets_BL, reduction="none")

    loss(shift_TBE).mean().backward()  # type: ignore[no-untyped-call]
    step_TBE = adversarial_perturbation(shift_TBE.grad, 0.05)
    torch.testing.assert_close(step_TBE.square().sum((0, 2)).sqrt(), torch.full((4,), 0.05))
    attacked = loss(step_TBE)
    assert (attacked > loss(torch.zeros_like(step_TBE))).all()
    for noise_TBE in noises(step_TBE, 0.05):
        assert (loss(noise_TBE) < attacked).all()


def test_the_virtual_perturbation_has_its_norm_and_changes_the_answer_more_than_chance() -> None:
    torch.manual_seed(8)
    model = network()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(2)  # a network that reacts
    texts = padded([examples().reviews[index].ids for index in range(8)])
    logits_BL = model(texts.ids_TB, texts.lengths_B).detach()

    def change(shift: Tensor) -> float:
        return kl_divergence(logits_BL, model(texts.ids_TB, texts.lengths_B, shift)).item()

    step_TBE = virtual_perturbation(model, texts, logits_BL, 0.5)
    torch.testing.assert_close(step_TBE.square().sum((0, 2)).sqrt(), torch.full((8,), 0.5))
    inside_TB = torch.arange(step_TBE.size(0)).unsqueeze(1) < texts.lengths_B
    assert not step_TBE[~inside_TB].any()
    assert all(change(noise_TBE) < change(step_TBE) for noise_TBE in noises(step_TBE, 0.5))


def noises(like_TBE: Tensor, norm: float) -> list[Tensor]:
    found = [torch.randn_like(like_TBE) for _ in range(20)]
    return [norm * noise / noise.square().sum((0, 2), keepdim=True).sqrt() for noise in found]


def test_the_divergence_and_entropy_are_in_nats() -> None:
    sure, unsure = torch.tensor([[100.0, 0.0]]), torch.tensor([[0.0, 0.0]])
    assert entropy(unsure).item() == pytest.approx(0.6931, abs=1e-4)
    assert entropy(sure).item() == pytest.approx(0.0, abs=1e-4)
    assert kl_divergence(sure, unsure).item() == pytest.approx(0.6931, abs=1e-4)
    assert kl_divergence(unsure, unsure).item() == 0.0


def test_each_ingredient_adds_its_part_after_the_loss_on_labels() -> None:
    plain = losses(Objective(), [0, 1, 2])
    assert len(plain) == 1
    [supervised, attacked] = losses(Objective(adversarial_norm=1.0), [0, 1, 2])
    assert supervised == plain[0] < attacked
    [_, virtual] = losses(Objective(virtual_norm=1.0), [0, 1, 2])
    assert 0 < virtual < 0.1
    [_, undecided] = losses(Objective(entropy_weight=0.5), [0, 1, 2])
    assert undecided == pytest.approx(0.5 * 0.69, abs=0.02)
    assert len(losses(Objective(adversarial_norm=1.0, virtual_norm=1.0, entropy_weight=1.0), [0])) == 3


def test_without_texts_to_use_nothing_is_asked_of_them() -> None:
    without = replace(task(Objective(virtual_norm=1.0)), unlabelled=None)
    assert len(without.terms(network(), [0], 0)) == 1


@pytest.mark.parametrize(
    "objective",
    [Objective(adversarial_norm=1.0), Objective(virtual_norm=1.0), Objective(entropy_weight=1.0)],
)
def test_each_ingredient_changes_what_is_learned(objective: Objective) -> None:
    weights = [trained(each).best_network().output.weight for each in (Objective(), objective)]
    assert not torch.equal(*weights)


def test_entropy_makes_the_network_decide_on_texts_without_a_label() -> None:
    texts = padded([review.ids for review in examples(40).reviews])
    found = []
    for weight in (0.0, 1.0):
        model = trained(Objective(entropy_weight=weight)).best_network()
        found.append(entropy(model(texts.ids_TB, texts.lengths_B)).item())
    assert found[1] < found[0]


def test_word_dropout_turns_its_share_of_words_into_the_unknown_word() -> None:
    torch.manual_seed(1)
    subject = task(Objective(word_dropout=0.25))
    texts = padded([[5] * 400] * 10)
    turned = subject._with_unknown_words(texts).ids_TB == UNKNOWN_ID
    assert 0.2 < turned[:400].float().mean() < 0.3
    assert torch.equal(task(Objective())._with_unknown_words(texts).ids_TB, texts.ids_TB)


def test_word_dropout_takes_part_in_the_loss() -> None:
    assert losses(Objective(word_dropout=0.9), [0, 1]) != losses(Objective(), [0, 1])


def test_texts_without_a_label_come_in_another_order_each_epoch() -> None:
    reviews = examples(20).reviews
    stream = TextStream(reviews, 8, seed=1)
    epochs = [[stream.batch(step) for step in range(first, first + 3)] for first in (0, 3)]
    lengths = [[batch.lengths_B.tolist() for batch in epoch] for epoch in epochs]
    expected = sorted(len(review.ids) for review in reviews)
    assert [sorted(chain.from_iterable(epoch)) for epoch in lengths] == [expected] * 2
    assert lengths[0] != lengths[1]
    again = TextStream(reviews, 8, seed=1).batch(4)  # whatever was asked for before
    assert torch.equal(again.ids_TB, epochs[1][1].ids_TB)
