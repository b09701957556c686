"""A bundle back to the network that it was exported from, so that training can go on.

The exporter keeps the names of most weights. It folds each batch norm into the convolution before it: the rebuilt
network gets the folded kernel and a batch norm that adds the folded bias and changes nothing else. `refresh_norms` then
gives those norms the statistics of real images without changing what the network computes; without them the first
training step, which normalises by its batch, would undo the network. Group norms keep their numbers but not their
names, and are found behind their convolution in the graph.
"""

from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from hemascope.errors import ModelError
from hemascope.inference.bundle import ModelBundle
from hemascope.models import create_model

MAX_DIFFERENCE = 1e-3  # of outputs, relative to their largest value; fp32 in another order
_DETECTOR_PREFIX = "model."  # of names in the graph of a detector, see to_onnx
_EXAMPLE_PX = 128  # side of the picture that shows which layer follows which
_NORMS = (nn.BatchNorm2d, nn.GroupNorm)


def rebuild_network(bundle: ModelBundle) -> nn.Module:
    """The network in eval mode, checked: it repeats the outputs of the bundle's own on noise.

    Raises ModelError for a bundle that does not say how its network was built, and for one whose weights cannot be
    told apart in the graph.
    """
    manifest = bundle.manifest
    if manifest.architecture_options is None:
        raise ModelError(
            f"'{bundle.folder}' does not say with which options its network was built (architecture_options in its "
            "manifest); continue from the folder of its run"
        )
    model = create_model(
        manifest.architecture, task=manifest.task, num_classes=len(manifest.classes), **manifest.architecture_options
    ).eval()
    prefix = _DETECTOR_PREFIX if manifest.task == "detection" else ""
    graph = _Graph(onnx.load(str(bundle.onnx_path)).graph, prefix)
    model.load_state_dict(_state(model, graph, bundle))
    _check_same(model, bundle)
    return model


@torch.no_grad()
def refresh_norms(model: nn.Module, batches: Sequence[Tensor]) -> None:
    """Gives every batch norm the mean and variance of what reaches it from `batches` of normalised images.

    They are `(B, 3, H, W)`. Scale and shift change too, so that the network in eval mode computes what it did before.
    """
    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    seen: dict[nn.Module, list[Tensor]] = {layer: [] for layer in norms}

    def note(layer: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
        values = inputs[0].transpose(0, 1).flatten(1).double()  # (channels, all places)
        seen[layer].append(
            torch.stack([torch.full((len(values),), values.shape[1]), values.sum(1), (values**2).sum(1)])
        )

    hooks = [layer.register_forward_hook(note) for layer in norms]
    model.eval()
    for batch in batches:
        model(batch)
    for hook in hooks:
        hook.remove()
    for layer in norms:
        count, total, squares = torch.stack(seen[layer]).sum(0)
        mean = total / count
        variance = (squares / count - mean**2).clamp(min=0)
        _set_statistics(layer, mean.float(), variance.float())


def _set_statistics(layer: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    """y = (x - m) / sqrt(v + eps) * g + b stays the same function of x."""
    assert layer.running_mean is not None
    assert layer.running_var is not None
    slope = layer.weight / torch.sqrt(layer.running_var + layer.eps)
    layer.bias.add_((mean - layer.running_mean) * slope)
    layer.weight.copy_(slope * torch.sqrt(variance + layer.eps))
    layer.running_mean.copy_(mean)
    layer.running_var.copy_(variance)


class _Graph:
    """The weights of an ONNX graph by name, and which node reads which value."""

    def __init__(self, graph: onnx.GraphProto, prefix: str) -> None:
        self._weights = {one.name: one for one in graph.initializer}
        self._prefix = prefix
        self._convolutions = {node.input[1]: node for node in graph.node if node.op_type == "Conv"}
        self._readers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                self._readers.setdefault(name, []).append(node)

    def weight(self, name: str) -> Tensor | None:
        """Of the network's parameter `name`."""
        return self._value(f"{self._prefix}{name}")

    def folded_bias(self, convolution: str) -> Tensor | None:
        """What a batch norm behind the convolution adds in the end."""
        node = self._convolutions.get(f"{self._prefix}{convolution}.weight")
        return None if node is None or len(node.input) < 3 else self._value(node.input[2])

    def group_norm(self, convolution: str) -> tuple[Tensor, Tensor] | None:
        """Scale and shift: the first numbers that are multiplied and added behind the convolution."""
        node = self._convolutions.get(f"{self._prefix}{convolution}.weight")
        found: list[Tensor] = []
        while node is not None and len(found) < 2:
            node = next(iter(self._readers.get(node.output[0], [])), None)
            if node is not None and node.op_type == ("Add" if found else "Mul"):
                found += [value for name in node.input if (value := self._value(name)) is not None]
        return (found[0].flatten(), found[1].flatten()) if len(found) == 2 else None

    def _value(self, name: str) -> Tensor | None:
        weight = self._weights.get(name)
        return None if weight is None else torch.from_numpy(np.array(numpy_helper.to_array(weight)))


def _state(model: nn.Module, graph: _Graph, bundle: ModelBundle) -> dict[str, Tensor]:
    """A value for every entry of the network's state."""
    state = dict(model.state_dict())
    found = {name: value for name in state if (value := graph.weight(name)) is not None}
    for norm, convolution in _convolutions_before_norms(model).items():
        layer = model.get_submodule(norm)
        if f"{norm}.weight" in found:
            continue  # kept by the exporter, with its statistics
        if isinstance(layer, nn.BatchNorm2d):
            bias = graph.folded_bias(convolution)
            if bias is not None:
                ones = torch.ones_like(bias)
                found |= {
                    f"{norm}.weight": ones, f"{norm}.bias": bias, f"{norm}.running_mean": torch.zeros_like(bias),
                    f"{norm}.running_var": ones - layer.eps,
                }  # fmt: skip
        elif (affine := graph.group_norm(convolution)) is not None:
            found |= {f"{norm}.weight": affine[0], f"{norm}.bias": affine[1]}
    lost = [
        name
        for name, value in state.items()
        if value.dtype.is_floating_point and (name not in found or found[name].shape != value.shape)
    ]
    if lost:
        raise ModelError(
            f"{len(lost)} weights of a {bundle.manifest.architecture} cannot be told apart in '{bundle.onnx_path}', "
            f"'{lost[0]}' first; continue from the folder of its run"
        )
    return state | found


@torch.no_grad()
def _convolutions_before_norms(model: nn.Module) -> dict[str, str]:
    """Name of each norm and of the convolution whose output it takes, seen in one pass."""
    made_by: dict[int, str] = {}
    before: dict[str, str] = {}
    alive: list[Tensor] = []  # outputs, so that no address is used twice

    def watch(name: str, layer: nn.Module) -> torch.utils.hooks.RemovableHandle:
        def note(_layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            if isinstance(layer, _NORMS):
                before[name] = made_by.get(inputs[0].data_ptr(), "")
            else:
                made_by[output.data_ptr()] = name
                alive.append(output)

        return layer.register_forward_hook(note)

    hooks = [watch(name, layer) for name, layer in model.named_modules() if isinstance(layer, (nn.Conv2d, *_NORMS))]
    model(torch.zeros(1, 3, _EXAMPLE_PX, _EXAMPLE_PX))
    for hook in hooks:
        hook.remove()
    return {norm: convolution for norm, convolution in before.items() if convolution}


@torch.no_grad()
def _check_same(model: nn.Module, bundle: ModelBundle) -> None:
    """Raises ModelError where the rebuilt network does not repeat the bundle's."""
    manifest = bundle.manifest
    session = onnxruntime.InferenceSession(str(bundle.onnx_path), providers=["CPUExecutionProvider"])
    noise = torch.randn(2, 3, *[manifest.preprocessing.input_size] * 2, generator=torch.Generator().manual_seed(0))
    expected = session.run(None, {"image": noise.numpy()})
    got = model.predict(noise) if manifest.task == "detection" else model(noise)  # type: ignore[operator]
    for one, other in zip(got, expected, strict=True):
        difference = float(np.abs(one.numpy() - other).max() / max(float(np.abs(other).max()), 1e-6))
        if not difference <= MAX_DIFFERENCE:
            raise ModelError(
                f"the network rebuilt from '{bundle.folder}' differs from it by {difference:.1e} of its largest output "
                f"(limit {MAX_DIFFERENCE}); continue from the folder of its run"
            )
