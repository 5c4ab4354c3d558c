"""A trained network for prediction alone: an ONNX graph, which ONNX Runtime runs without Keras."""

import os
from collections.abc import Sequence
from typing import Any, Self

import joblib
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import AttributeProto, TensorProto

#: The operators of which the networks of this library are made, all of the standard domain. None
#: of them runs a part of the graph again, reads a file or calls other code.
OPERATORS = frozenset(
    [
        "Add",
        "AveragePool",
        "Cast",
        "Concat",
        "Conv",
        "Expand",
        "Gather",
        "LSTM",
        "MatMul",
        "MaxPool",
        "Mul",
        "ReduceMax",
        "ReduceMean",
        "Relu",
        "Reshape",
        "Shape",
        "Slice",
        "Softmax",
        "Squeeze",
        "Sub",
        "Transpose",
        "Unsqueeze",
    ]
)

# Ours have less than fifty.
_MOST_NODES = 1000

_MOST_CONSTANT_BYTES = 64 * 2**20

_NUMBERS = {TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64}
_VALUES = {
    AttributeProto.FLOAT,
    AttributeProto.INT,
    AttributeProto.STRING,
    AttributeProto.FLOATS,
    AttributeProto.INTS,
    AttributeProto.STRINGS,
}

# The networks are small: more threads would wait for each other.
_MOST_THREADS = 2


class PredictionGraph:
    """A network that predicts, from the bytes of an ONNX model.

    A graph is data, and may come from anywhere: what this class does not know, it refuses. Only
    plain operators of the standard domain are run; parts in other files, functions, nested graphs
    and operators of other domains are not.

    Parameters
    ----------
    data : bytes
        As :func:`musigenre.networks.onnx_export.export` gives them.
    input_shapes : sequence of tuple of int
        The shape of a clip in each input.
    n_classes : int

    Raises
    ------
    ValueError
        If the graph is not one of a network of this library with these sizes.
    """

    def __init__(self, data: bytes, input_shapes: Sequence[tuple[int, ...]], n_classes: int):
        self.input_shapes, self.n_classes = tuple(input_shapes), n_classes
        # Written anew from what was checked: nothing that was not understood reaches the runtime.
        self.data = _checked(data, self.input_shapes, n_classes).SerializeToString(
            deterministic=True
        )
        self._session = _session(self.data)

    def __call__(self, inputs: Sequence[NDArray]) -> NDArray[np.float32]:
        """Give the probabilities of some clips.

        Parameters
        ----------
        inputs : sequence of ndarray of shape (n_clips, ...)
            Float32.

        Returns
        -------
        ndarray of shape (n_clips, n_classes)
        """
        names = (node.name for node in self._session.get_inputs())
        (probabilities,) = self._session.run(None, dict(zip(names, inputs, strict=True)))
        return probabilities

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_session"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._session = _session(self.data)

    def __deepcopy__(self, memo: dict) -> Self:
        return self  # nothing in it changes


def _checked(data: bytes, input_shapes: Sequence[tuple[int, ...]], n_classes: int) -> Any:
    """Read a graph, and refuse one that is not as ours."""
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except Exception as error:  # protobuf has several implementations, with errors of their own
        raise ValueError(f"the bytes are no ONNX model: {error}") from error
    model.DiscardUnknownFields()
    graph = model.graph
    if model.functions or model.training_info or model.metadata_props:
        raise ValueError("the ONNX model holds functions, training steps or settings")
    if graph.sparse_initializer or graph.quantization_annotation:
        raise ValueError("the ONNX graph holds sparse or quantised weights")
    domains = {opset.domain for opset in model.opset_import}
    if not domains <= {""}:
        raise ValueError(f"the ONNX graph uses operators of the domains {sorted(domains - {''})}")
    if not 0 < len(graph.node) <= _MOST_NODES:
        raise ValueError(f"the ONNX graph has {len(graph.node)} nodes")
    for node in graph.node:
        if node.domain or node.op_type not in OPERATORS:
            raise ValueError(f"the ONNX graph uses the operator {node.domain}:{node.op_type}")
        if not all(attribute.type in _VALUES for attribute in node.attribute):
            raise ValueError(f"a node {node.op_type} of the ONNX graph holds a graph or a tensor")
    for tensor in graph.initializer:
        if tensor.external_data or tensor.data_location != TensorProto.DEFAULT:
            raise ValueError("the ONNX graph refers to another file, which is not read")
        if tensor.data_type not in _NUMBERS:
            raise ValueError(f"weights of the ONNX graph are of type {tensor.data_type}")
    constants = {tensor.name for tensor in graph.initializer}
    found = [_shape(value) for value in graph.input if value.name not in constants]
    if found != list(input_shapes) or len(found) != len(graph.input):
        raise ValueError(f"the ONNX graph takes {found}, and the network {list(input_shapes)}")
    if [_shape(value) for value in graph.output] != [(n_classes,)]:
        raise ValueError(f"the ONNX graph does not give {n_classes} probabilities")
    return model


def _shape(value: Any) -> tuple[int, ...] | None:
    """Give the shape of a clip in an input or output, if that is of floats and any length."""
    kind = value.type.tensor_type
    if kind.elem_type != TensorProto.FLOAT or not kind.shape.dim:
        return None
    first, *rest = kind.shape.dim
    if first.WhichOneof("value") != "dim_param":
        return None
    return tuple(size.dim_value for size in rest)


def _session(data: bytes) -> Any:
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _n_threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors, which are exceptions as well
    # Threads sleep while there is nothing to do.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # What does not depend on the clips is computed at once, unless it is that large.
    options.add_session_config_entry(
        "optimization.constant_folding_max_output_size_in_bytes", str(_MOST_CONSTANT_BYTES)
    )
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has a class of error for each of its codes
        raise ValueError(f"ONNX Runtime cannot run the graph: {error}") from error


def _n_threads() -> int:
    """Give two, or one where there is no other core, or OMP_NUM_THREADS says so, as in workers."""
    limit = os.environ.get("OMP_NUM_THREADS", "")
    allowed = int(limit) if limit.isdecimal() and int(limit) > 0 else joblib.cpu_count()
    return min(_MOST_THREADS, allowed)
