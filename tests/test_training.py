import subprocess
import sys

import keras
import numpy as np
import pytest

from musigenre.networks import MLPClassifier
from musigenre.networks.training import learning_rate_schedule


def rates(name, peak=0.1, n_steps=200):
    rate = learning_rate_schedule(name, peak, n_steps)
    return np.array([float(rate if name == "constant" else rate(step)) for step in range(n_steps)])


def test_schedules():
    np.testing.assert_allclose(rates("constant"), 0.1)
    expected = 0.05 * (1 + np.cos(np.pi * np.arange(200) / 200))
    np.testing.assert_allclose(rates("cosine"), expected, atol=1e-6)
    cycle = rates("one_cycle")
    assert cycle.argmax() == 50
    np.testing.assert_allclose(cycle[:51], np.linspace(0.004, 0.1, 51), atol=1e-6)
    falling = 0.05 * (1 + np.cos(np.pi * np.arange(150) / 150))
    np.testing.assert_allclose(cycle[50:], falling, atol=1e-6)


@pytest.mark.parametrize("n_steps", [1, 2, 3])
@pytest.mark.parametrize("name", ["cosine", "one_cycle"])
def test_the_shortest_training_has_a_rate(name, n_steps):
    values = rates(name, n_steps=n_steps)
    assert np.isfinite(values).all()
    assert (values > 0).all()


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow traces")
def test_tensorflow_traces_a_step_once(monkeypatch, rng):
    traced = []
    step = keras.Model.train_step
    monkeypatch.setattr(
        keras.Model, "train_step", lambda self, data: (traced.append(1), step(self, data))[1]
    )
    X, y = rng.normal(size=(50, 3)), np.arange(50) % 2
    MLPClassifier((4,), batch_size=16, epochs=2).fit(X, y)  # the last batch is smaller
    assert len(traced) == 1


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="of TensorFlow")
def test_a_training_leaves_tensorflow_as_it_was():
    program = """if True:
        import numpy as np
        from musigenre.networks import MLPClassifier
        X, y = np.random.rand(20, 3), np.arange(20) % 2
        MLPClassifier((2,), epochs=1).fit(X, y)
        import tensorflow as tf
        from tensorflow.python.framework import config
        assert not config.is_op_determinism_enabled()
        tf.random.uniform((2,))  # without a seed
        """
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
