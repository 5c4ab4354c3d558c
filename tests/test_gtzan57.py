"""The 57 columns against the published tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from musigenre.features.gtzan57 import FEATURE_NAMES, gtzan57

# One bin of the STFT, in Hz.
BIN = 22050 / 2048


def published(path):
    return pd.read_csv(path).set_index("filename")[list(FEATURE_NAMES)].astype(float)


@pytest.fixture(scope="module")
def tracks(real_data):
    files = sorted(real_data("gtzan/lossless").glob("*.flac"))
    assert len(files) == 10
    return {file.stem: soundfile.read(file, dtype="float32")[0] for file in files}


def assert_parity(actual, expected, n_frames):
    """Check every column to 1e-4, and their medians over the rows to 1e-6.

    A mean that is near zero beside the spread of its series is judged by that spread. The rolloff
    is a bin: where a sum falls on the threshold but for rounding, one frame may move by one bin.
    """
    error = (actual - expected).abs()
    allowed = 1e-4 * expected.abs()
    for mean in actual.columns[actual.columns.str.endswith("_mean")]:
        spread = expected[mean.replace("_mean", "_var")] ** 0.5
        allowed[mean] = np.maximum(allowed[mean], 1e-5 * spread)
    moved = error["rolloff_mean"] * n_frames / BIN > 0.5
    assert moved.sum() <= 2
    assert (error["rolloff_mean"] <= 1.01 * BIN / n_frames).all()
    allowed.loc[moved, "rolloff_var"] = 1e-3 * expected.loc[moved, "rolloff_var"]
    assert (error <= allowed).all(axis=None), error.where(error > allowed).stack()
    relative = (error / expected.abs()).drop(columns=["harmony_mean", "perceptr_mean"])
    assert (relative.median() < 1e-6).all()


def test_whole_tracks_equal_the_published_30_s_table(tracks, real_data):
    expected = published(real_data("gtzan/features_30_sec.csv")).loc[[f"{t}.wav" for t in tracks]]
    actual = pd.DataFrame(
        [gtzan57(y) for y in tracks.values()], index=expected.index, columns=FEATURE_NAMES
    )
    assert_parity(actual, expected, n_frames=1293)


def test_clips_equal_the_published_3_s_table(tracks, real_data):
    table = published(real_data("gtzan/features_3_sec.csv"))
    rows = []
    for track, y in tracks.items():
        clips = np.stack([y[66150 * k : 66150 * k + 66149] for k in range(10)])
        index = [f"{track}.{k}.wav" for k in range(10)]
        rows.append(pd.DataFrame(gtzan57(clips), index=index, columns=FEATURE_NAMES))
    actual = pd.concat(rows)
    actual = actual[actual.index.isin(table.index)]
    assert len(actual) >= 90
    assert_parity(actual, table.loc[actual.index], n_frames=130)


def test_columns_are_those_of_the_published_tables(real_data):
    header = pd.read_csv(real_data("gtzan/features_3_sec.csv"), nrows=0).columns
    assert [c for c in header if c not in {"filename", "length", "label"}] == list(FEATURE_NAMES)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 3000),
    kind=st.sampled_from(["noise", "silence", "constant", "click", "tone", "faint", "loud"]),
    precision=st.sampled_from([np.float32, np.float64]),
)
def test_every_signal_of_every_length_gives_finite_numbers(n, kind, precision):
    noise = np.random.default_rng(n).normal(size=n)
    y = {
        "noise": noise,
        "silence": np.zeros(n),
        "constant": np.full(n, -0.5),
        "click": np.arange(n) == n // 2,
        "tone": np.sin(np.arange(n)),
        "faint": 1e-30 * noise,
        "loud": 1e6 * noise,
    }[kind]
    assert np.isfinite(gtzan57(y.astype(precision))).all()


def test_single_precision_is_close_to_double(rng):
    y = rng.normal(size=(2, 66149)) * np.linspace(0, 1, 66149)
    single, double = gtzan57(y.astype(np.float32)), gtzan57(y)
    np.testing.assert_allclose(single, double, rtol=1e-3, atol=1e-4)


def test_nan_in_a_clip_leaves_the_others_alone(rng):
    y = rng.normal(size=(3, 30000)).astype(np.float32)
    expected = gtzan57(y)
    y[1, 5000] = np.nan
    np.testing.assert_array_equal(gtzan57(y)[[0, 2]], expected[[0, 2]])


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
    unmoved = soft.drop([*scaled, "mfcc1_mean", "harmony_mean", "perceptr_mean"]).index
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
