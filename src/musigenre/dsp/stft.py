"""The short-time Fourier transform and its inverse, and the cutting of a signal into frames."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import numpy as np
import scipy.fft


def frame(
    y: np.ndarray,
    frame_length: int,
    hop_length: int,
    pad_mode: Literal["reflect", "edge"],
) -> np.ndarray:
    """Cut a signal into overlapping frames centred on the multiples of ``hop_length``.

    Parameters
    ----------
    y : ndarray of shape (..., n_samples)
    frame_length, hop_length : int
        In samples.
    pad_mode : {"reflect", "edge"}
        How ``frame_length // 2`` samples are added at both ends, see :func:`numpy.pad`. A signal
        shorter than that is reflected as often as needed.

    Returns
    -------
    ndarray of shape (..., n_frames, frame_length)
        A read-only view, ``n_frames = 1 + n_samples // hop_length``.
    """
    half = frame_length // 2
    padded = np.pad(y, [(0, 0)] * (y.ndim - 1) + [(half, half)], mode=pad_mode)
    windows = np.lib.stride_tricks.sliding_window_view(padded, frame_length, axis=-1)
    return windows[..., ::hop_length, :]


@lru_cache(maxsize=8)
def hann(n: int, dtype: np.dtype) -> np.ndarray:
    """Give the periodic Hann window of ``n`` samples."""
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)).astype(dtype)
    window.flags.writeable = False
    return window


def stft(y: np.ndarray, n_fft: int = 2048, hop_length: int = 512) -> np.ndarray:
    """Short-time Fourier transform with a Hann window and reflected edges.

    Parameters
    ----------
    y : ndarray of shape (..., n_samples)
    n_fft, hop_length : int
        In samples.

    Returns
    -------
    ndarray of shape (..., 1 + n_fft // 2, n_frames)
        Complex, in the precision of ``y``.
    """
    frames = frame(y, n_fft, hop_length, "reflect")
    window = hann(n_fft, y.dtype)
    dtype = np.result_type(y.dtype, np.complex64)
    spectrum = np.empty((*frames.shape[:-1], 1 + n_fft // 2), dtype=dtype)
    for clip in np.ndindex(frames.shape[:-2]):
        for block in _blocks(frames.shape[-2]):
            spectrum[clip][block] = scipy.fft.rfft(frames[clip][block] * window, overwrite_x=True)
    return np.swapaxes(spectrum, -1, -2)


def istft(spectrum: np.ndarray, n_samples: int, hop_length: int = 512) -> np.ndarray:
    """Invert :func:`stft` by overlap and add, as librosa did before version 0.10.

    Only the ``(n_frames - 1) * hop_length`` samples between the centres of the first and the last
    frame are reconstructed; the rest, up to ``n_samples``, is zero. The published GTZAN tables
    were made so, and their ``harmony_mean`` depends on it.

    Parameters
    ----------
    spectrum : ndarray of shape (..., 1 + n_fft // 2, n_frames)
    n_samples : int
        Length of the result.
    hop_length : int
        In samples; must divide ``n_fft``.

    Returns
    -------
    ndarray of shape (..., n_samples)
    """
    from musigenre.dsp import kernels

    n_fft, n_frames = 2 * (spectrum.shape[-2] - 1), spectrum.shape[-1]
    frames = np.swapaxes(spectrum, -1, -2)
    window = hann(n_fft, spectrum.real.dtype)
    n_covered = (n_frames - 1) * hop_length
    signal = np.zeros((*frames.shape[:-2], n_covered + n_fft), dtype=window.dtype)
    for clip in np.ndindex(frames.shape[:-2]):
        for block in _blocks(n_frames):
            pieces = scipy.fft.irfft(frames[clip][block], n_fft)
            kernels.overlap_add(
                pieces, window, hop_length, signal[clip][block.start * hop_length :]
            )

    n = min(n_samples, n_covered)
    y = np.zeros((*signal.shape[:-1], n_samples), dtype=signal.dtype)
    between = slice(n_fft // 2, n_fft // 2 + n)
    np.divide(signal[..., between], _overlap(window, n_frames, hop_length)[between], out=y[..., :n])
    return y


def _blocks(n_frames: int) -> Iterator[slice]:
    """Cut frames into blocks that the processor's cache holds."""
    return (slice(first, first + 256) for first in range(0, n_frames, 256))


def _overlap(window: np.ndarray, n_frames: int, hop_length: int) -> np.ndarray:
    """Add up the squared windows of overlapping frames."""
    # A frame is cut into blocks of one hop; block k of frame t falls on block t + k of the signal.
    blocks = (window**2).reshape(-1, hop_length)
    total = np.zeros((n_frames + len(blocks) - 1, hop_length), dtype=window.dtype)
    for k, block in enumerate(blocks):
        total[k : k + n_frames] += block
    return total.ravel()
