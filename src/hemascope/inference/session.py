"""ONNX Runtime sessions whose graph and execution providers are what was promised."""

from collections.abc import Sequence

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort

from hemascope.core.boxes import FloatArray
from hemascope.errors import BundleError, DependencyMissingError
from hemascope.inference.bundle import ModelBundle

CPU_PROVIDER = "CPUExecutionProvider"
_INPUT = "image"
_OUTPUTS = {"detection": ("boxes", "scores"), "classification": ("logits", "features")}
_CLASS_OUTPUT = {"detection": "scores", "classification": "logits"}  # its last axis counts the classes
_ORT_ERRORS = (
    ort.Fail, ort.InvalidArgument, ort.InvalidGraph, ort.InvalidProtobuf, ort.NoModel, ort.NoSuchFile,
    ort.NotFound, ort.NotImplemented, ort.RuntimeException, ort.EPFail,
)  # fmt: skip


class OnnxSession:
    """A network ready to run; `providers` are the active ones, best first."""

    def __init__(self, session: onnxruntime.InferenceSession, output_names: tuple[str, ...]) -> None:
        self._session = session
        self._output_names = output_names
        self.providers: tuple[str, ...] = tuple(session.get_providers())

    def run(self, batch: NDArray[np.float32]) -> tuple[FloatArray, ...]:
        """`(batch, 3, height, width)` to the task's outputs, in the manifest's order. Raises BundleError."""
        try:
            return tuple(self._session.run(self._output_names, {_INPUT: batch}))
        except _ORT_ERRORS as error:
            raise BundleError(f"the network failed on an input of shape {batch.shape}: {error}") from error


def open_session(
    bundle: ModelBundle, *, threads: int | None = None, providers: Sequence[str] | None = None
) -> OnnxSession:
    """Opens the network on `providers` (ONNX Runtime names, default the CPU) with `threads` (default one a core).

    Raises DependencyMissingError when an asked provider is not active, never runs elsewhere instead;
    BundleError when the file is no network or not the one the manifest describes.
    """
    wanted = list(providers or [CPU_PROVIDER])
    available = onnxruntime.get_available_providers()
    _require_providers(wanted, available)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = threads or 0
    options.inter_op_num_threads = 1
    # waiting threads that spin double the CPU time of a field (62 ms instead of 31 with two threads) and gain nothing
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors only; what matters is raised
    try:
        session = onnxruntime.InferenceSession(bundle.onnx_path, options, providers=wanted)
    except _ORT_ERRORS as error:
        raise BundleError(f"{bundle.onnx_path} is no network that ONNX Runtime can load: {error}") from error
    _require_providers(wanted, session.get_providers())  # a provider that fails to start is left out without an error
    _check_graph(session, bundle)
    return OnnxSession(session, _OUTPUTS[bundle.manifest.task])


def _require_providers(wanted: Sequence[str], active: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in active]
    if missing:
        raise DependencyMissingError(
            f"execution provider {', '.join(missing)} is not active, only {', '.join(active)}; "
            "install the ONNX Runtime package and driver for it, or ask for another provider"
        )


def _check_graph(session: onnxruntime.InferenceSession, bundle: ModelBundle) -> None:
    manifest = bundle.manifest
    inputs = {node.name: node.type for node in session.get_inputs()}
    if inputs != {_INPUT: "tensor(float)"}:
        raise BundleError(f"{bundle.onnx_path} takes {inputs}, expected the float input '{_INPUT}'; export it again")
    outputs = {node.name: node.shape for node in session.get_outputs()}
    missing = [name for name in _OUTPUTS[manifest.task] if name not in outputs]
    if missing:
        raise BundleError(
            f"{bundle.onnx_path} gives {sorted(outputs)}, a {manifest.task} bundle needs {missing}; export it again"
        )
    shape = outputs[_CLASS_OUTPUT[manifest.task]]
    if shape and isinstance(shape[-1], int) and shape[-1] != len(manifest.classes):
        raise BundleError(
            f"{bundle.onnx_path} has {shape[-1]} classes, its manifest {len(manifest.classes)}; export it again"
        )
