"""Banks of narrow filters over the bins of a spectrum."""

from functools import lru_cache

import numpy as np

from musigenre.dsp.mel import mel_filters


class FilterBank:
    """Weighted sums over neighbouring bins, one for each filter.

    Filters that lie side by side are applied together, to the bins that they cover and to no
    others; a bank of narrow filters so costs a fraction of the full matrix product.

    Parameters
    ----------
    weights : ndarray of shape (n_filters, n_bins)
        Ordered by frequency.
    group : int
        How many filters are applied at a time.

    Attributes
    ----------
    n_filters : int
    n_bins : int
        Bins up to the last with a weight; a spectrum needs no more.

    Examples
    --------
    >>> import numpy as np
    >>> bank = FilterBank(np.array([[1, 1, 0, 0], [0, 0.5, 0.5, 0]]))
    >>> bank(np.array([[1.0], [2.0], [4.0], [8.0]])).tolist()
    [[3.0], [3.0]]
    """

    def __init__(self, weights: np.ndarray, group: int = 16):
        self.n_filters = len(weights)
        self._groups = []
        for first in range(0, self.n_filters, group):
            rows = weights[first : first + group]
            covered = np.flatnonzero(rows.any(axis=0))
            bins = slice(covered[0], covered[-1] + 1)
            part = np.ascontiguousarray(rows[:, bins])
            self._groups.append((slice(first, first + len(rows)), bins, part))
        self.n_bins = max(bins.stop for _, bins, _ in self._groups)

    def __call__(self, spectrum: np.ndarray) -> np.ndarray:
        """Sum up the bins of each frame.

        Parameters
        ----------
        spectrum : ndarray of shape (n_bins, n_frames)
            Bins after ``self.n_bins`` may be left out.

        Returns
        -------
        ndarray of shape (n_filters, n_frames)
        """
        out = np.empty((self.n_filters, spectrum.shape[1]), dtype=spectrum.dtype)
        for filters, bins, weights in self._groups:
            np.matmul(weights, spectrum[bins], out=out[filters], casting="same_kind")
        return out


@lru_cache(maxsize=8)
def mel_bank(
    sample_rate: int, n_fft: int, n_mels: int, f_min: float, dtype: np.dtype
) -> FilterBank:
    """Give the bank of :func:`mel_filters` from ``f_min`` Hz to half the sample rate."""
    return FilterBank(mel_filters(sample_rate, n_fft, n_mels, f_min, dtype=dtype))


@lru_cache(maxsize=8)
def semitone_bank(
    sample_rate: int,
    n_fft: int,
    first: int,
    last: int,
    dtype: np.dtype,
    half_width: float = 0.6,
) -> FilterBank:
    """Give a bank of triangles over the notes of the equal-tempered scale at A4 = 440 Hz.

    Parameters
    ----------
    sample_rate, n_fft : int
    first, last : int
        MIDI numbers of the lowest and the highest note, both included. The lowest must be wide
        enough to hold a bin.
    dtype : numpy.dtype
        Of the weights and the spectrum.
    half_width : float
        From the peak of a triangle to its foot, in semitones.

    Returns
    -------
    FilterBank
        Weights of a note sum to 1.
    """
    frequencies = np.arange(1, n_fft // 2 + 1) * sample_rate / n_fft
    pitch = 69 + 12 * np.log2(frequencies / 440)
    notes = np.arange(first, last + 1)
    weights = np.zeros((len(notes), n_fft // 2 + 1))
    weights[:, 1:] = np.maximum(0, 1 - np.abs(pitch - notes[:, None]) / half_width)
    weights /= weights.sum(axis=1, keepdims=True)
    return FilterBank(weights.astype(dtype))
