import json
import time

import keras
import numpy as np
import pytest

from musigenre.networks.architectures import cnn, conv1d, crnn, lstm, mlp, mmnn
from musigenre.networks.rebuilding import rebuild, weight_shapes

CLIPS = {"n_bins": 20, "n_frames": 40, "n_classes": 3}
NETWORKS = [
    (mlp, {"n_features": 5, "n_classes": 3, "hidden_layer_sizes": [8, 4]}),
    (cnn, CLIPS),
    (cnn, CLIPS | {"filters": [4]}),
    (conv1d, CLIPS),
    (lstm, CLIPS | {"units": [4, 5]}),
    (crnn, CLIPS | {"filters": [4], "units": [5]}),
    *((mmnn, CLIPS | {"n_features": 5, "branch": b}) for b in ("cnn", "conv1d", "crnn", "lstm")),
]


@pytest.mark.parametrize(("build", "arguments"), NETWORKS)
def test_a_network_is_rebuilt_from_json_and_its_weights(build, arguments, rng):
    network = build(**arguments)
    weights = [rng.uniform(0.5, 1, w.shape).astype(np.float32) for w in network.get_weights()]
    network.set_weights(weights)
    again = rebuild(build, json.loads(json.dumps(arguments)), weights)
    X = [rng.normal(size=(2, *i.shape[1:])).astype(np.float32) for i in network.inputs]
    X = X if len(X) > 1 else X[0]
    np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (network(X), again(X))))
    assert weight_shapes(build, arguments) == [w.shape for w in weights]


@pytest.mark.parametrize(
    ("build", "sizes"),
    [
        (mlp, {"n_features": 10**9, "n_classes": 2, "hidden_layer_sizes": [10**9, 10**9]}),
        (cnn, {"n_bins": 10**6, "n_frames": 10**6, "n_classes": 2, "filters": [10**6, 10**6]}),
        (conv1d, {"n_bins": 10**9, "n_frames": 10**9, "n_classes": 2}),
        (lstm, {"n_bins": 10**6, "n_frames": 10**9, "n_classes": 2, "units": [10**9]}),
        (crnn, CLIPS | {"units": [10**9]}),
        (mmnn, CLIPS | {"n_features": 10**12}),
    ],
)
def test_a_network_of_any_size_is_refused_before_it_is_made(build, sizes):
    small = [np.zeros(3, np.float32)] * 20
    begin = time.process_time()
    with pytest.raises(ValueError, match="do not belong to the network"):
        rebuild(build, sizes, small)
    assert time.process_time() - begin < 30  # values of this size would take hours
    # Keras keeps no list of variables that it would make at the end of the next such scope.
    with keras.StatelessScope():
        pass


def test_an_endless_list_of_layers_is_refused():
    arguments = {"n_features": 1, "n_classes": 2, "hidden_layer_sizes": [1] * 10**6}
    with pytest.raises(ValueError, match="hidden_layer_sizes has 1000000 entries"):
        rebuild(mlp, arguments, [np.zeros((1, 1), np.float32)] * 4)


def test_weights_of_another_network_are_refused():
    arguments = {"n_features": 5, "n_classes": 3, "hidden_layer_sizes": [8]}
    weights = mlp(**arguments | {"n_features": 6}).get_weights()
    with pytest.raises(ValueError, match=r"do not belong to the network \{'n_features': 5"):
        rebuild(mlp, arguments, weights)
    with pytest.raises(TypeError):
        rebuild(mlp, arguments | {"exec": "x"}, weights)
