"""Silence, noise, tones and speech are told from music."""

import numpy as np
import pytest
import scipy.signal

from musigenre import audio
from musigenre.datasets import KINDS, find_audio, make_track
from musigenre.features import SoundCheck, sound_note

SR = 22050
SECONDS = np.arange(12 * SR) / SR


def tone(*frequencies):
    return sum(np.sin(2 * np.pi * f * SECONDS) for f in frequencies) / len(frequencies) / 2


def coloured(rng, slope, n=12 * SR):
    frequency = np.fft.rfftfreq(n)
    frequency[0] = frequency[1]
    spectrum = rng.normal(size=(2, len(frequency))) * frequency ** (-slope / 2)
    y = np.fft.irfft(spectrum[0] + 1j * spectrum[1], n)
    return y / np.abs(y).max() / 2


@pytest.mark.parametrize("level_db", [-200, -90, -70])
def test_what_nobody_hears_is_silence_whatever_its_offset(rng, level_db):
    y = 10 ** (level_db / 20) * rng.normal(size=5 * SR)
    assert sound_note(y) == sound_note(y + 0.3) == "silence"
    assert sound_note(y[:100]) == "silence"


def test_one_loud_second_is_no_silence(rng):
    y = np.zeros(60 * SR)
    y[30 * SR : 31 * SR] = rng.normal(size=SR) / 10
    assert sound_note(y) != "silence"


@pytest.mark.parametrize("slope", [-2, -1, 0, 1, 2])
def test_noise_of_any_colour_length_and_course(rng, slope):
    y = coloured(rng, slope)
    swelling = y * np.linspace(0.01, 1, len(y))
    for signal in (y, y[: 2 * SR], swelling, y / 100):
        assert sound_note(signal) == "noise"


@pytest.mark.parametrize("frequencies", [(50,), (440,), (9000,), (350, 440), (220, 277, 330)])
def test_steady_tones(rng, frequencies):
    y = tone(*frequencies)
    for signal in (
        y,
        y[: 3 * SR],
        y + rng.normal(size=len(y)) / 100,
        y * np.linspace(0.1, 1, len(y)),
    ):
        assert sound_note(signal) == "tone"


def test_tones_that_change_are_neither_tone_nor_noise():
    melody = np.concatenate([tone(f)[: SR // 2] for f in (262, 294, 330, 349, 392, 440, 494, 523)])
    for signal in (melody, scipy.signal.chirp(SECONDS, 50, 12, 8000, "log")):
        assert sound_note(signal) == ""


def test_less_than_two_seconds_is_not_judged(rng):
    assert sound_note(rng.normal(size=int(1.9 * SR))) == "short"
    assert sound_note(rng.normal(size=100)) == "short"
    # A last window that is short says nothing of those before.
    silent = np.zeros(10 * SR)
    assert sound_note(np.concatenate([silent, rng.normal(size=SR)])) == "short"
    assert sound_note(np.concatenate([silent, rng.normal(size=3 * SR)])) == "noise"
    assert sound_note(np.empty(0)) == "silence"


@pytest.mark.parametrize("kind", KINDS)
def test_synthetic_music_is_music(kind):
    assert sound_note(make_track(kind, duration=20.0, random_state=0)) == ""


def test_blocks_of_any_size_give_the_same(rng):
    y = (coloured(rng, 1, 25 * SR) * (1 + np.sin(np.arange(25 * SR) / 3000))).astype(np.float32)
    whole, parts = SoundCheck(), SoundCheck()
    whole.add(y)
    for part in np.split(y, np.sort(rng.integers(0, len(y), 40))):
        parts.add(part)
    assert whole.measures() == parts.measures()


def measures_of(y):
    check = SoundCheck()
    check.add(y.astype(np.float32))
    return check.measures()


def test_loudness_changes_the_level_alone():
    y = make_track(KINDS[0], duration=12.0, random_state=1)
    loud, soft = measures_of(y), measures_of(y / 16)
    assert loud.level - soft.level == pytest.approx(20 * np.log10(16), abs=1e-4)
    for name in ("flatness", "fluctuation", "spread", "low_energy", "modulation"):
        assert getattr(loud, name) == pytest.approx(getattr(soft, name), rel=1e-4)


def test_gaussian_noise_has_the_flatness_of_theory(rng):
    check = SoundCheck()
    check.add(rng.normal(size=60 * SR).astype(np.float32))
    measures = check.measures()
    assert measures.flatness == pytest.approx(np.exp(-np.euler_gamma), abs=0.01)
    assert measures.fluctuation == pytest.approx(1, abs=0.03)
    assert measures.level == pytest.approx(0, abs=0.2)


def test_syllables_are_heard_by_their_rate():
    """A carrier that is modulated at 4 Hz is more so than at 1 or 16 Hz."""
    found = {}
    for rate in (1, 4, 16):
        check = SoundCheck()
        y = tone(200, 1000, 4000) * (1 + np.sin(2 * np.pi * rate * SECONDS))
        check.add(y.astype(np.float32))
        found[rate] = check.measures().joint_modulation
    assert found[4] == pytest.approx(np.sqrt(0.5), rel=0.05)
    assert found[4] > 10 * max(found[1], found[16])


def test_real_speech_and_real_music(real_data):
    folder = real_data("open_audio/198-209-0000.ogg").parent
    notes = {file: sound_note(audio.load(file)) for file in find_audio([folder])}
    assert [note for note in notes.values() if note] == ["speech-like"]
    assert notes[str(folder / "198-209-0000.ogg")] == "speech-like"


def test_real_music_is_seldom_taken_for_something_else(real_data):
    files = find_audio([real_data("gtzan/audio")])[::24]
    notes = [sound_note(audio.load(file)) for file in files]
    assert len(notes) - notes.count("") <= 1
