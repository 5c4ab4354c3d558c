"""The 30 features of Tzanetakis and Cook on signals whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from musigenre.features.tzanetakis import FEATURE_NAMES, tzanetakis

SR = 22050


def describe(y):
    return pd.Series(tzanetakis(y.astype(np.float32)), index=FEATURE_NAMES)


def melody(notes, seconds=0.4):
    t = np.arange(int(seconds * SR)) / SR
    hz = [440 * 2 ** ((note - 69) / 12) for note in notes]
    return np.concatenate([sum(np.sin(2 * np.pi * f * h * t) / h for h in (1, 2, 3)) for f in hz])


def clicks(bpm, accent=1, every=1):
    y = np.zeros(12 * SR)
    burst = np.random.default_rng(0).normal(size=400) * np.exp(-np.arange(400) / 60)
    for k, start in enumerate(np.arange(0, 11.9, 60 / bpm)):
        y[int(start * SR) :][:400] += burst * (1 if k % every else accent)
    return y


def test_there_are_30():
    assert len(set(FEATURE_NAMES)) == 30


@pytest.mark.parametrize("bpm", [60, 90, 120, 150])
def test_a_click_track_gives_its_tempo(bpm):
    row = describe(clicks(bpm))
    assert row["beat_first_bpm"] == pytest.approx(bpm, abs=1)
    assert row["beat_first_share"] > 0.9


def test_an_accented_beat_has_two_tempi():
    row = describe(clicks(160, accent=3, every=2))
    assert {round(row["beat_first_bpm"]), round(row["beat_second_bpm"])} == {160, 80}
    assert 0 < row["beat_second_to_first"] <= 1
    assert row["beat_second_share"] == pytest.approx(
        row["beat_first_share"] * row["beat_second_to_first"]
    )


def test_a_melody_in_c_peaks_at_c():
    row = describe(melody([60, 64, 60, 67, 60, 72, 60, 55]))
    assert row["pitch_note"] == 60
    assert row["pitch_class"] == 0
    # G is one fifth above C.
    assert row["pitch_interval"] == 1


@pytest.mark.parametrize(("note", "fifths"), [(60, 0), (67, 1), (62, 2), (69, 3), (65, 11)])
def test_pitch_classes_are_counted_in_fifths(note, fifths):
    assert describe(melody([note]))["pitch_class"] == fifths


def test_one_note_is_more_certain_than_many():
    one, many = describe(melody([60] * 12)), describe(melody(range(60, 72)))
    assert one["pitch_first_share"] > 0.9
    assert many["pitch_first_share"] < 0.2


def test_timbre_of_a_tone_and_of_noise(rng):
    tone = describe(np.sin(2 * np.pi * 2000 * np.arange(3 * SR) / SR))
    hiss = describe(rng.normal(size=3 * SR))
    assert tone["centroid_mean"] == pytest.approx(2000, rel=0.03)
    assert tone["rolloff_mean"] == pytest.approx(2000, abs=100)
    assert tone["crossing_rate_mean"] == pytest.approx(4000 / SR, rel=0.01)
    assert hiss["centroid_mean"] == pytest.approx(SR / 4, rel=0.02)
    assert hiss["rolloff_mean"] == pytest.approx(0.85 * SR / 2, rel=0.02)
    assert hiss["flux_mean"] > 100 * tone["flux_mean"]


def test_low_energy_is_the_share_of_quiet_frames(rng):
    # Frames are centred on multiples of 512.
    loud = ((np.arange(6 * SR) + 256) // 512) % 10 < 3
    assert describe(rng.normal(size=6 * SR) * loud)["low_energy"] == pytest.approx(0.7, abs=0.04)


def test_variance_is_within_a_second_not_over_the_clip(rng):
    y = rng.normal(size=20 * SR)
    # Two halves that differ in timbre: only the windows over the border see it.
    dull = np.convolve(y, np.ones(8) / 8, mode="same")
    both = np.concatenate([y[: 10 * SR], dull[10 * SR :]])
    row = describe(both)
    spread = (describe(y)["centroid_mean"] - describe(dull)["centroid_mean"]) / 2
    assert row["centroid_var"] < 0.2 * spread**2


def test_loudness_changes_only_the_strength_of_the_beat(rng):
    y = rng.normal(size=3 * SR) * (1.2 + np.sin(np.arange(3 * SR) / 3000))
    soft, loud = describe(0.1 * y), describe(y)
    assert loud.pop("beat_sum") == pytest.approx(100 * soft.pop("beat_sum"), rel=1e-3)
    np.testing.assert_allclose(soft, loud, rtol=2e-3, atol=1e-3)


def test_silence_has_neither_beat_nor_pitch():
    np.testing.assert_allclose(describe(np.zeros(SR)), 0, atol=1e-4)
