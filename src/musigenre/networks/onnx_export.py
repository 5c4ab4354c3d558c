"""From a trained network to an ONNX graph that predicts. The one module that knows tf2onnx."""

import tempfile
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import onnx

from musigenre.networks.prediction_graph import PredictionGraph
from musigenre.networks.quiet_keras import keras

# How far the graph's probabilities may be from those of the network.
_TOLERANCE = 1e-6


def export(network: keras.Model) -> PredictionGraph | None:
    """Turn a network into a graph for prediction, and see that both say the same.

    Parameters
    ----------
    network : keras.Model
        One of `architectures`.

    Returns
    -------
    PredictionGraph or None
        None on another backend than TensorFlow, whose networks cannot be exported without it.

    Warns
    -----
    UserWarning
        If the graph gives other probabilities than the network, or is none that would be read
        again; there is none then, either.
    """
    if keras.backend.backend() != "tensorflow":
        return None
    shapes = [tuple(tensor.shape[1:]) for tensor in network.inputs]
    n_classes = network.outputs[0].shape[-1]
    rng = np.random.default_rng(0)
    clips = [rng.normal(size=(3, *shape)).astype(np.float32) for shape in shapes]
    # Keras exports only what has been called.
    expected = network(clips[0] if len(clips) == 1 else clips, training=False)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # tf2onnx has its own ways with NumPy and files.
        warnings.simplefilter("ignore")
        path = Path(folder, "network.onnx")
        network.export(path, format="onnx", verbose=False)
        model = onnx.load(path)
    _make_canonical(model)
    try:
        graph = PredictionGraph(model.SerializeToString(deterministic=True), shapes, n_classes)
        difference = np.abs(graph(clips) - keras.ops.convert_to_numpy(expected)).max()
        if not difference <= _TOLERANCE:
            raise ValueError(f"its probabilities differ by {difference:.1g}")
    except ValueError as error:
        warnings.warn(
            f"the network has no ONNX graph that says the same ({error}), so a model loaded from "
            "the file will need Keras to predict",
            stacklevel=2,
        )
        return None
    return graph


def _make_canonical(model: onnx.ModelProto) -> None:
    """Name things by their use: what tf2onnx calls them depends on what ran before."""
    graph = model.graph
    names: dict[str, str] = defaultdict(lambda: f"t{len(names)}")
    names[""] = ""  # an input that is left out
    for value, name in [
        *zip(graph.output, ["genres"], strict=True),
        *((i, i.name) for i in graph.input),
    ]:
        names[value.name] = name
    for node in graph.node:
        node.name = node.doc_string = ""
        for places in (node.input, node.output):
            places[:] = [names[name] for name in places]
    weights = sorted(graph.initializer, key=lambda tensor: int(names[tensor.name][1:]))
    for tensor in weights:
        tensor.name, tensor.doc_string = names[tensor.name], ""
    kept = [onnx.TensorProto.FromString(tensor.SerializeToString()) for tensor in weights]
    del graph.initializer[:], graph.value_info[:], model.metadata_props[:]
    graph.initializer.extend(kept)
    for value in (*graph.input, *graph.output):
        value.name = names[value.name]
        value.type.tensor_type.shape.dim[0].dim_param = "clips"
    graph.name, graph.doc_string, model.doc_string = "network", "", ""
    kept_domains = [opset for opset in model.opset_import if opset.domain == ""]
    del model.opset_import[:]
    model.opset_import.extend(kept_domains)
