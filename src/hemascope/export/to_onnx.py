"""torch -> ONNX with the outputs that `core.manifest` promises."""

import warnings
from collections.abc import Mapping
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from hemascope.errors import ModelError

OPSET = 20


class _DetectorGraph(nn.Module):
    """What is exported of a detector: decoded boxes and scores; NMS stays outside."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        boxes, scores = self.model.predict(image)  # type: ignore[operator]  # every detector has it
        return boxes, scores


def export_detector(model: nn.Module, path: Path, *, example_size: int) -> None:
    """Input `image` (batch, 3, height, width), all but the 3 dynamic; outputs `boxes`, `scores`.

    Raises ModelError for a network whose work depends on what it sees.
    """
    if not model.exportable:
        raise ModelError(f"a {type(model).__name__} cannot be exported to ONNX; export one of the RetinaNet family")
    stride: int = model.stride  # type: ignore[assignment]  # every detector has one
    side = max(example_size, 4 * stride)  # a single row of a coarse level would be taken for a constant
    example = torch.zeros(2, 3, side, side + stride)
    axes = {0: torch.export.Dim("batch", min=1, max=256)}
    blocks = {2: torch.export.Dim("rows", min=1, max=256), 3: torch.export.Dim("columns", min=1, max=256)}
    dynamic = axes | {axis: stride * blocks[axis] for axis in blocks}
    _export(_DetectorGraph(model), example, path, dynamic, ["boxes", "scores"])


def export_classifier(model: nn.Module, path: Path, *, input_size: int) -> None:
    """Input `image` (batch, 3, input_size, input_size), batch dynamic; outputs `logits`, `features`."""
    example = torch.zeros(2, 3, input_size, input_size)
    _export(model, example, path, {0: torch.export.Dim("batch", min=1, max=1024)}, ["logits", "features"])


def _export(model: nn.Module, example: Tensor, path: Path, dynamic: Mapping[int, object], outputs: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own internals
        program = torch.onnx.export(
            model.eval(),
            (example,),
            dynamo=True,
            dynamic_shapes=(dict(dynamic),),
            input_names=["image"],
            output_names=outputs,
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None
    program.save(str(path), external_data=False)
    network = onnx.load(str(path))
    _strip_traces(network.graph)
    onnx.checker.check_model(network)
    onnx.save(network, str(path))


def _strip_traces(graph: onnx.GraphProto) -> None:
    """Removes the exporter's stack traces: a bundle must not carry the paths of the machine that made it."""
    for part in (graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        part.doc_string = ""
        del part.metadata_props[:]
