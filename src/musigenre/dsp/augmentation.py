"""Alter a recording as other recordings differ: in speed and in colour."""

import numpy as np
import scipy.fft
import soxr

#: The speeds of which one is drawn: pitch and tempo move by at most one and a half semitones.
SPEEDS = (0.92, 0.94, 1.06, 1.08)

# The equaliser: seven gains at equal ratios of frequency, with this deviation in dB.
_N_POINTS, _LOWEST, _HIGHEST = 7, 60.0, 10000.0
_DEVIATION = 3.0


def augment(y: np.ndarray, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Play a clip at another speed and through a random equaliser.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Mono audio, floating point.
    sample_rate : int
        In Hz.
    rng : numpy.random.Generator
        Draws one of ``SPEEDS`` and the gains.

    Returns
    -------
    ndarray of shape (n_samples,)
        As long as the clip was: what is faster is repeated from its beginning, what is slower loses
        its end.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre.dsp.augmentation import augment
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)
    >>> altered = augment(tone, 22050, np.random.default_rng(0))
    >>> altered.shape, int(np.abs(np.fft.rfft(altered)).argmax())
    ((22050,), 475)
    """
    speed = rng.choice(SPEEDS)
    gains = rng.normal(0, _DEVIATION, _N_POINTS)
    return equalise(change_speed(y, speed), sample_rate, gains)


def change_speed(y: np.ndarray, speed: float) -> np.ndarray:
    """Resample a clip, so that pitch and tempo change together, and keep its length.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    speed : float
        1 is unchanged.

    Returns
    -------
    ndarray of shape (n_samples,)
    """
    changed = soxr.resample(y, speed, 1, quality="HQ")
    return np.resize(changed if len(changed) else y, len(y))


def equalise(y: np.ndarray, sample_rate: int, gains: np.ndarray) -> np.ndarray:
    """Raise and lower ranges of frequency, without moving anything in time.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    sample_rate : int
        In Hz.
    gains : ndarray of shape (n_points,)
        In dB, at equal ratios from 60 Hz to 10 kHz; linear in dB between them, and constant beyond.

    Returns
    -------
    ndarray of shape (n_samples,)
    """
    n = scipy.fft.next_fast_len(len(y), real=True)
    frequency = scipy.fft.rfftfreq(n, 1 / sample_rate).clip(min=1)
    points = np.geomspace(_LOWEST, _HIGHEST, len(gains))
    level = np.interp(np.log(frequency), np.log(points), gains)
    spectrum = scipy.fft.rfft(y, n) * (10 ** (level / 20)).astype(y.dtype)
    return scipy.fft.irfft(spectrum, n, overwrite_x=True)[: len(y)]
