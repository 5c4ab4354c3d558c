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

    Attributes
    ----------
    stft : complex ndarray of shape (..., 1 + n_fft // 2, n_frames)
    magnitude, power : ndarray of shape (..., 1 + n_fft // 2, n_frames)
    mel : ndarray of shape (..., 128, n_frames)
    mel_db : ndarray of shape (..., 128, n_frames)
        ``mel`` in dB, at most 80 dB below the loudest point of the clip.
    """

    def __init__(self, y: np.ndarray, sample_rate: int, n_fft: int = 2048, hop_length: int = 512):
        self.y = y
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.hop_length = hop_length

    @cached_property
    def stft(self) -> np.ndarray:
        return stft(self.y, self.n_fft, self.hop_length)

    @cached_property
    def magnitude(self) -> np.ndarray:
        return np.abs(self.stft)

    @cached_property
    def power(self) -> np.ndarray:
        return self.magnitude**2

    @cached_property
    def mel(self) -> np.ndarray:
        return mel_spectrogram(self.power, self.sample_rate)

    @cached_property
    def mel_db(self) -> np.ndarray:
        return power_to_db(self.mel)
