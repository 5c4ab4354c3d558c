"""The 57 features of the published GTZAN tables, column by column.

The recipe was recovered from the tables ``features_30_sec.csv`` and ``features_3_sec.csv`` that
are distributed with GTZAN: 22,050 Hz mono, ``n_fft`` 2048, ``hop_length`` 512, Hann window,
centred frames, reflected edges, mean and population variance over frames.
"""

import numpy as np

from musigenre.dsp import spectral
from musigenre.dsp.chroma import chroma
from musigenre.dsp.hpss import harmonic_percussive
from musigenre.dsp.mel import mfcc
from musigenre.dsp.rhythm import onset_strength, tempo
from musigenre.dsp.spectra import Spectra

_BEFORE_TEMPO = (
    "chroma_stft",
    "rms",
    "spectral_centroid",
    "spectral_bandwidth",
    "rolloff",
    "zero_crossing_rate",
    "harmony",
    "perceptr",
)
_AFTER_TEMPO = tuple(f"mfcc{i}" for i in range(1, 21))


def _mean_and_var(names: tuple[str, ...]) -> list[str]:
    return [f"{name}_{statistic}" for name in names for statistic in ("mean", "var")]


#: The columns, in the published order.
FEATURE_NAMES = (*_mean_and_var(_BEFORE_TEMPO), "tempo", *_mean_and_var(_AFTER_TEMPO))

#: Changes whenever a number changes.
VERSION = 1

#: The only rate at which the features mean what the published tables mean, in Hz.
SAMPLE_RATE = 22050


def gtzan57(y: np.ndarray) -> np.ndarray:
    """Compute the 57 features of clips of one length.

    Parameters
    ----------
    y : ndarray of shape (..., n_samples)
        Mono audio at 22,050 Hz, float32 or float64.

    Returns
    -------
    ndarray of shape (..., 57)
        Float64, in the order of ``FEATURE_NAMES``. Frequencies in Hz, tempo in beats per minute.

    Notes
    -----
    The precision of ``y`` is that of the computation. In float32 a pure tone drowns in rounding
    noise that widens its spectrum: its bandwidth comes out some 4 % too large.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre.features.gtzan57 import FEATURE_NAMES, gtzan57
    >>> noise = np.random.default_rng(0).normal(size=(10, 22050)).astype(np.float32)
    >>> features = gtzan57(noise)
    >>> features.shape
    (10, 57)
    >>> features[:, FEATURE_NAMES.index("rms_mean")].round(1)
    array([1., 1., 1., 1., 1., 1., 1., 1., 1., 1.])
    """
    spectra = Spectra(y, SAMPLE_RATE)
    centroid, bandwidth = spectral.spectral_shape(spectra.magnitude, SAMPLE_RATE)
    harmony, perceptr = harmonic_percussive(spectra.stft, spectra.magnitude, y)
    series = (
        chroma(spectra.power, SAMPLE_RATE).reshape(*y.shape[:-1], -1),
        spectral.rms(y),
        centroid,
        bandwidth,
        spectral.spectral_rolloff(spectra.magnitude, SAMPLE_RATE),
        spectral.zero_crossing_rate(y),
        harmony,
        perceptr,
    )
    columns = []
    for values in series:
        columns += _statistics(values)
    columns.append(tempo(onset_strength(spectra.mel_db), SAMPLE_RATE))
    for values in np.moveaxis(mfcc(spectra.mel_db), -2, 0):
        columns += _statistics(values)
    return np.stack(columns, axis=-1)


def _statistics(values: np.ndarray) -> list[np.ndarray]:
    """Mean and population variance over the last axis, summed in double precision."""
    return [values.mean(axis=-1, dtype=float), values.var(axis=-1, dtype=float)]
