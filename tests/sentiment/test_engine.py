import subprocess
import sys
from collections.abc import Sequence
from copy import deepcopy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment import Engine, InvalidConfiguration, TokenizedReview
from tests.scale import scaled
from tests.sentiment.networks import POOLINGS, SHAPES, VOCABULARY_SIZE, network, padded

ENGINES = {
    (pooling, shape): Engine(
        network(pooling=pooling, num_layers=shape[0], bidirectional=shape[1]), temperature=0.7, device="cpu"
    )
    for pooling in POOLINGS
    for shape in SHAPES
}
IDS = st.lists(st.integers(1, VOCABULARY_SIZE - 1), min_size=1, max_size=70)


def tokenized(ids: Sequence[int]) -> TokenizedReview:
    return TokenizedReview(ids=list(ids), num_tokens=len(ids), truncated=False, unknown_ratio=0.0)


@pytest.mark.soak
@settings(max_examples=scaled(6000), deadline=None)
@given(
    kind=st.sampled_from(sorted(ENGINES)),
    reviews=st.lists(IDS, min_size=1, max_size=12),
    data=st.data(),
)
def test_a_review_has_the_same_probabilities_alone_and_in_any_batch(
    kind: tuple[str, tuple[int, bool]], reviews: list[list[int]], data: st.DataObject
) -> None:
    engine = ENGINES[kind]
    together = engine.probabilities([tokenized(ids) for ids in reviews])
    index = data.draw(st.integers(0, len(reviews) - 1))
    [alone] = engine.probabilities([tokenized(reviews[index])])
    assert together[index] == alone  # to the last bit


def test_a_long_batch_of_a_larger_network_changes_no_bit_either() -> None:
    engine = Engine(network(embedding_size=64, hidden_size=64, pooling="concat"), device="cpu")
    generator = torch.Generator().manual_seed(3)
    lengths = [1, 2, 31, 32, 33, 64, 200, 399, 400, 400, *range(5, 100, 9)]
    reviews = [
        tokenized(torch.randint(1, VOCABULARY_SIZE, (length,), generator=generator).tolist())
        for length in lengths
    ]
    together = engine.probabilities(reviews)
    for review, row in zip(reviews, together, strict=True):
        assert row == engine.probabilities([review])[0]


def test_probabilities_are_the_softmax_of_logits_over_temperature() -> None:
    model = network()
    [row] = Engine(model, temperature=2.0, device="cpu").probabilities([tokenized([3, 4, 5])])
    expected = (model(*padded([[3, 4, 5]])) / 2.0).softmax(-1)[0]
    assert row == pytest.approx(expected.tolist(), abs=1e-6)
    assert sum(row) == pytest.approx(1.0, abs=1e-12)


def test_with_a_slope_the_temperature_depends_on_length() -> None:
    model = network()
    ids = [[3, 4, 5], [3] * 40, [4]]
    engine = Engine(model, temperature=2.0, temperature_slope=0.5, device="cpu")
    rows = engine.probabilities([tokenized(each) for each in ids])
    for each, row in zip(ids, rows, strict=True):
        temperature = 2.0 * (len(each) / 100) ** 0.5
        expected = (model(*padded([each])) / temperature).softmax(-1)[0]
        assert row == pytest.approx(expected.tolist(), abs=1e-6)


@pytest.mark.parametrize("slope", [-1.1, 1.1, float("nan")])
def test_a_slope_out_of_range_is_refused(slope: float) -> None:
    with pytest.raises(InvalidConfiguration, match="temperature_slope"):
        Engine(network(), temperature_slope=slope)


def test_no_reviews_give_no_rows() -> None:
    assert ENGINES["max", (1, True)].probabilities([]) == []


def test_a_padding_free_engine_computes_no_more_than_there_is() -> None:
    engine = ENGINES["max", (1, True)]
    assert engine.plan([tokenized([3] * length) for length in (33, 400, 1)]).num_padded_tokens == 434
    assert not engine.pads


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory like this")
def test_too_large_a_batch_for_the_memory_fails_and_a_smaller_one_still_runs() -> None:
    command = [sys.executable, "-m", "tests.sentiment.cramped"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["OutOfMemory", "answered"]


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_temperature_is_refused(temperature: float) -> None:
    with pytest.raises(InvalidConfiguration, match="temperature"):
        Engine(network(), temperature=temperature)


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(InvalidConfiguration, match="device"):
        Engine(network(), device="tpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_said_to_be_missing() -> None:
    with pytest.raises(InvalidConfiguration, match="no usable GPU"):
        Engine(network(), device="cuda")


@pytest.mark.gpu
def test_a_gpu_gives_the_probabilities_of_the_cpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    model = network(embedding_size=128, hidden_size=128)
    # Enough for several batches to be under way at once.
    reviews = [tokenized([3, 4, 5] * length) for length in (1, 20, 100, *range(2, 130))]
    on_gpu = Engine(deepcopy(model), device="cuda").probabilities(reviews)
    on_cpu = Engine(model, device="cpu").probabilities(reviews)
    for row, expected in zip(on_gpu, on_cpu, strict=True):
        assert row == pytest.approx(expected, abs=1e-2)  # half precision


@pytest.mark.gpu
def test_a_network_that_runs_on_a_gpu_keeps_its_own_precision() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    model = network()
    Engine(model, device="cuda").probabilities([tokenized([3])])
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
