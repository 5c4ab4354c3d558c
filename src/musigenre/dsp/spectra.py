"""The spectrograms that features share, each computed once and only if asked for."""

from functools import cached_property

import numpy as np

from musigenre.dsp.mel import mel_spectrogram, power_to_db
from musigenre.dsp.stft import stft


class Spectra:
    """The STFT of clips of one length, and what follows from it.

    Parameters
    ----------
    y : ndarray of shape (..., n_samples)
        Floating point.
    sample_rate : int
        In Hz.
    n_fft, hop_length : int
        In samples.
    """

    def __init__(self, y: np.ndarray, sample_rate: int, n_fft: int = 2048, hop_length: int = 512):
        self.y = y
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.hop_length = hop_length

    @cached_property
    def stft(self) -> np.ndarray:
        """Complex STFT, (..., 1 + n_fft // 2, n_frames)."""
        return stft(self.y, self.n_fft, self.hop_length)

    @cached_property
    def magnitude(self) -> np.ndarray:
        """Absolute value of the STFT."""
        return np.abs(self.stft)

    @cached_property
    def power(self) -> np.ndarray:
        """Squared magnitude."""
        return self.magnitude**2

    @cached_property
    def mel(self) -> np.ndarray:
        """Power in 128 mel bands, (..., 128, n_frames)."""
        return mel_spectrogram(self.power, self.sample_rate)

    @cached_property
    def mel_db(self) -> np.ndarray:
        """``mel`` in dB, at most 80 dB below the loudest point of the clip."""
        return power_to_db(self.mel)
