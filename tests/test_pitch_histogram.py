"""Pitch histograms of notes that are known."""

import numpy as np
import pytest

from musigenre.dsp.pitch_histogram import HIGHEST, LOWEST, pitch_histogram

SR = 22050


def note(number, n_harmonics=6, seconds=0.5):
    t = np.arange(int(seconds * SR)) / SR
    hz = 440 * 2 ** ((number - 69) / 12)
    harmonics = range(1, n_harmonics + 1)
    return sum(np.sin(2 * np.pi * hz * h * t) / h for h in harmonics).astype(np.float32)


@pytest.mark.parametrize("number", [45, 52, 60, 67, 69, 76, 83])
def test_a_note_is_heard_at_its_pitch(number):
    histogram = pitch_histogram(note(number), SR)
    assert LOWEST + histogram.argmax() == number
    assert histogram.max() > 0.8 * histogram.sum()


def test_two_notes_at_once_are_both_heard():
    histogram = pitch_histogram(note(57) + note(64), SR)
    assert {57 - LOWEST, 64 - LOWEST} <= set(np.argsort(-histogram)[:3])


def test_a_missing_fundamental_is_heard():
    t = np.arange(SR) / SR
    y = sum(np.sin(2 * np.pi * 220 * h * t) for h in (6, 7, 8, 9, 10)).astype(np.float32)
    assert LOWEST + pitch_histogram(y, SR).argmax() == 57


@pytest.mark.parametrize("n", [1, 100, 512, SR])
def test_short_and_silent_clips(n):
    histogram = pitch_histogram(np.zeros(n, dtype=np.float32), SR)
    assert histogram.shape == (HIGHEST - LOWEST + 1,)
    assert not histogram.any()
