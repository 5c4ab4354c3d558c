"""The 57 columns against the published tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from musigenre.features.gtzan57 import FEATURE_NAMES, gtzan57

# Means of signals that cancel out: judged by absolute error.
NEAR_ZERO = ["harmony_mean", "perceptr_mean"]


def published(path):
    return pd.read_csv(path).set_index("filename")[list(FEATURE_NAMES)].astype(float)


@pytest.fixture(scope="module")
def tracks(real_data):
    files = sorted(real_data("gtzan/lossless").glob("*.flac"))
    assert len(files) == 10
    return {file.stem: soundfile.read(file, dtype="float32")[0] for file in files}


def assert_parity(actual, expected):
    error = (actual - expected).abs()
    close = error <= 1e-3 * expected.abs()
    close[NEAR_ZERO] |= error[NEAR_ZERO] <= 1e-6
    assert close.all(axis=None), error.where(~close).stack()
    relative = error / expected.abs()
    assert (relative.median() < 1e-5).all()


def test_whole_tracks_equal_the_published_30_s_table(tracks, real_data):
    expected = published(real_data("gtzan/features_30_sec.csv")).loc[[f"{t}.wav" for t in tracks]]
    actual = pd.DataFrame(
        [gtzan57(y) for y in tracks.values()], index=expected.index, columns=FEATURE_NAMES
    )
    assert_parity(actual, expected)


def test_clips_equal_the_published_3_s_table(tracks, real_data):
    table = published(real_data("gtzan/features_3_sec.csv"))
    for track, y in tracks.items():
        clips = np.stack([y[66150 * k : 66150 * k + 66149] for k in range(10)])
        rows = [f"{track}.{k}.wav" for k in range(10)]
        actual = pd.DataFrame(gtzan57(clips), index=rows, columns=FEATURE_NAMES)
        known = [row for row in rows if row in table.index]
        assert len(known) >= 9
        assert_parity(actual.loc[known], table.loc[known])


def test_columns_are_those_of_the_published_tables(real_data):
    header = pd.read_csv(real_data("gtzan/features_3_sec.csv"), nrows=0).columns
    assert [c for c in header if c not in {"filename", "length", "label"}] == list(FEATURE_NAMES)


@pytest.mark.parametrize("n", [1, 2, 100, 511, 2048, 30000])
def test_every_length_gives_finite_numbers(rng, n):
    assert np.isfinite(gtzan57(rng.normal(size=(2, n)).astype(np.float32))).all()


def test_silence():
    row = pd.Series(gtzan57(np.zeros(22050, dtype=np.float32)), index=FEATURE_NAMES)
    # The level of silence is the floor of the decibel scale, 1e-10: -100 dB in every band.
    assert row["mfcc1_mean"] == pytest.approx(-100 * np.sqrt(128), rel=1e-6)
    assert (row.drop("mfcc1_mean").abs() < 1e-4).all()


def test_loudness_changes_only_what_measures_loudness(rng):
    y = rng.normal(size=22050).astype(np.float32)
    soft, loud = (pd.Series(gtzan57(g * y), index=FEATURE_NAMES) for g in (0.1, 0.4))
    scaled = {"rms_mean": 4, "rms_var": 16, "harmony_var": 16, "perceptr_var": 16}
    for name, factor in scaled.items():
        assert loud[name] == pytest.approx(factor * soft[name], rel=1e-3)
    assert loud["mfcc1_mean"] - soft["mfcc1_mean"] == pytest.approx(
        20 * np.log10(4) * np.sqrt(128), rel=1e-3
    )
    unmoved = soft.drop([*scaled, "mfcc1_mean", *NEAR_ZERO]).index
    np.testing.assert_allclose(loud[unmoved], soft[unmoved], rtol=2e-3, atol=1e-3)


def signals():
    """Signals that need no file: a chord with beats and noise, a chirp, clicks."""
    t = np.arange(5 * 22050) / 22050
    noise = np.random.RandomState(0).uniform(-1, 1, len(t))  # a stream NumPy has frozen
    chord = sum(np.sin(2 * np.pi * f * t) for f in (220.0, 277.18, 329.63)) / 6
    beats = np.exp(-20 * (t % 0.5)) * noise
    return {
        "music": 0.7 * chord + 0.3 * beats,
        "chirp": np.sin(2 * np.pi * (100 * t + 400 * t**2)),
        "clicks": (np.arange(len(t)) % 9000 == 0) * 1.0 + 0.001 * noise,
    }


def test_frozen_values():
    """The numbers of version 1 of the recipe, for where no published table is at hand."""
    expected = pd.read_csv(Path(__file__).parent / "gtzan57.csv", index_col="feature")
    for name, y in signals().items():
        actual = pd.Series(gtzan57(y.astype(np.float32)), index=FEATURE_NAMES)
        scale = expected[name].abs() * 1e-3 + 1e-4
        difference = (actual - expected[name]).abs()
        # One frame's rolloff may move by a bin of 10.8 Hz. Beside a pure tone, rounding in single
        # precision widens the spectrum.
        scale["rolloff_var"] += 100
        scale[["spectral_bandwidth_mean", "spectral_bandwidth_var"]] *= 20 if name == "chirp" else 1
        assert (difference <= scale).all(), difference[difference > scale]
