"""The short-time Fourier transform and its inverse, and the cutting of a signal into frames."""

from functools import lru_cache
from typing import Literal

import numpy as np
import scipy.fft
import scipy.signal


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
    window = scipy.signal.get_window("hann", n, fftbins=True).astype(dtype)
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
    frames = frame(y, n_fft, hop_length, "reflect") * hann(n_fft, y.dtype)
    return np.swapaxes(scipy.fft.rfft(frames, axis=-1, overwrite_x=True), -1, -2)


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
    n_fft, n_frames = 2 * (spectrum.shape[-2] - 1), spectrum.shape[-1]
    frames = scipy.fft.irfft(np.swapaxes(spectrum, -1, -2), n_fft, axis=-1)
    window = hann(n_fft, frames.dtype)
    frames *= window

    # A frame is cut into blocks of one hop; block k of frame t falls on block t + k of the signal.
    overlap = n_fft // hop_length
    shape = (n_frames + overlap - 1, hop_length)
    blocks = frames.reshape(*frames.shape[:-1], overlap, hop_length)
    signal = np.zeros((*frames.shape[:-2], *shape), dtype=frames.dtype)
    weight = np.zeros(shape, dtype=frames.dtype)
    for k in range(overlap):
        signal[..., k : k + n_frames, :] += blocks[..., k, :]
        weight[k : k + n_frames] += window[k * hop_length : (k + 1) * hop_length] ** 2
    covered = weight > np.finfo(weight.dtype).tiny
    signal /= np.where(covered, weight, 1)

    between = signal.reshape(*signal.shape[:-2], -1)[..., n_fft // 2 : -n_fft // 2]
    y = np.zeros((*between.shape[:-1], n_samples), dtype=between.dtype)
    n = min(n_samples, between.shape[-1])
    y[..., :n] = between[..., :n]
    return y
