import numpy as np
import pytest

from musigenre.dsp.augmentation import SPEEDS, augment, change_speed, equalise

SR = 22050


def tone(hz, seconds=2.0):
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * SR)) / SR)


def peak_hz(y):
    return np.abs(np.fft.rfft(y * np.hanning(len(y)))).argmax() * SR / len(y)


@pytest.mark.parametrize("speed", SPEEDS)
def test_speed_moves_pitch_and_tempo_alike(speed):
    y = tone(1000.0)
    assert peak_hz(change_speed(y, speed)) == pytest.approx(1000 * speed, abs=1)
    clicks = np.zeros(2 * SR)
    clicks[[SR // 2, SR]] = 1
    changed = np.abs(change_speed(clicks, speed))
    first = changed[: round(0.75 * SR / speed)].argmax()
    second = round(0.75 * SR / speed) + changed[round(0.75 * SR / speed) : 2 * SR - 5000].argmax()
    assert second - first == pytest.approx(SR / 2 / speed, abs=2)


def test_what_is_faster_is_repeated_and_what_is_slower_cut():
    ramp = np.linspace(0, 1, SR)
    fast, slow = change_speed(ramp, 1.08), change_speed(ramp, 0.92)
    n = round(SR / 1.08)
    np.testing.assert_array_equal(fast[n:], fast[: SR - n])
    assert fast[n - 100] > 0.98
    assert slow[-100] == pytest.approx(0.92, abs=0.01)


def test_equaliser_has_its_gains_at_its_points():
    gains = np.array([6.0, -6.0, 3.0, 0.0, -3.0, 9.0, -9.0])
    impulse = np.zeros(2**15)
    impulse[2**14] = 1
    level = 20 * np.log10(np.abs(np.fft.rfft(equalise(impulse, SR, gains))))
    frequency = np.fft.rfftfreq(2**15, 1 / SR)
    at = np.interp(np.geomspace(60, 10000, 7), frequency, level)
    np.testing.assert_allclose(at, gains, atol=0.1)
    assert level[frequency > 10000] == pytest.approx(-9.0, abs=0.01)
    # Half way between two points, in pitch, lies the mean of their gains.
    middle = np.sqrt(60 * 60 * (10000 / 60) ** (1 / 6))
    assert np.interp(middle, frequency, level) == pytest.approx(0, abs=0.1)


def test_equaliser_moves_nothing_in_time(rng):
    impulse = np.zeros(2**15)
    impulse[1000] = 1
    answer = equalise(impulse, SR, rng.normal(0, 3, 7))
    assert np.abs(answer).argmax() == 1000
    np.testing.assert_allclose(answer[501:1000], answer[1499:1000:-1], atol=1e-9)


def test_no_gain_changes_nothing(rng):
    y = rng.normal(size=5000)
    np.testing.assert_allclose(equalise(y, SR, np.zeros(7)), y, atol=1e-12)
    np.testing.assert_allclose(change_speed(y, 1.0), y, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 2, 10, 22050, 66149])
def test_length_precision_and_input_stay(dtype, n):
    y = np.random.default_rng(0).normal(size=n).astype(dtype)
    before = y.copy()
    altered = augment(y, SR, np.random.default_rng(1))
    assert altered.shape == y.shape
    assert altered.dtype == dtype
    assert np.isfinite(altered).all()
    np.testing.assert_array_equal(y, before)


def test_seeds():
    y = tone(440).astype(np.float32)
    first, again, other = (augment(y, SR, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_all_speeds_are_drawn():
    y = tone(1000.0, 0.5)
    heard = {round(peak_hz(augment(y, SR, np.random.default_rng(s))) / 20) * 20 for s in range(30)}
    assert heard == {920, 940, 1060, 1080}
