"""What a bundle costs: its size, its multiply-adds, its speed as it was served."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
import onnx
import onnxruntime

from hemascope.inference.bundle import ModelBundle

_Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class NetworkCost:
    """Of one network; papers call the multiply-adds FLOPs."""

    parameters: int  # numbers in the file; an exporter folds batch norms into convolutions
    macs: int  # of one square image with the manifest's input side
    input_size: int
    images_per_second: float  # reading, letterbox and NMS included
    threads: int


def measure_cost(bundle: ModelBundle, images: int, seconds: float, threads: int) -> NetworkCost:
    """Size and multiply-adds of the file, and the speed of a run that took `seconds` above 0 for its images."""
    preprocessing = bundle.manifest.preprocessing
    side = -(-preprocessing.input_size // preprocessing.stride) * preprocessing.stride
    network = onnx.load(bundle.onnx_path)
    numbers = [prod(t.dims) for t in network.graph.initializer if t.data_type == onnx.TensorProto.FLOAT]
    return NetworkCost(sum(numbers), count_macs(network, side, side), side, images / seconds, threads)


def count_macs(network: onnx.ModelProto, height: int, width: int) -> int:
    """Multiply-adds of convolutions and matrix products on one grey image.

    The network runs once and its inner shapes are read off, so whatever its shapes depend on is followed. Other
    operations are not counted, as papers do not.
    """
    nodes = [node for node in network.graph.node if node.op_type in _MACS]
    shapes = _inner_shapes(network, {name for node in nodes for name in (*node.input[:2], *node.output)}, height, width)
    return sum(_MACS[node.op_type](node, shapes) for node in nodes)


def _inner_shapes(network: onnx.ModelProto, names: set[str], height: int, width: int) -> _Shapes:
    stored = {tensor.name: tuple(tensor.dims) for tensor in network.graph.initializer}
    open_network = onnx.ModelProto()
    open_network.CopyFrom(network)
    image = network.graph.input[0].name
    asked = sorted(names - set(stored) - {image})
    known = {output.name for output in network.graph.output}
    open_network.graph.output.extend(onnx.ValueInfoProto(name=name) for name in asked if name not in known)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        open_network.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    grey = np.zeros((1, 3, height, width), np.float32)
    found = session.run(asked, {image: grey})
    return stored | {image: grey.shape} | {name: value.shape for name, value in zip(asked, found, strict=True)}


def _convolution(node: onnx.NodeProto, shapes: _Shapes) -> int:
    return prod(shapes[node.output[0]]) * prod(shapes[node.input[1]][1:])  # weights: out, in / groups, kernel


def _transposed_convolution(node: onnx.NodeProto, shapes: _Shapes) -> int:
    return prod(shapes[node.input[0]]) * prod(shapes[node.input[1]][1:])  # weights: in, out / groups, kernel


def _product(node: onnx.NodeProto, shapes: _Shapes) -> int:
    return prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]


def _general_product(node: onnx.NodeProto, shapes: _Shapes) -> int:
    is_transposed = any(a.name == "transA" and a.i for a in node.attribute)
    return prod(shapes[node.output[0]]) * shapes[node.input[0]][0 if is_transposed else 1]


_MACS: Mapping[str, Callable[[onnx.NodeProto, _Shapes], int]] = {
    "Conv": _convolution,
    "ConvTranspose": _transposed_convolution,
    "MatMul": _product,
    "Gemm": _general_product,
}
