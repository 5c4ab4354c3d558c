import itertools
import json

import keras
import numpy as np
import pytest

from musigenre.networks import architectures
from musigenre.networks.architectures import MLP_3S, MLP_30S, mlp


def dense_layers(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]


def test_the_fixed_designs_have_the_papers_number_of_layers():
    assert len(MLP_30S) == 3
    assert len(MLP_3S) == 4


@pytest.mark.parametrize("sizes", [MLP_30S, MLP_3S, (8,), ()])
def test_mlp_layers_and_number_of_parameters(sizes):
    model = mlp(57, 10, hidden_layer_sizes=sizes)
    widths = [57, *sizes, 10]
    assert model.input_shape == (None, 57)
    assert model.output_shape == (None, 10)
    assert [layer.units for layer in dense_layers(model)] == widths[1:]
    expected = sum((a + 1) * b for a, b in itertools.pairwise(widths))
    assert model.count_params() == expected


def test_mlp_computes_what_its_weights_say(rng):
    model = mlp(5, 3, hidden_layer_sizes=(7, 4))
    X = rng.normal(size=(20, 5)).astype(np.float32)
    h = X
    *hidden, last = [layer.get_weights() for layer in dense_layers(model)]
    for kernel, bias in hidden:
        h = np.maximum(h @ kernel + bias, 0)
    logits = h @ last[0] + last[1]
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(X)), expected, atol=1e-6)


def test_mlp_drops_outputs_in_training_only(rng):
    X = rng.normal(size=(4, 5)).astype(np.float32)
    model = mlp(5, 3, hidden_layer_sizes=(64,), dropout=0.5)
    at_rest = [keras.ops.convert_to_numpy(model(X, training=False)) for _ in range(2)]
    training = [keras.ops.convert_to_numpy(model(X, training=True)) for _ in range(2)]
    np.testing.assert_array_equal(*at_rest)
    assert np.abs(training[0] - training[1]).max() > 1e-3


def test_dropout_is_one_for_all_layers_or_one_per_layer():
    def rates(model):
        return [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]

    assert rates(mlp(5, 3, (8, 4), dropout=0.4)) == [0.4, 0.4]
    assert rates(mlp(5, 3, (8, 4), dropout=[0.3, 0.5])) == [0.3, 0.5]
    with pytest.raises(ValueError, match=r"dropout=\[0.3, 0.4, 0.5\] has 3 values for 2 hidden"):
        mlp(5, 3, (8, 4), dropout=[0.3, 0.4, 0.5])


def test_same_arguments_and_weights_give_the_same_network(rng):
    arguments = {"n_features": 5, "n_classes": 3, "hidden_layer_sizes": [8, 4], "dropout": [0.3]}
    X = rng.normal(size=(6, 5)).astype(np.float32)
    first = mlp(**arguments)
    second = mlp(**json.loads(json.dumps(arguments)))
    second.set_weights(first.get_weights())
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(first(X)), keras.ops.convert_to_numpy(second(X))
    )


def test_architectures_leave_training_to_others():
    assert not mlp(5, 3).compiled
    assert not hasattr(architectures, "tensorflow")
