"""The steps of an LSTM as compiled code: `lstm.c`, which setup.py builds for each level of processor.

A call lets go of the interpreter's lock, so threads compute side by side.
"""

import ctypes
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from sentiment.errors import InvalidConfiguration
from sentiment.kernel import DirectionWeights, Floats, Outputs, Reviews, Rows

__all__ = ["WIDTHS", "Bfloat16Kernel", "CompiledKernel", "bfloat16_kernel", "compiled_kernels"]

WIDTHS = {"amx": 16, "avx512": 16, "avx2": 8, "portable": 4}
"""How many floats a register holds at each level, the fastest level first."""

# What PyTorch calls the best that a processor has, and what ATEN_CPU_CAPABILITY limits.
_LEVELS = {"AVX512": ("avx512", "avx2", "portable"), "AVX2": ("avx2", "portable")}
_NUM_GATES = 4
_NUM_WORK_ARRAYS = 5
_TILE_INPUTS = 32
_ALIGNMENT_BYTES = 64  # A load that crosses two cache lines takes twice as long.


def compiled_kernels(folder: Path = Path(__file__).parent) -> Iterator["CompiledKernel"]:
    """Yield those that are built and that this processor runs, the fastest first."""
    for level in _LEVELS.get(torch.backends.cpu.get_cpu_capability(), ("portable",)):
        path = _library(folder, level)
        if path.exists():
            yield CompiledKernel(level, path)


def bfloat16_kernel(folder: Path = Path(__file__).parent) -> "Bfloat16Kernel":
    """Return the one with recurrent products in bfloat16; raises InvalidConfiguration where it cannot run."""
    path = _library(folder, "amx")
    if path.exists() and torch.backends.cpu.get_cpu_capability() == "AVX512":
        kernel = Bfloat16Kernel(path)
        if kernel.is_allowed:
            return kernel
    raise InvalidConfiguration(
        'precision "bfloat16" needs a processor with AMX and AVX-512 (Intel Xeon from Sapphire Rapids on), '
        'Linux, and the compiled code; "float32" runs everywhere'
    )


def _library(folder: Path, level: str) -> Path:
    return folder / f"_lstm_{level}{sysconfig.get_config_var('EXT_SUFFIX')}"


class CompiledKernel:
    """The code for one level of processor: a `kernel.Kernel`.

    A score is the same bits whatever a review is batched with, since the order of additions is fixed.
    """

    is_parallel = True
    num_work_arrays = _NUM_WORK_ARRAYS

    def __init__(self, level: str, path: Path) -> None:
        self._level = level
        self._width = WIDTHS[level]
        self._library = ctypes.CDLL(str(path))
        self._run_product = self._library.run_product
        self._run_product.argtypes, self._run_product.restype = [ctypes.POINTER(_Product)], None
        self._run_steps = self._steps_function()
        self._run_steps.argtypes, self._run_steps.restype = [ctypes.POINTER(_Steps)], None

    @property
    def name(self) -> str:
        """The level of processor."""
        return self._level

    @property
    def block_size(self) -> int:
        """Gates of the units that are computed at a time."""
        return _NUM_GATES * self._width

    def linear(self, weight_OI: Floats, bias_O: Floats) -> "CompiledLinear":
        """Return a linear layer, its weights copied."""
        return CompiledLinear(self, weight_OI, bias_O)

    def direction(self, weights: DirectionWeights, *, backward: bool) -> "CompiledDirection":
        """Return one direction of an LSTM layer, its weights copied."""
        return CompiledDirection(self, weights, backward=backward)

    def pack(self, weight_OI: Floats) -> Floats:
        """Return weights [blocks, I, 4 x width], whose outputs are filled up with zeros."""
        num_outputs, num_inputs = weight_OI.shape
        block_size = self.block_size
        filled = np.zeros((-(-num_outputs // block_size), block_size, num_inputs), np.float32)
        filled.reshape(-1, num_inputs)[:num_outputs] = weight_OI
        packed = _aligned(len(filled), num_inputs, block_size)
        packed[:] = filled.transpose(0, 2, 1)
        return packed

    def pack_recurrent(self, weight_GH: Floats) -> npt.NDArray[np.generic]:
        """Return recurrent weights, gates in blocks of units, as the steps take them."""
        return self.pack(weight_GH)

    def by_block(self, weight_GI: Floats) -> Floats:
        """Return weights in blocks of units, gate by gate, output before cell; zeros fill the last block."""
        num_units, num_inputs = len(weight_GI) // _NUM_GATES, weight_GI.shape[1]
        num_blocks = -(-num_units // self._width)
        filled = np.zeros((_NUM_GATES, num_blocks * self._width, num_inputs), np.float32)
        filled[:, :num_units] = weight_GI.reshape(_NUM_GATES, num_units, num_inputs)[[0, 1, 3, 2]]
        blocks = filled.reshape(_NUM_GATES, num_blocks, self._width, num_inputs).transpose(1, 0, 2, 3)
        return blocks.reshape(-1, num_inputs)

    def run_product(self, x_NI: Floats, packed: Floats, bias_O: Floats) -> Floats:
        """Return x times packed weights, plus a bias as long as a row of them: [N, blocks x 4 x width]."""
        x_NI = np.ascontiguousarray(x_NI, np.float32)
        y_NO = _aligned(len(x_NI), len(bias_O))
        arrays = [_address(array) for array in (x_NI, packed, bias_O, y_NO)]
        self._run_product(_Product(*arrays, len(x_NI), x_NI.shape[1], len(packed)))
        return y_NO

    def run_steps(self, steps: "_Steps") -> None:
        """Take the steps of one direction."""
        self._run_steps(steps)

    def _steps_function(self) -> Any:  # noqa: ANN401  # what ctypes makes has no type of its own
        return self._library.run_steps


class Bfloat16Kernel(CompiledKernel):
    """Recurrent products in bfloat16 by AMX; all else is in single precision."""

    num_work_arrays = _NUM_WORK_ARRAYS + 2  # states in bfloat16, those before and those after a step

    def __init__(self, path: Path) -> None:
        super().__init__("amx", path)

    @property
    def is_allowed(self) -> bool:
        """Whether the processor has it, and the system lets this process use it."""
        return bool(self._library.allow_bfloat16())

    def pack_recurrent(self, weight_GH: Floats) -> npt.NDArray[np.generic]:
        """Return weights [blocks, K, gates, 16, width, 2] in bfloat16: K groups of 16 pairs of inputs."""
        packed = self.pack(weight_GH)
        num_blocks, num_inputs, _ = packed.shape
        num_groups = -(-num_inputs // _TILE_INPUTS)
        filled = np.zeros((num_blocks, num_groups * _TILE_INPUTS, packed.shape[2]), np.float32)
        filled[:, :num_inputs] = packed
        pairs = filled.reshape(num_blocks, num_groups, _TILE_INPUTS // 2, 2, _NUM_GATES, self._width)
        rounded = _aligned(filled.size // 2).view(np.uint16)
        rounded[:] = _bfloat16(pairs.transpose(0, 1, 4, 2, 5, 3)).ravel()
        return rounded

    def _steps_function(self) -> Any:  # noqa: ANN401  # as above
        return self._library.run_bfloat16_steps


class CompiledLinear:
    """A linear layer whose sums run in the same order for any number of rows."""

    def __init__(self, kernel: CompiledKernel, weight_OI: Floats, bias_O: Floats) -> None:
        self._kernel = kernel
        self._packed = kernel.pack(weight_OI)
        self._num_outputs = len(bias_O)
        self._bias = np.zeros(len(self._packed) * self._packed.shape[2], np.float32)
        self._bias[: len(bias_O)] = bias_O

    def __call__(self, x_NI: Floats) -> Floats:
        """Return the outputs [N, O] of inputs [N, I]."""
        return self._kernel.run_product(x_NI, self._packed, self._bias)[:, : self._num_outputs]


class CompiledDirection:
    """One direction of an LSTM layer."""

    def __init__(self, kernel: CompiledKernel, weights: DirectionWeights, *, backward: bool) -> None:
        self._kernel = kernel
        self._inputs = kernel.linear(
            kernel.by_block(weights.input_GI), kernel.by_block(weights.bias_G[:, None])[:, 0]
        )
        recurrent_GH = kernel.by_block(weights.recurrent_GH)
        self._recurrent = kernel.pack_recurrent(recurrent_GH)
        self._num_units = recurrent_GH.shape[1]
        self._num_blocks = len(recurrent_GH) // kernel.block_size
        self._backward = backward

    def rows(self, x_NI: Floats) -> Floats:
        """Return what inputs [N, I] add to the gates, block by block."""
        return self._inputs(x_NI)

    def run(self, rows_RG: Floats, row_P: Rows, reviews: Reviews, outputs: Outputs) -> None:
        """Take all steps, and write what is wanted; `row_P` is the row of each token."""
        num_reviews = len(reviews.length_B)
        num_filled_units = self._num_blocks * self._kernel.block_size // _NUM_GATES
        work = _aligned(self._kernel.num_work_arrays, num_reviews, num_filled_units)
        self._kernel.run_steps(
            _Steps(
                rows=_address(rows_RG),
                row_P=_address(row_P),
                first_B=_address(reviews.first_B),
                length_B=_address(reviews.length_B),
                weights=_address(self._recurrent),
                work=_address(work),
                last=_address(outputs.last),
                max=_address(outputs.max),
                mean=_address(outputs.mean),
                states=_address(outputs.states),
                pooled_stride=_stride(outputs.last, outputs.max, outputs.mean),
                states_stride=_stride(outputs.states),
                num_reviews=num_reviews,
                num_units=self._num_units,
                num_blocks=self._num_blocks,
                backward=self._backward,
            )
        )


class _Product(ctypes.Structure):
    """`product` in lstm.c."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("x", "weights", "bias", "y")),
        *((name, ctypes.c_int64) for name in ("num_rows", "num_inputs", "num_blocks")),
    ]


class _Steps(ctypes.Structure):
    """`steps` in lstm.c."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("rows", "row_P", "first_B", "length_B", "weights", "work")),
        *((name, ctypes.c_void_p) for name in ("last", "max", "mean", "states")),
        *((name, ctypes.c_int64) for name in ("pooled_stride", "states_stride")),
        *((name, ctypes.c_int64) for name in ("num_reviews", "num_units", "num_blocks", "backward")),
    ]


def _aligned(*shape: int) -> Floats:
    """Return an array of any content that begins with a cache line."""
    size = int(np.prod(shape)) * 4
    memory = np.empty(size + _ALIGNMENT_BYTES, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT_BYTES
    return memory[start : start + size].view(np.float32).reshape(shape)


def _bfloat16(values: Floats) -> npt.NDArray[np.uint16]:
    """Return the upper halves of the floats, rounded to the nearest, half to even."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def _address(array: npt.NDArray[np.generic] | None) -> int | None:
    return None if array is None else array.ctypes.data


def _stride(*arrays: Floats | None) -> int:
    """Return how many floats lie from one row to the next, the same for all arrays that there are."""
    return next((array.strides[0] // array.itemsize for array in arrays if array is not None), 0)
