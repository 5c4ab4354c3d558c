"""The twelve blocks: parity with frozen values, and what single columns say."""

import numpy as np
import pandas as pd
import pytest
import scipy.signal
import soundfile

from musigenre.features.texture import (
    FEATURE_NAMES,
    N_SAMPLES,
    SAMPLE_RATE,
    TEXTURE_BLOCKS,
    texture,
)
from musigenre.features.texture.track_spectra import TrackSpectra

SECONDS = np.arange(N_SAMPLES) / SAMPLE_RATE


def describe(y):
    return pd.Series(texture(y.astype(np.float32)), index=FEATURE_NAMES)


def noise(seed=0):
    return np.random.default_rng(seed).normal(size=N_SAMPLES)


@pytest.fixture(scope="module")
def lossless(real_data):
    files = sorted(real_data("gtzan/lossless").glob("*.flac"))
    assert len(files) == 10
    return {file.stem: soundfile.read(file, dtype="float32")[0] for file in files}


@pytest.fixture(scope="module")
def parity(lossless, real_data):
    """Errors and frozen values of each block, (10, n_columns)."""
    frozen = np.load(real_data("texture/reference.npz"))
    actual = np.array([texture(y) for y in lossless.values()])
    expected = {
        name: np.array([frozen[f"{track}/{name}"] for track in lossless]) for name in TEXTURE_BLOCKS
    }
    return {
        name: (actual[:, columns] - expected[name], expected[name])
        for name, columns in TEXTURE_BLOCKS.items()
    }


@pytest.mark.parametrize("block", TEXTURE_BLOCKS)
def test_real_tracks_give_the_frozen_numbers(parity, block):
    # The frozen values rest on decibels rounded to half precision, which moves most numbers by
    # some 1e-4 of the block's scale; without that rounding the errors are a tenth as large.
    error, expected = parity[block]
    scale = expected.std()
    assert np.sqrt(np.mean(error**2)) < 1.1e-3 * scale
    assert np.abs(error).max() < 2e-2 * scale


def test_blocks_are_the_columns_with_their_name():
    assert len(FEATURE_NAMES) == 1909
    columns = np.arange(1909)
    for block, where in TEXTURE_BLOCKS.items():
        named = [i for i, name in enumerate(FEATURE_NAMES) if name.split("__")[0] == block]
        np.testing.assert_array_equal(columns[where], named)
    assert sum(len(columns[where]) for where in TEXTURE_BLOCKS.values()) == 1909


def test_a_short_clip_is_repeated_and_a_long_one_cropped(rng):
    short = rng.normal(size=100_000).astype(np.float32)
    filled = np.concatenate([short] * 7)[:N_SAMPLES]
    expected = texture(filled)
    np.testing.assert_array_equal(texture(short), expected)
    np.testing.assert_array_equal(texture(np.append(filled, short)), expected)


def test_a_recordings_gain_moves_only_the_level():
    y = noise() * (1.1 + np.sin(2 * np.pi * SECONDS))
    soft, loud = describe(0.1 * y), describe(y)
    level = {f"shape__level_db_{name}": 20 for name in ("mean", "p10", "p50", "p90")}
    moved = pd.Series(level).reindex(FEATURE_NAMES, fill_value=0)
    # A fixed floor beside a bin's power.
    np.testing.assert_allclose(loud - soft, moved, atol=2e-2)


def test_shape_in_hertz():
    tone = describe(np.sin(2 * np.pi * 3000 * SECONDS))
    for name in ("centroid", "rolloff25", "rolloff95"):
        assert np.exp(tone[f"shape__{name}_log_hz_p50"]) - 50 == pytest.approx(3000, abs=30)
    assert tone["shape__crossing_rate_p50"] == pytest.approx(6000 / SAMPLE_RATE, rel=0.01)
    hiss = describe(noise())
    assert np.exp(hiss["shape__rolloff50_log_hz_mean"]) - 50 == pytest.approx(5512, rel=0.01)
    assert hiss["shape__log_flatness_mean"] > tone["shape__log_flatness_mean"] + 5
    assert hiss["shape__entropy_mean"] > tone["shape__entropy_mean"] + 3


def test_brighter_sound_has_lower_second_coefficient():
    dull = scipy.signal.lfilter([1], [1, -0.95], noise())
    assert describe(dull)["mfcc__mfcc01_mean"] > describe(noise())["mfcc__mfcc01_mean"] + 20


@pytest.mark.parametrize(("hz", "column"), [(1.0, "0.98hz"), (3.5, "3.5hz"), (8.0, "8.2hz")])
def test_modulation_shows_its_rate(hz, column):
    row = describe(noise() * (1.05 + np.sin(2 * np.pi * hz * SECONDS)))
    band = row[[name for name in FEATURE_NAMES if name.startswith("modulation__band12_")]]
    assert band.idxmax() == f"modulation__band12_{column}"


@pytest.mark.parametrize(("falls", "wanted"), [(True, "falling"), (False, "rising")])
def test_glides_are_heard_by_the_filters_of_their_direction(falls, wanted):
    # A glide over three octaves within each second, in noise.
    position = SECONDS % 1
    hz = 500 * 8 ** (1 - position if falls else position)
    row = describe(np.sin(2 * np.pi * np.cumsum(hz) / SAMPLE_RATE) + 0.01 * noise())
    other = "rising" if falls else "falling"
    level = {
        direction: row[
            [name for name in FEATURE_NAMES if f"joint_mean__1hz_6cycles_{direction}" in name]
        ].mean()
        for direction in (wanted, other)
    }
    assert level[wanted] > level[other] + 0.3


def clicks(bpm):
    y = 1e-3 * noise()
    for start in np.arange(0, 29.8, 60 / bpm):
        y[int(start * SAMPLE_RATE) :][:2000] += noise(1)[:2000] * np.exp(-np.arange(2000) / 300)
    return y


@pytest.mark.parametrize("bpm", [80, 100, 120, 140])
def test_the_beat_is_found(bpm):
    row = describe(clicks(bpm))
    beat = np.exp(row["bar__log_beat_frames"]) * 512 / SAMPLE_RATE
    clicks_a_beat = beat * bpm / 60
    # Two clicks make a beat as well as one does.
    assert clicks_a_beat == pytest.approx(round(clicks_a_beat), rel=0.03)
    assert round(clicks_a_beat) in {1, 2}
    assert row["bar__repetition_at_1_beat"] > row["bar__repetition_at_1of3_beat"] + 0.2
    # The bar has a click on each beat: no harmonic but every fourth.
    strength = row[[f"bar__harmonic{k:02d}_register01_log_strength" for k in range(1, 17)]]
    assert strength.to_numpy()[3::4].mean() > strength.to_numpy()[[0, 1, 2, 4, 5, 6]].mean() + 1


def test_onset_scale_hardly_depends_on_the_tempo():
    columns = FEATURE_NAMES[TEXTURE_BLOCKS["onset_scale"]]
    slow, fast, none = (describe(y)[list(columns)] for y in (clicks(100), clicks(110), noise()))
    assert np.abs(slow - fast).mean() < 0.3 * np.abs(slow - none).mean()


def chord(notes):
    return sum(np.sin(2 * np.pi * 440 * 2 ** ((n - 69) / 12) * SECONDS) for n in notes)


def melody(notes):
    hz = 440 * 2 ** ((np.array(notes) - 69) / 12)
    hz = hz[(SECONDS * 2).astype(int) % len(notes)]
    return np.sin(2 * np.pi * np.cumsum(hz) / SAMPLE_RATE) + 1e-4 * noise()


def test_pitch_does_not_depend_on_the_key():
    columns = list(FEATURE_NAMES[TEXTURE_BLOCKS["pitch"]])
    tune = np.array([60, 64, 67, 60, 65, 69, 60, 60])
    here, there = describe(melody(tune))[columns], describe(melody(tune + 2))[columns]
    np.testing.assert_allclose(here, there, atol=0.1)


def test_pitch_profile_and_steps():
    tune = describe(melody([60, 67]))
    profile = tune[[f"pitch__above_tonic{k:02d}_mean" for k in range(12)]]
    assert set(profile.argsort()[-2:]) in ({0, 7}, {0, 5})
    steps = tune[[f"pitch__strongest_moves_up{k:02d}" for k in range(12)]]
    assert steps.sum() == pytest.approx(1)
    assert set(steps.argsort()[-3:]) == {0, 5, 7}
    held = describe(chord([60, 64, 67]))
    assert held["pitch__class_change_mean"] < 0.3 * tune["pitch__class_change_mean"]


def test_views_of_a_track_are_computed_once(rng):
    track = TrackSpectra(rng.normal(size=1000).astype(np.float32))
    assert track.level is track.level
    assert track.level.shape == (128, 1290)
    assert track.notes.shape == (76, 322)
    assert track.joint.shape == (5, 9, 8, 645)


def test_precision_is_that_of_the_audio():
    # A tone of 60 dB above the noise, in which single precision shows.
    y = melody([60, 64, 67]) + 1e-3 * noise()
    single, double = (texture(y.astype(dtype)) for dtype in (np.float32, np.float64))
    for view in ("mel_db", "level", "shape", "contrast", "notes", "joint"):
        assert getattr(TrackSpectra(y), view).dtype == np.float64, view
    scale = np.abs(double) + 1
    assert 0 < np.median(np.abs(single - double) / scale) < 1e-5
    # What is computed in double precision hardly feels how its input was rounded.
    rounded = texture(y.astype(np.float32).astype(np.float64))
    assert np.median(np.abs(rounded - double) / scale) < np.median(np.abs(single - double) / scale)


@pytest.mark.parametrize("dtype", [np.float16, np.int16])
def test_other_precisions_are_refused(dtype):
    with pytest.raises(TypeError, match=f"must be float32 or float64, got {np.dtype(dtype)}"):
        texture(np.ones(100, dtype))
