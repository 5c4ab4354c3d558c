import itertools
import json

import keras
import numpy as np
import pytest

from musigenre.networks import architectures
from musigenre.networks.architectures import (
    MLP_3S,
    MLP_30S,
    Standardize,
    cnn,
    conv1d,
    crnn,
    lstm,
    mlp,
    mmnn,
)
from musigenre.networks.designs import BRANCHES

CLIP = {"mfcc": (20, 130), "mel": (128, 130), "stft": (1025, 130), "mel_picture": (216, 334)}
OVER_SPECTROGRAMS = [cnn, conv1d, lstm, crnn]


def run(model, *inputs):
    inputs = [np.asarray(x, dtype=np.float32) for x in inputs]
    return keras.ops.convert_to_numpy(model(inputs if len(inputs) > 1 else inputs[0]))


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


# Over spectrograms


@pytest.mark.parametrize(
    ("build", "kind", "n_parameters"),
    [
        (cnn, "mfcc", 138_386),
        (cnn, "mel", 179_754),
        (cnn, "stft", 194_796),
        (cnn, "mel_picture", 167_642),
        (conv1d, "mfcc", 115_634),
        (conv1d, "mel", 150_410),
        (conv1d, "stft", 193_164),
        (conv1d, "mel_picture", 178_746),
        (lstm, "mfcc", 59_634),
        (crnn, "mfcc", 219_858),
        (crnn, "mel", 298_090),
    ],
)
def test_networks_are_as_large_as_documented(build, kind, n_parameters):
    model = build(*CLIP[kind], 10)
    assert model.input_shape == (None, *CLIP[kind])
    assert model.output_shape == (None, 10)
    assert model.count_params() == n_parameters


@pytest.mark.parametrize("build", OVER_SPECTROGRAMS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (3, 5)])
def test_the_smallest_spectrogram_will_do(build, shape, rng):
    proba = run(build(*shape, 3), rng.normal(size=(2, *shape)))
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)


def test_filters_and_strides_of_the_cnn_follow_the_number_of_bins():
    for kind, filters, strides in [
        ("mfcc", [32, 64, 96], (2, 2)),
        ("mel", [16, 32, 64, 96], (2, 2)),
        ("mel_picture", [16, 32, 64, 96], (2, 2)),
        ("stft", [16, 32, 64, 96], (8, 2)),
    ]:
        model = cnn(*CLIP[kind], 10)
        blocks = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
        pools = [layer for layer in model.layers if isinstance(layer, keras.layers.MaxPooling2D)]
        assert [block.filters for block in blocks] == filters
        assert [block.strides for block in blocks] == [strides] + [(1, 1)] * (len(filters) - 1)
        assert len(pools) == len(filters)
        assert 5 <= pools[-1].output.shape[1] <= 10  # bins are not pooled away


def test_steps_of_conv1d_follow_the_number_of_bins():
    for kind, neighbours, strides, pools in [
        ("mfcc", None, 1, ["pool_1", "pool_2"]),
        ("mel", None, 4, ["pool_2"]),
        ("mel_picture", None, 4, ["pool_2"]),
        ("stft", (4,), 4, ["pool_2"]),
    ]:
        layers = {layer.name: layer for layer in conv1d(*CLIP[kind], 10).layers}
        assert getattr(layers.get("fewer_bins"), "pool_size", None) == neighbours
        assert layers["conv_1"].strides == (strides,)
        assert [name for name in layers if name.startswith("pool")] == pools
        # A quarter of the frames are left after the first block, and a third of these at the end.
        n_frames = -(-CLIP[kind][1] // 4)
        assert layers["relu_1"].output.shape[1] == n_frames
        assert layers["relu_3"].output.shape[1] == -(-n_frames // 3)


@pytest.mark.parametrize(("build", "step"), [(cnn, 8), (conv1d, 4)])
def test_convolutions_do_not_mind_when_something_sounds(build, step):
    X = np.zeros((2, 20, 96), np.float32)
    X[0, 3:9, 40:44] = X[1, 3:9, 40 + step : 44 + step] = 1
    one, later = run(build(20, 96, 3, filters=[8, 8]), X)
    np.testing.assert_allclose(one, later, atol=1e-5)


@pytest.mark.parametrize("build", [lstm, crnn])
def test_recurrence_minds_the_order(build, rng):
    X = rng.normal(size=(1, 20, 64))
    model = build(20, 64, 3)
    assert np.abs(run(model, X) - run(model, X[:, :, ::-1])).max() > 1e-4


def test_standardize_is_a_part_of_the_network_that_training_leaves_alone(rng):
    X = rng.normal(size=(40, 4, 9)) * [[1], [10], [100], [0]] + [[5], [0], [-7], [3]]
    model = conv1d(4, 9, 2)
    layer = model.get_layer("standardize")
    assert isinstance(layer, Standardize)
    assert layer.trainable_weights == []
    before = run(model, X)
    layer.set_statistics(X.mean(axis=(0, 2)), X.std(axis=(0, 2)))
    standard = keras.ops.convert_to_numpy(layer(X.astype(np.float32)))
    np.testing.assert_allclose(standard.mean(axis=(0, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(standard.std(axis=(0, 2)), [1, 1, 1, 0], atol=1e-5)
    other = conv1d(4, 9, 2)
    other.set_weights(model.get_weights())
    assert np.abs(run(model, X) - before).max() > 1e-4
    np.testing.assert_array_equal(run(other, X), run(model, X))


# Multi-modal


@pytest.mark.parametrize("branch", BRANCHES)
def test_mmnn_reads_both_inputs(branch, rng):
    features, spectrograms = rng.normal(size=(4, 5)), rng.normal(size=(4, 20, 32))
    model = mmnn(5, 20, 32, 3, branch=branch)
    proba = run(model, features, spectrograms)
    assert proba.shape == (4, 3)
    assert np.abs(run(model, features[::-1], spectrograms) - proba).max() > 1e-4
    assert np.abs(run(model, features, spectrograms[::-1]) - proba).max() > 1e-4


def test_a_head_of_mmnn_hears_its_branch_alone(rng):
    features, spectrograms = rng.normal(size=(4, 5)), rng.normal(size=(4, 20, 32))
    model = mmnn(5, 20, 32, 3, all_heads=True)
    heads = run(model, features, spectrograms)
    assert heads.shape == (4, 3, 3)
    np.testing.assert_allclose(heads.sum(axis=2), 1, atol=1e-6)
    changed = [run(model, features[::-1], spectrograms), run(model, features, spectrograms[::-1])]
    differences = [np.abs(heads - other).max(axis=(0, 2)) > 1e-4 for other in changed]
    assert [difference.tolist() for difference in differences] == [
        [True, True, False],  # features: both, features_alone
        [True, False, True],
    ]
    one = mmnn(5, 20, 32, 3)
    for layer in one.layers:
        layer.set_weights(model.get_layer(layer.name).get_weights())
    np.testing.assert_allclose(run(one, features, spectrograms), heads[:, 0], atol=1e-6)
