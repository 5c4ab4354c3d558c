"""TrackSpectra: the views of a track that the blocks share."""

from functools import cached_property

import numpy as np
import scipy.fft

from musigenre.dsp import timbre
from musigenre.dsp.filter_bank import mel_bank, semitone_bank
from musigenre.dsp.modulation import joint_modulation
from musigenre.dsp.spectral import spectral_shape
from musigenre.dsp.stft import frame
from musigenre.dsp.window import symmetric_hann

#: The rate, in Hz, at which the set is defined.
SAMPLE_RATE = 22050

#: Mel bands.
N_MELS = 128

_N_FFT, _HOP = 2048, 512
_N_FRAMES = 1290

#: The stretch of a track that is described, in samples: 29.95 s.
N_SAMPLES = _N_FRAMES * _HOP

#: Frames per second.
FRAME_RATE = SAMPLE_RATE / _HOP

#: Lowest and highest note of the semitone spectrum: 55 to 4186 Hz.
LOWEST_NOTE, HIGHEST_NOTE = 33, 108

# Semitones need a longer window, and change more slowly.
_NOTE_N_FFT, _NOTE_HOP = 8192, 2048
_N_NOTE_FRAMES = 322

# Samples transformed at a time, few enough to stay in the cache.
_BATCH = 2**17

_MEL_F_MIN = 30.0
_FLOOR = 1e-8
_ROLLOFF_SHARES = (0.25, 0.5, 0.85, 0.95)

#: The rows of ``TrackSpectra.shape``.
SHAPE_SERIES = (
    "centroid_hz",
    "bandwidth_hz",
    *(f"rolloff{share:.0%}_hz".replace("%", "") for share in _ROLLOFF_SHARES),
    "log_flatness",
    "flux",
    "level_db",
    "crossing_rate",
    "entropy",
)

#: Joint modulation: rates in Hz, scales in cycles over all the mel bands.
JOINT_RATES = (0.5, 1.0, 2.0, 4.0, 7.5)
JOINT_SCALES = (0.0, 6.0, -6.0, 12.0, -12.0, 24.0, -24.0, 48.0, -48.0)
N_JOINT_GROUPS = 8


class TrackSpectra:
    """Spectrograms and frame descriptors of one track, each computed once.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Mono audio at 22,050 Hz, floating point; its precision is that of the views. A shorter
        track is repeated until it fills ``N_SAMPLES``, of a longer one the beginning is taken.
    """

    def __init__(self, y: np.ndarray):
        self.y = np.resize(y, N_SAMPLES)

    @cached_property
    def _magnitude(self) -> np.ndarray:
        return _magnitude(self.y, _N_FFT, _HOP, _N_FRAMES)

    @cached_property
    def _power(self) -> np.ndarray:
        return self._magnitude**2

    @cached_property
    def mel_db(self) -> np.ndarray:
        """Power in mel bands in dB, not below -80; (128, 1290)."""
        bank = mel_bank(SAMPLE_RATE, _N_FFT, N_MELS, _MEL_F_MIN, self.y.dtype)
        return 10 * np.log10(np.maximum(bank(self._power), _FLOOR))

    @cached_property
    def level(self) -> np.ndarray:
        """``mel_db`` relative to the track's own level, not below -80 dB; (128, 1290).

        The level is that which the loudest band exceeds in a tenth of the frames, so that a
        recording's gain leaves no trace.
        """
        return np.maximum(self.mel_db - np.percentile(self.mel_db.max(axis=0), 90), -80)

    @cached_property
    def shape(self) -> np.ndarray:
        """The descriptors ``SHAPE_SERIES`` of each frame; (11, 1290)."""
        magnitude, power = self._magnitude, self._power
        flatness, entropy = timbre.flatness_and_entropy(power, _FLOOR)
        # Level is relative to a power of 1e6.
        level = 10 * np.log10(power.sum(axis=0) / 1e6 + _FLOOR)
        return np.vstack(
            [
                *spectral_shape(magnitude, SAMPLE_RATE),
                timbre.rolloff_frequencies(power, SAMPLE_RATE, _ROLLOFF_SHARES),
                np.log(flatness + _FLOOR),
                timbre.flux(magnitude),
                level,
                timbre.crossing_rate(self.y, _N_FFT, _HOP)[:_N_FRAMES],
                entropy,
            ]
        ).astype(self.y.dtype)

    @cached_property
    def contrast(self) -> np.ndarray:
        """Spectral contrast in dB; (7, 1290)."""
        return timbre.spectral_contrast(self._magnitude, SAMPLE_RATE)

    @cached_property
    def notes(self) -> np.ndarray:
        """Magnitude at each semitone from 55 to 4186 Hz; (76, 322)."""
        bank = semitone_bank(SAMPLE_RATE, _NOTE_N_FFT, LOWEST_NOTE, HIGHEST_NOTE, self.y.dtype)
        return bank(_magnitude(self.y, _NOTE_N_FFT, _NOTE_HOP, _N_NOTE_FRAMES, bank.n_bins))

    @cached_property
    def joint(self) -> np.ndarray:
        """Magnitude behind each filter of joint modulation, in frames of 46 ms; (5, 9, 8, 645)."""
        pairs = self.level.reshape(N_MELS, -1, 2).mean(axis=-1)
        return joint_modulation(pairs, FRAME_RATE / 2, JOINT_RATES, JOINT_SCALES, N_JOINT_GROUPS)


def _magnitude(
    y: np.ndarray, n_fft: int, hop_length: int, n_frames: int, n_bins: int | None = None
) -> np.ndarray:
    """Give the magnitude of the first frames and bins of the STFT; (n_bins, n_frames).

    The window is the symmetric Hann window.
    """
    frames = frame(y, n_fft, hop_length, "reflect")[:n_frames]
    magnitude = np.empty((n_frames, n_bins or 1 + n_fft // 2), dtype=y.dtype)
    window = symmetric_hann(n_fft, y.dtype)
    per_batch = _BATCH // n_fft
    for first in range(0, n_frames, per_batch):
        batch = slice(first, first + per_batch)
        windowed = frames[batch] * window
        spectrum = scipy.fft.rfft(windowed, axis=-1, overwrite_x=True)
        np.abs(spectrum[:, :n_bins], out=magnitude[batch])
    return magnitude.T
