import copy
import pickle
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from musigenre.networks import onnx_export, prediction_graph
from musigenre.networks.architectures import cnn, conv1d, crnn, lstm, mlp, mmnn
from musigenre.networks.architectures.mmnn import TRUNKS
from musigenre.networks.designs import BRANCHES
from musigenre.networks.onnx_export import export
from musigenre.networks.prediction_graph import PredictionGraph
from musigenre.networks.quiet_keras import keras

CLIPS = {"n_bins": 20, "n_frames": 40, "n_classes": 3}
NETWORKS = [
    (mlp, {"n_features": 5, "n_classes": 3, "hidden_layer_sizes": [8, 4]}),
    (mlp, {"n_features": 5, "n_classes": 2, "hidden_layer_sizes": []}),
    (cnn, CLIPS),
    (cnn, CLIPS | {"filters": [4]}),
    (cnn, CLIPS | {"n_bins": 128, "n_frames": 65}),
    (cnn, CLIPS | {"n_bins": 1, "n_frames": 2}),
    (conv1d, CLIPS),
    (conv1d, CLIPS | {"n_bins": 1, "n_frames": 1}),
    (lstm, CLIPS | {"units": [4, 5]}),
    (crnn, CLIPS | {"filters": [4], "units": [5]}),
    *((mmnn, CLIPS | {"n_features": 5, "branch": branch}) for branch in BRANCHES),
]


@pytest.fixture
def graph():
    """Give what a small perceptron is as an ONNX model, and its sizes."""
    keras.utils.set_random_seed(0)
    exported = export(mlp(n_features=5, n_classes=3, hidden_layer_sizes=[4]))
    return onnx.load_from_string(exported.data)


def read(model):
    return PredictionGraph(model.SerializeToString(), [(5,)], 3)


@pytest.mark.parametrize(("build", "arguments"), NETWORKS)
def test_a_graph_says_what_the_network_says(build, arguments, rng):
    keras.utils.set_random_seed(0)
    network = build(**arguments)
    # Weights as of training: those of normalisation are no longer zero and one.
    network.set_weights(
        [w if w.ndim > 1 else rng.uniform(0.5, 1.5, w.shape) for w in network.get_weights()]
    )
    graph = export(network)
    X = [rng.normal(size=(7, *shape)).astype(np.float32) for shape in graph.input_shapes]
    expected = keras.ops.convert_to_numpy(network(X if len(X) > 1 else X[0]))
    assert expected.std(axis=0).max() > 1e-4  # it does not say the same of all
    np.testing.assert_allclose(graph(X), expected, rtol=0, atol=1e-6)
    for other in (pickle.loads(pickle.dumps(graph)), copy.deepcopy(graph)):  # noqa: S301
        np.testing.assert_array_equal(other(X), graph(X))
    if build is mlp:  # whatever was exported before; of others tf2onnx may order the operators anew
        assert export(network).data == graph.data


def test_classifiers_and_architectures_know_the_same_branches():
    assert set(TRUNKS) == set(BRANCHES)


def test_another_backend_gives_no_graph(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert export(mlp(n_features=5, n_classes=3)) is None


def test_a_graph_that_says_otherwise_is_left_out(monkeypatch):
    monkeypatch.setattr(onnx_export, "_TOLERANCE", -1)
    with pytest.warns(UserWarning, match=r"its probabilities differ by .* need Keras to predict"):
        assert export(mlp(n_features=5, n_classes=3)) is None


def external(model):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../etc/passwd")


def half_external(model):
    model.graph.initializer[0].external_data.add(key="location", value="/etc/passwd")


def nested(model):
    model.graph.node[0].attribute.append(helper.make_attribute("body", onnx.GraphProto()))


def tensor_attribute(model):
    tensor = helper.make_tensor("value", TensorProto.FLOAT, [1], [0.0])
    model.graph.node[0].attribute.append(helper.make_attribute("value", tensor))


def own_function(model):
    model.functions.append(
        helper.make_function("", "Relu", ["x"], ["x"], [], [helper.make_opsetid("", 15)])
    )


def other_operator(name, domain=""):
    def change(model):
        model.graph.node[0].op_type, model.graph.node[0].domain = name, domain

    return change


def shape_of(place, *shape):
    def change(model):
        value = getattr(model.graph, place)[0]
        value.CopyFrom(helper.make_tensor_value_info(value.name, TensorProto.FLOAT, shape))

    return change


def strings(model):
    model.graph.initializer.append(helper.make_tensor("s", TensorProto.STRING, [1], [b"x"]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (external, "refers to another file"),
        (half_external, "refers to another file"),
        (nested, "holds a graph or a tensor"),
        (tensor_attribute, "holds a graph or a tensor"),
        (own_function, "functions"),
        (lambda m: m.metadata_props.add(key="ort_config", value="{}"), "settings"),
        (lambda m: m.training_info.add(), "training"),
        (lambda m: m.opset_import.add(domain="com.microsoft", version=1), "'com.microsoft'"),
        (other_operator("Loop"), "operator :Loop"),
        (other_operator("If"), "operator :If"),
        (other_operator("PyOp", "ai.onnx.contrib"), "operator ai.onnx.contrib:PyOp"),
        (other_operator("MatMul", "com.microsoft"), "operator com.microsoft:MatMul"),
        (lambda m: m.graph.sparse_initializer.add(), "sparse"),
        (strings, "of type 8"),
        (lambda m: m.graph.node.extend([m.graph.node[0]] * 1000), "nodes"),
        (lambda m: m.graph.ClearField("node"), "nodes"),
        (shape_of("input", "n", 6), r"takes \[\(6,\)\], and the network \[\(5,\)\]"),
        (shape_of("input", 1, 5), r"takes \[None\]"),
        (lambda m: m.graph.input.add(name="more"), "takes"),
        (shape_of("output", "n", 4), "does not give 3 probabilities"),
        (lambda m: m.graph.initializer[0].dims.__setitem__(0, 10**9), "cannot run the graph"),
        (lambda m: m.graph.initializer[0].ClearField("raw_data"), "cannot run the graph"),
        (lambda m: m.graph.initializer.__delitem__(0), "cannot run the graph"),
        (lambda m: m.graph.node[0].input.__setitem__(0, "nothing"), "cannot run the graph"),
        (lambda m: m.opset_import[0].__setattr__("version", 10**6), "cannot run the graph"),
    ],
)
def test_a_graph_that_is_none_of_ours_is_refused(graph, change, message):
    read(graph)
    change(graph)
    with pytest.raises(ValueError, match=message):
        read(graph)


@pytest.mark.parametrize("data", [b"", b"hello", b"\x80\x04", bytes(1000)])
def test_bytes_that_are_no_graph(data):
    with pytest.raises(ValueError, match="ONNX"):
        PredictionGraph(data, [(5,)], 3)


def test_a_truncated_graph_is_refused(graph):
    data = graph.SerializeToString()
    for size in range(0, len(data), 7):
        with pytest.raises(ValueError, match="ONNX"):
            PredictionGraph(data[:size], [(5,)], 3)


def test_a_graph_that_is_large_before_there_are_clips_is_read_in_little_memory(graph):
    """An array of 4 TB that depends on no clip, which ONNX Runtime would make at once."""
    shape = onnx.numpy_helper.from_array(np.array([10**6, 10**6], np.int64), "shape")
    one = onnx.numpy_helper.from_array(np.ones(1, np.float32), "one")
    graph.graph.initializer.extend([shape, one])
    last = graph.graph.node[-1].output
    (name,), last[:] = list(last), ["before"]
    graph.graph.node.extend(
        [
            helper.make_node("Expand", ["one", "shape"], ["large"]),
            helper.make_node("ReduceMax", ["large"], ["most"], keepdims=0),
            helper.make_node("Mul", ["before", "most"], [name]),
        ]
    )
    assert read(graph).n_classes == 3


def test_what_is_not_understood_does_not_reach_the_runtime(graph):
    unknown = b"\xfa\x7f\x05hello"  # a field of a number that no version of ONNX has
    data = graph.SerializeToString()
    assert PredictionGraph(data + unknown, [(5,)], 3).data == read(graph).data


@pytest.mark.parametrize(
    ("limit", "cores", "threads"), [("", 8, 2), ("", 1, 1), ("1", 8, 1), ("8", 8, 2), ("x", 2, 2)]
)
def test_threads(monkeypatch, limit, cores, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", limit)
    monkeypatch.setattr(prediction_graph.joblib, "cpu_count", lambda: cores)
    assert prediction_graph._n_threads() == threads


def test_nothing_is_written(graph, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    read(graph)([np.zeros((2, 5), np.float32)])
    assert list(tmp_path.iterdir()) == []
    assert "onnxruntime" in sys.modules
