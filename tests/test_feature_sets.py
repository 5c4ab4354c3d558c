"""What every named set of features promises."""

import numpy as np
import pytest

from musigenre.features.feature_sets import FEATURE_SETS

SR = 22050


@pytest.fixture(params=FEATURE_SETS)
def recipe(request):
    return FEATURE_SETS[request.param]


def test_the_sets():
    sizes = {name: len(recipe.names) for name, recipe in FEATURE_SETS.items()}
    assert sizes == {"gtzan57": 57, "tzanetakis": 30, "texture": 1909}


def test_names_are_unique_and_versioned(recipe):
    assert len(set(recipe.names)) == len(recipe.names)
    assert recipe.version >= 1
    assert recipe.sample_rate == SR


def test_a_batch_is_its_clips_one_by_one(recipe, rng):
    clips = rng.normal(size=(3, 2 * SR)).astype(np.float32)
    batch = recipe.compute(clips)
    assert batch.shape == (3, len(recipe.names))
    assert batch.dtype == float
    for clip, row in zip(clips, batch, strict=True):
        np.testing.assert_allclose(recipe.compute(clip[None])[0], row, rtol=1e-5, atol=1e-6)


def test_a_clip_is_not_written_to_and_gives_the_same_twice(recipe, rng):
    clips = rng.normal(size=(1, SR)).astype(np.float32)
    clips.flags.writeable = False
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    np.testing.assert_array_equal(recipe.compute(clips), recipe.compute(clips))
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


CLIPS = {
    "silence": lambda rng: np.zeros(SR),
    "a constant": lambda rng: np.full(SR, 0.5),
    "one sample": lambda rng: np.ones(1),
    "two samples": lambda rng: np.array([1, -1]),
    "511 samples": lambda rng: rng.normal(size=511),
    "one click": lambda rng: np.eye(1, SR, 9000)[0],
    "full scale": lambda rng: np.sign(rng.normal(size=SR)),
    "very quiet": lambda rng: 1e-7 * rng.normal(size=SR),
    "very loud": lambda rng: 1e4 * rng.normal(size=SR),
    "a tone": lambda rng: np.sin(np.arange(SR) / 7),
    "half silent": lambda rng: rng.normal(size=SR) * (np.arange(SR) > SR // 2),
}


@pytest.mark.parametrize("kind", CLIPS)
def test_every_clip_gives_finite_numbers(recipe, rng, kind):
    y = CLIPS[kind](rng).astype(np.float32)
    assert np.isfinite(recipe.compute(y[None])).all()


def test_only_texture_wants_a_length():
    wants = {name: recipe.n_samples for name, recipe in FEATURE_SETS.items()}
    assert wants == {"gtzan57": None, "tzanetakis": None, "texture": 1290 * 512}
