"""Recurrent products in bfloat16."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sentiment import Engine, InvalidConfiguration, TokenizedReview
from sentiment.compiled import bfloat16_kernel
from sentiment.recurrence import Recurrence
from tests.sentiment.bfloat16 import HAS_BFLOAT16
from tests.sentiment.networks import network, trained_network

needs_amx = pytest.mark.skipif(not HAS_BFLOAT16, reason="the processor has no AMX")

# Two tiles of reviews and a part of one; tiles lose rows step by step.
REVIEWS = [[3 + (index * step) % 40 for step in range(1 + index)] for index in range(37)]


def review(ids: list[int]) -> TokenizedReview:
    """Return a tokenized review."""
    return TokenizedReview(ids=ids, num_tokens=len(ids), truncated=False, unknown_ratio=0.0)


@needs_amx
@pytest.mark.parametrize("hidden_size", [1, 15, 16, 17, 32, 40, 64, 200])
def test_scores_are_near_and_the_same_bits_in_batches_of_every_size(hidden_size: int) -> None:
    model = trained_network(hidden_size=hidden_size, pooling="concat", num_layers=2)
    runner = Recurrence(model, bfloat16_kernel())
    [together_BL] = runner.logits([REVIEWS])
    for size in (1, 2, 15, 16, 17, 33):
        parts = runner.logits([REVIEWS[start : start + size] for start in range(0, len(REVIEWS), size)])
        assert np.array_equal(np.concatenate(parts), together_BL)
    [exact_BL] = Recurrence(model).logits([REVIEWS])
    found_BL, expected_BL = (torch.from_numpy(each).softmax(-1) for each in (together_BL, exact_BL))
    assert torch.allclose(found_BL, expected_BL, rtol=0, atol=0.03)
    assert not torch.equal(found_BL, expected_BL)


@needs_amx
def test_states_that_bfloat16_can_hold_lose_nothing() -> None:
    model = network(hidden_size=40)
    with torch.no_grad():
        for name, parameter in model.layers.named_parameters():
            if "weight_hh" in name:
                parameter.zero_()
    found, exact = (Recurrence(model, kernel).logits([REVIEWS])[0] for kernel in (bfloat16_kernel(), None))
    assert np.allclose(found, exact, rtol=0, atol=1e-6)


@needs_amx
def test_a_number_that_is_none_is_not_hidden() -> None:
    model = network()
    with torch.no_grad():
        model.embedding.weight[7] = torch.nan
    [logits_BL] = Recurrence(model, bfloat16_kernel()).logits([[[3, 7, 4], [3, 5, 4]]])
    assert np.isnan(logits_BL[0]).all()
    assert np.isfinite(logits_BL[1]).all()


@needs_amx
def test_an_engine_says_what_it_computes_in() -> None:
    engine = Engine(network(hidden_size=256), device="cpu", precision="bfloat16")
    assert (engine.precision, engine.kernel) == ("bfloat16", "amx")
    plan = engine.plan([review(ids * 5) for ids in REVIEWS])
    assert engine.run(plan, parallel_directions=True) == engine.run(plan, parallel_directions=False)


def test_a_machine_that_cannot_is_told_what_it_can(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match=r"AMX.*float32"):
        bfloat16_kernel(tmp_path)


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(InvalidConfiguration, match="float16"):
        Engine(network(), device="cpu", precision="float16")
