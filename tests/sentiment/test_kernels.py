"""The ways of computing the steps: the levels of compiled code that this processor runs, and PyTorch."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment import TOLERANCE, SentimentLSTM
from sentiment.compiled import compiled_kernels
from sentiment.eager import EagerKernel
from sentiment.kernel import DirectionWeights, Floats, Kernel, Outputs, Reviews
from sentiment.recurrence import Recurrence
from tests.scale import scaled
from tests.sentiment.networks import POOLINGS, SHAPES, VOCABULARY_SIZE, network, padded, trained_network

COMPILED: dict[str, Kernel] = {kernel.name: kernel for kernel in compiled_kernels()}
KERNELS = {**COMPILED, "eager": EagerKernel()}
NETWORKS = {
    (pooling, shape): trained_network(pooling=pooling, num_layers=shape[0], bidirectional=shape[1])
    for pooling in POOLINGS
    for shape in SHAPES
}
RUNNERS = {
    (name, kind): Recurrence(model, kernel)
    for name, kernel in KERNELS.items()
    for kind, model in NETWORKS.items()
}
Kind = tuple[str, tuple[str, tuple[int, bool]]]

IDS = st.lists(st.integers(1, VOCABULARY_SIZE - 1), min_size=1, max_size=45)
# More reviews than a tile has rows, so that tiles of all heights come up.
REVIEWS = st.lists(IDS, min_size=1, max_size=20)


def logits(runner: Recurrence, reviews: Sequence[Sequence[int]], helper: Executor | None = None) -> Floats:
    [logits_BL] = runner.logits([reviews], helper)
    return logits_BL


def is_exact(model: SentimentLSTM, runner: Recurrence, reviews: Sequence[list[int]]) -> bool:
    with torch.inference_mode():
        expected_BL = model(*padded(reviews)).softmax(-1)
    found_BL = torch.from_numpy(logits(runner, reviews)).softmax(-1)
    return torch.allclose(found_BL, expected_BL, rtol=0, atol=TOLERANCE)


def test_the_code_is_compiled_for_this_processor() -> None:
    assert COMPILED, "compile it: python setup.py build_ext --inplace"
    best = {"AVX512": "avx512", "AVX2": "avx2"}.get(torch.backends.cpu.get_cpu_capability(), "portable")
    assert next(iter(COMPILED)) == best == Recurrence(network()).kernel_name


@pytest.mark.soak
@settings(max_examples=scaled(10_000), deadline=None)
@given(kind=st.sampled_from(sorted(RUNNERS)), reviews=REVIEWS)
def test_probabilities_are_those_of_the_network(kind: Kind, reviews: list[list[int]]) -> None:
    assert is_exact(NETWORKS[kind[1]], RUNNERS[kind], reviews)


@pytest.mark.soak
@settings(max_examples=scaled(10_000), deadline=None)
@given(
    kind=st.sampled_from(sorted(kind for kind in RUNNERS if kind[0] in COMPILED)),
    reviews=REVIEWS,
    data=st.data(),
)
def test_logits_are_the_same_bits_in_any_batch(
    kind: Kind, reviews: list[list[int]], data: st.DataObject
) -> None:
    runner = RUNNERS[kind]
    together_BL = logits(runner, reviews)
    some = data.draw(st.lists(st.integers(0, len(reviews) - 1), min_size=1, unique=True))
    assert np.array_equal(logits(runner, [reviews[index] for index in some]), together_BL[some])


@pytest.mark.parametrize("name", COMPILED)
@pytest.mark.parametrize("hidden_size", [64, 200])
def test_a_layer_of_many_blocks_gives_the_same_bits_in_batches_of_every_size(
    name: str, hidden_size: int
) -> None:
    """Few reviews take several blocks at once, which only wide layers have."""
    runner = Recurrence(network(hidden_size=hidden_size, pooling="concat"), KERNELS[name])
    reviews = [[3 + (index * step) % 40 for step in range(1 + index)] for index in range(14)]
    together_BL = logits(runner, reviews)
    for size in range(1, 14):
        parts = [logits(runner, reviews[start : start + size]) for start in range(0, len(reviews), size)]
        assert np.array_equal(np.concatenate(parts), together_BL)


@pytest.mark.skipif("avx512" not in COMPILED, reason="there is only one kernel with fused multiply-add")
def test_processors_with_fused_multiply_add_give_the_same_bits() -> None:
    model = network(hidden_size=100, pooling="concat", num_layers=2)
    reviews = [[3 + (index * step) % 40 for step in range(1 + 5 * index)] for index in range(9)]
    wide, narrow = (logits(Recurrence(model, KERNELS[name]), reviews) for name in ("avx512", "avx2"))
    assert np.array_equal(wide, narrow)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("hidden_size", [1, 3, 4, 5, 15, 16, 17, 64, 130, 200])
def test_any_number_of_units_is_exact(name: str, hidden_size: int) -> None:
    model = trained_network(hidden_size=hidden_size, pooling="concat", num_layers=2)
    runner = Recurrence(model, KERNELS[name])
    for num_reviews in (1, 2, 3, 8):
        assert is_exact(model, runner, [[3, 4, 5], [6, 7], [8] * 30, *([[9] * 12] * 5)][:num_reviews])


@pytest.mark.parametrize("name", KERNELS)
@given(num_rows=st.integers(0, 130), num_inputs=st.integers(1, 40), num_outputs=st.integers(1, 150))
@settings(max_examples=30)
def test_a_product_is_that_of_double_precision(
    name: str, num_rows: int, num_inputs: int, num_outputs: int
) -> None:
    rng = np.random.default_rng(num_rows + num_inputs + num_outputs)
    x, weight, bias = (
        rng.standard_normal(shape).astype(np.float32)
        for shape in ((num_rows, num_inputs), (num_outputs, num_inputs), num_outputs)
    )
    expected = x.astype(float) @ weight.T.astype(float) + bias
    assert np.allclose(KERNELS[name].linear(weight, bias)(x), expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("name", KERNELS)
def test_gates_that_are_open_or_shut_to_the_end_are_exact(name: str) -> None:
    model = network(pooling="concat")
    with torch.no_grad():
        for parameter in model.layers.parameters():
            parameter.mul_(1000)
    assert is_exact(model, Recurrence(model, KERNELS[name]), [[3, 4, 5], [6, 7] * 20])


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_number_that_is_none_is_not_hidden(name: str, pooling: str) -> None:
    model = network(pooling=pooling)
    with torch.no_grad():
        model.embedding.weight[7] = torch.nan
    spoilt, sound = logits(Recurrence(model, KERNELS[name]), [[3, 7, 4], [3, 5, 4]])
    assert np.isnan(spoilt).all()
    assert np.isfinite(sound).all()


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("token_id", [-1, VOCABULARY_SIZE])
def test_an_id_outside_the_vocabulary_is_refused(name: str, token_id: int) -> None:
    with pytest.raises(IndexError, match="0 to 49"):
        logits(RUNNERS[name, ("max", (1, True))], [[3, token_id]])


@pytest.fixture
def _nobody_is_interrupted() -> Iterator[None]:
    """Let a thread keep the interpreter's lock until it gives it up by itself."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_nobody_is_interrupted")
@pytest.mark.parametrize("name", COMPILED)
def test_other_threads_run_while_it_computes(name: str) -> None:
    weights = DirectionWeights(*(np.zeros(shape, np.float32) for shape in ((1024, 1), (1024, 256), 1024)))
    direction = KERNELS[name].direction(weights, backward=False)
    rows, length_B, ended, turns = (
        direction.rows(np.zeros((1, 1), np.float32)),
        np.array([5000]),
        Event(),
        [0],
    )

    def count_turns() -> None:
        while not ended.is_set():
            turns[0] += 1
            time.sleep(0)  # gives up the lock

    thread = threading.Thread(target=count_turns)
    thread.start()
    row_P, reviews = np.zeros(5000, np.int32), Reviews(np.array([0]), length_B)
    before = turns[0]
    direction.run(rows, row_P, reviews, Outputs())
    num_turns = turns[0] - before
    ended.set()
    thread.join()
    assert num_turns > 0


class Immediately(Executor):
    """Does what it is asked for at once, and counts it."""

    def __init__(self) -> None:
        self.num_jobs = 0

    def submit(self, fn: Callable[..., object], /, *args: object, **kwargs: object) -> "Future[object]":  # type: ignore[override]
        self.num_jobs += 1
        future: Future[object] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # as an executor does
            future.set_exception(error)
        return future


ENOUGH_TO_SHARE = [[3, 4, 5], [6, 7] * 20, [8] * 30]


@pytest.mark.parametrize(
    ("num_layers", "bidirectional", "num_jobs"), [(1, True, 1), (3, True, 3), (2, False, 0)]
)
def test_directions_side_by_side_give_the_same_bits(
    num_layers: int, bidirectional: bool, num_jobs: int
) -> None:
    model = network(hidden_size=256, num_layers=num_layers, bidirectional=bidirectional, pooling="concat")
    runner, helper = Recurrence(model), Immediately()
    assert np.array_equal(logits(runner, ENOUGH_TO_SHARE, helper), logits(runner, ENOUGH_TO_SHARE))
    assert helper.num_jobs == num_jobs


def test_a_helper_that_is_busy_is_not_waited_for() -> None:
    runner = Recurrence(network(hidden_size=256))
    free = Event()
    with ThreadPoolExecutor(1) as helper:
        helper.submit(free.wait)
        found_BL = logits(runner, ENOUGH_TO_SHARE, helper)
        free.set()
    assert np.array_equal(found_BL, logits(runner, ENOUGH_TO_SHARE))


@pytest.mark.parametrize(("name", "reviews"), [("eager", ENOUGH_TO_SHARE), (next(iter(COMPILED)), [[3, 4]])])
def test_a_helper_that_would_not_help_is_left_alone(name: str, reviews: list[list[int]]) -> None:
    helper = Immediately()
    logits(Recurrence(network(hidden_size=256), KERNELS[name]), reviews, helper)
    assert helper.num_jobs == 0


def test_code_that_is_missing_is_replaced_and_said_to_be_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sentiment.recurrence.compiled_kernels", partial(compiled_kernels, tmp_path))
    assert Recurrence(network()).kernel_name == "eager"
    assert "several times as slowly" in caplog.text


@pytest.mark.parametrize(("limit", "runnable"), [("avx2", {"avx2", "portable"}), ("default", {"portable"})])
def test_a_lesser_processor_gets_no_code_that_it_cannot_run(limit: str, runnable: set[str]) -> None:
    program = (
        "from sentiment.compiled import compiled_kernels; print(*(it.name for it in compiled_kernels()))"
    )
    environment = os.environ | {"ATEN_CPU_CAPABILITY": limit}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert {"portable"} <= set(ended.stdout.split()) <= runnable
