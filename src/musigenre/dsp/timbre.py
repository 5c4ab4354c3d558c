"""What the spectrum of a frame looks like: one number, or a few, for each frame.

Frames run along the last axis, bins along the one before.
"""

from itertools import pairwise

import numpy as np

# Frequencies are looked for in two steps: first the block of so many bins, then the bin.
_BLOCK = 32


def rolloff_frequencies(
    power: np.ndarray, sample_rate: int, shares: tuple[float, ...]
) -> np.ndarray:
    """Frequencies, in Hz, below which given shares of a frame's power lie.

    Parameters
    ----------
    power : ndarray of shape (n_bins, n_frames)
    sample_rate : int
    shares : tuple of float in (0, 1)

    Returns
    -------
    ndarray of shape (n_shares, n_frames)
        Zero for a silent frame.

    Examples
    --------
    >>> import numpy as np
    >>> power = np.ones((101, 1), dtype=np.float32)
    >>> rolloff_frequencies(power, 20000, (0.25, 0.5)).ravel().tolist()
    [2500.0, 5000.0]
    """
    rows = power.T
    n_frames, n_bins = rows.shape
    frames = np.arange(n_frames)
    # upto[t, b] is the power of frame t before block b.
    upto = np.zeros((n_frames, -(-n_bins // _BLOCK) + 1), dtype=power.dtype)
    np.cumsum(np.add.reduceat(rows, np.arange(0, n_bins, _BLOCK), axis=1), axis=1, out=upto[:, 1:])

    found = np.empty((len(shares), n_frames), dtype=int)
    for out, share in zip(found, shares, strict=True):
        wanted = (np.asarray(share, power.dtype) * upto[:, -1])[:, None]
        block = (upto[:, 1:] < wanted).sum(axis=1)
        bins = _BLOCK * block[:, None] + np.arange(_BLOCK)
        within = rows[frames[:, None], np.minimum(bins, n_bins - 1)]
        before = upto[frames, block][:, None]
        out[:] = _BLOCK * block + (before + np.cumsum(within, axis=1) < wanted).sum(axis=1)
    # Rounding may leave the two steps a last bit apart, at the very end.
    return np.minimum(found, n_bins - 1) * (sample_rate / (2 * (n_bins - 1)))


def flatness_and_entropy(power: np.ndarray, amin: float = 1e-8) -> tuple[np.ndarray, np.ndarray]:
    """Two measures of how evenly a frame's power is spread over the bins.

    Flatness is the geometric over the arithmetic mean, in (0, 1]; entropy is that of the power as
    a distribution over the bins, in nats. They share one logarithm.

    Parameters
    ----------
    power : ndarray of shape (n_bins, n_frames)
    amin : float
        Added to the power of each bin, so that silence has a logarithm: it is flat and, having
        nothing to distribute, of entropy 0.

    Returns
    -------
    flatness, entropy : ndarray of shape (n_frames,)
    """
    log_power = np.log(power + amin)
    flatness = np.exp(log_power.mean(axis=0)) / (power.mean(axis=0) + amin)
    total = power.sum(axis=0)
    # -sum p log p with p = power / total
    mean_log = np.einsum("ij,ij->j", power, log_power) / (total + amin)
    share = total / (total + amin)
    return flatness, np.maximum(share * np.log(total + amin) - mean_log, 0)


def flux(magnitude: np.ndarray) -> np.ndarray:
    """Distance between successive frames, each scaled to length 1; 0 for the first.

    Parameters
    ----------
    magnitude : ndarray of shape (n_bins, n_frames)

    Returns
    -------
    ndarray of shape (n_frames,)
        In [0, sqrt(2)].
    """
    rows = magnitude.T
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows) + 1e-8)
    change = np.diff(rows / length[:, None], axis=0)
    distance = np.zeros(len(rows), dtype=magnitude.dtype)
    np.sqrt(np.einsum("ij,ij->i", change, change), out=distance[1:])
    return distance


def crossing_rate(y: np.ndarray, frame_length: int = 2048, hop_length: int = 512) -> np.ndarray:
    """Share of neighbouring samples of opposite sign in each centred frame, edges reflected.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    frame_length, hop_length : int

    Returns
    -------
    ndarray of shape (1 + n_samples // hop_length,)
    """
    padded = np.signbit(np.pad(y, frame_length // 2, mode="reflect"))
    before = np.concatenate([[0], np.cumsum(padded[1:] != padded[:-1])])
    starts = np.arange(0, len(padded) - frame_length + 1, hop_length)
    return (before[starts + frame_length - 1] - before[starts]) / (frame_length - 1)


def spectral_contrast(
    magnitude: np.ndarray, sample_rate: int, f_min: float = 100.0, quantile: float = 0.02
) -> np.ndarray:
    """Level of the peaks over that of the valleys in seven bands an octave wide.

    Peak and valley of a band are the means of its strongest and of its weakest bins (Jiang et al.,
    Music type classification by spectral contrast feature, 2002), each at most 80 dB below the
    largest of the track. Bands and ends are those of ``librosa.feature.spectral_contrast``.

    Parameters
    ----------
    magnitude : ndarray of shape (n_bins, n_frames)
    sample_rate : int
    f_min : float
        Upper end of the lowest band, in Hz. The highest reaches to half the sample rate.
    quantile : float
        Share of the bins in a peak or a valley; one bin at least.

    Returns
    -------
    ndarray of shape (7, n_frames)
        In dB of magnitude, i.e. 10 log10.
    """
    n_bins, n_frames = magnitude.shape
    peaks = np.empty((7, n_frames), dtype=magnitude.dtype)
    valleys = np.empty_like(peaks)
    for band, (first, last, n) in enumerate(_contrast_bands(n_bins, sample_rate, f_min, quantile)):
        ranked = np.sort(magnitude[first:last], axis=0)
        valleys[band] = ranked[:n].mean(axis=0)
        peaks[band] = ranked[-n:].mean(axis=0)
    return _clipped_db(peaks) - _clipped_db(valleys)


def _contrast_bands(
    n_bins: int, sample_rate: int, f_min: float, quantile: float
) -> list[tuple[int, int, int]]:
    """First bin, last bin (excluded) and bins in a peak of each octave band.

    A band begins with the bin below its lower edge; all but the last leave out the bin at their
    upper end, yet the number of peak bins counts it.
    """
    frequencies = np.arange(n_bins) * sample_rate / (2 * (n_bins - 1))
    edges = [0.0, *(f_min * 2.0**octave for octave in range(7))]
    bands = []
    for band, (low, high) in enumerate(pairwise(edges)):
        inside = np.flatnonzero((frequencies >= low) & (frequencies <= high))
        first, last = max(inside[0] - 1, 0), inside[-1] + 1
        if band == 6:
            last = n_bins
        n_peak = max(1, int(np.rint(quantile * (last - first))))
        bands.append((first, last - (band < 6), n_peak))
    return bands


def _clipped_db(magnitude: np.ndarray) -> np.ndarray:
    db = 10 * np.log10(np.maximum(magnitude, 1e-10))
    return np.maximum(db, db.max() - 80)
