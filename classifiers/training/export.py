"""Export: a network as one dynamically quantised ONNX file."""

import tempfile
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process

from handrail.classifiers.training.network import GuardNetwork

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OPSET = 17


def export(network: GuardNetwork, path: Path) -> None:
    """Write the network as int8 ONNX.

    Weights are quantised per channel to 7 bits (`reduce_range`): on processors without VNNI the 8-bit
    products of two neighbours can overflow their 16-bit sum, and decisions would depend on the machine.
    The heads stay in float32: they are tiny, and everything is decided in them.
    """
    with tempfile.TemporaryDirectory() as folder:
        full, prepared = Path(folder) / "full.onnx", Path(folder) / "prepared.onnx"
        _write_float(network, full)
        quant_pre_process(str(full), str(prepared), skip_symbolic_shape=True)
        quantize_dynamic(
            str(prepared),
            str(path),
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=_head_nodes(prepared),
        )


def _write_float(network: GuardNetwork, path: Path) -> None:
    network.eval()
    ids = torch.ones(2, 12, dtype=torch.long)
    types = torch.cat([torch.zeros(2, 6, dtype=torch.long), torch.ones(2, 6, dtype=torch.long)], dim=1)
    dynamic = {0: "batch", 1: "tokens"}
    torch.onnx.export(
        network,
        (ids, torch.ones_like(ids), types),
        str(path),
        input_names=list(INPUTS),
        output_names=["logits", "evidence"],
        dynamic_axes={**dict.fromkeys(INPUTS, dynamic), "logits": {0: "batch"}, "evidence": dynamic},
        opset_version=OPSET,
        dynamo=False,
    )


def _head_nodes(path: Path) -> list[str]:
    graph = onnx.load(str(path)).graph
    return [n.name for n in graph.node if n.name.startswith(("/risk/", "/behaviour/"))]
