"""Engines that run a network of one bidirectional layer with max pooling, on one CPU thread but for one."""

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import openvino
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic
from torch import Tensor, nn

from sentiment import InvalidConfiguration, SentimentLSTM
from sentiment.compiled import bfloat16_kernel, compiled_kernels
from sentiment.eager import EagerKernel
from sentiment.kernel import Kernel
from sentiment.lengths import LENGTH_STEP_TOKENS, round_up
from sentiment.padded import Padded
from sentiment.padding import pad
from sentiment.recurrence import Recurrence

__all__ = ["Logits", "engines"]

Logits = Callable[[Sequence[Sequence[int]]], Tensor]
"""From token ids to logits [B, L]."""

States = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From ids [T, B] and lengths [B] to states [T, K, B, H]."""


def engines(network: SentimentLSTM) -> dict[str, Logits]:
    """Return each engine by its name."""
    model = _to_onnx(network)
    kernels: list[Kernel] = [*compiled_kernels(), EagerKernel(), *_bfloat16_kernels()]
    best, *lesser = kernels
    return {
        "this engine": _ours(network, best),
        "this engine, a thread for each direction": _ours(network, best, ThreadPoolExecutor(1)),
        **{f"this engine, {kernel.name}": _ours(network, kernel) for kernel in lesser},
        "padded, oneDNN": _padded(network),
        "padded, oneDNN, bfloat16": _bfloat16(network),
        "packed sequences": _packed(network),
        "ONNX Runtime": _pooled(network, _onnx_runtime(model.SerializeToString())),
        "ONNX Runtime, int8": _pooled(network, _onnx_runtime(_quantized(model))),
        "OpenVINO": _pooled(network, _openvino(model)),
    }


def _bfloat16_kernels() -> list[Kernel]:
    try:
        return [bfloat16_kernel()]
    except InvalidConfiguration:
        return []


def _ours(network: SentimentLSTM, kernel: Kernel, helper: Executor | None = None) -> Logits:
    runner = Recurrence(network, kernel)
    return lambda ids: torch.from_numpy(runner.logits([ids], helper)[0])


def _padded(network: SentimentLSTM) -> Logits:
    """Run the network itself in batches of near-equal length and few shapes."""
    grouping = Padded(network, torch.device("cpu"))

    @torch.inference_mode()
    def run(ids: Sequence[Sequence[int]]) -> Tensor:
        logits_BL = torch.empty(len(ids), network.config.num_labels)
        for places in grouping.batches([len(review) for review in ids]):
            part = [ids[place] for place in places]
            num_steps = round_up(max(map(len, part)), LENGTH_STEP_TOKENS)
            logits_BL[places] = network(*pad(part, num_rows=len(part), num_steps=num_steps)).float()
        return logits_BL

    return run


def _bfloat16(network: SentimentLSTM) -> Logits:
    padded = _padded(network)

    def run(ids: Sequence[Sequence[int]]) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return padded(ids)

    return run


def _packed(network: SentimentLSTM) -> Logits:
    """Run PyTorch's bidirectional LSTM over packed sequences."""
    layer: Any = network.layers[0]
    lstm = nn.LSTM(network.config.embedding_size, network.config.hidden_size, bidirectional=True)
    for source, suffix in ((layer.ahead, ""), (layer.back, "_reverse")):
        for name, weight in source.named_parameters():
            setattr(lstm, name + suffix, weight)

    @torch.inference_mode()
    def run(ids: Sequence[Sequence[int]]) -> Tensor:
        ids_TB, lengths_B = _plainly_padded(ids)
        packed = nn.utils.rnn.pack_padded_sequence(network.embedding(ids_TB), lengths_B, enforce_sorted=False)
        states, _ = nn.utils.rnn.pad_packed_sequence(lstm(packed)[0], padding_value=-1.0)
        return network.output(states.amax(0))  # type: ignore[no-any-return]

    return run


def _pooled(network: SentimentLSTM, states_of: States) -> Logits:
    @torch.inference_mode()
    def run(ids: Sequence[Sequence[int]]) -> Tensor:
        ids_TB, lengths_B = _plainly_padded(ids)
        states_TKBH = torch.from_numpy(states_of(ids_TB.numpy(), lengths_B.int().numpy()))
        ended_TB = torch.arange(len(ids_TB)).unsqueeze(1) >= lengths_B
        states_TKBH.masked_fill_(ended_TB[:, None, :, None], -1.0)
        return network.output(states_TKBH.amax(0).transpose(0, 1).flatten(1))  # type: ignore[no-any-return]

    return run


def _plainly_padded(ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    return pad(ids, num_rows=len(ids), num_steps=max(map(len, ids)))


def _onnx_runtime(model: bytes) -> States:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda ids, lengths: session.run(None, {"ids": ids, "lengths": lengths})[0]


def _openvino(model: onnx.ModelProto) -> States:
    core = openvino.Core()
    # Without the hint it takes bfloat16 where the processor has it.
    hints = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    compiled = core.compile_model(core.read_model(model.SerializeToString(), b""), "CPU", hints)
    return lambda ids, lengths: compiled({"ids": ids, "lengths": lengths})[0].copy()


def _quantized(model: onnx.ModelProto) -> bytes:
    """Return the model with weights in 8 bits, and activations in 8 bits for each batch."""
    with tempfile.TemporaryDirectory() as folder:
        whole, small = Path(folder, "whole.onnx"), Path(folder, "small.onnx")
        whole.write_bytes(model.SerializeToString())
        quantize_dynamic(whole, small, op_types_to_quantize=["LSTM"])
        return small.read_bytes()


def _to_onnx(network: SentimentLSTM) -> onnx.ModelProto:
    """Return embedding and LSTM as ids [T, B], lengths [B] -> states [T, K, B, H]."""
    layer: Any = network.layers[0]
    hidden_size = network.config.hidden_size
    directions = [layer.ahead.all_weights[0], layer.back.all_weights[0]]
    w, r = (torch.stack([_onnx_gates(d[part]) for d in directions]) for part in (0, 1))
    b = torch.stack([torch.cat([_onnx_gates(d[2]), _onnx_gates(d[3])]) for d in directions])
    constants = {"embedding": network.embedding.weight, "W": w, "R": r, "B": b}
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["embedding", "ids"], ["x"], axis=0),
            helper.make_node(
                "LSTM",
                ["x", "W", "R", "B", "lengths"],
                ["states"],
                hidden_size=hidden_size,
                direction="bidirectional",
            ),
        ],
        "states",
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["T", "B"]),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, ["B"]),
        ],
        [helper.make_tensor_value_info("states", TensorProto.FLOAT, ["T", 2, "B", hidden_size])],
        [numpy_helper.from_array(value.detach().numpy(), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def _onnx_gates(weight: Tensor) -> Tensor:
    entering, keeping, cell, leaving = weight.chunk(4)
    return torch.cat([entering, leaving, keeping, cell])
