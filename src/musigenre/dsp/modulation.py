"""How fast the bands of a spectrogram rise and fall, one by one and together."""

from functools import lru_cache

import numpy as np
import scipy.fft

from musigenre.dsp.window import symmetric_hann


def modulation_spectrum(
    x: np.ndarray, frame_rate: float, edges: tuple[float, ...], window: int = 256
) -> np.ndarray:
    """Strength of the modulation of each band, by rate.

    Windows that overlap by half are freed of their mean and transformed; the median over the
    windows is averaged between the edges (after Lee et al., Automatic music genre classification
    based on modulation spectral analysis of spectral and cepstral features, 2009).

    Parameters
    ----------
    x : ndarray of shape (n_bands, n_frames)
        At least ``window`` frames.
    frame_rate : float
        Frames per second.
    edges : tuple of float
        Edges of the rates, in Hz, increasing; each pair must hold a bin of the transform.
    window : int
        In frames.

    Returns
    -------
    ndarray of shape (n_bands, n_edges - 1)
    """
    windows = np.lib.stride_tricks.sliding_window_view(x, window, axis=-1)[:, :: window // 2]
    windows = windows - windows.mean(axis=-1, keepdims=True)
    spectra = np.abs(scipy.fft.rfft(windows * symmetric_hann(window, x.dtype), axis=-1))
    typical = np.median(spectra, axis=1)
    rates = np.arange(typical.shape[-1]) * frame_rate / window
    inside = (rates >= np.array(edges[:-1])[:, None]) & (rates < np.array(edges[1:])[:, None])
    return typical @ (inside / inside.sum(axis=1, keepdims=True)).T.astype(x.dtype)


def joint_modulation(
    x: np.ndarray,
    frame_rate: float,
    rates: tuple[float, ...],
    scales: tuple[float, ...],
    n_groups: int,
) -> np.ndarray:
    """Magnitude of a spectrogram behind filters tuned in rate and scale at once.

    A filter answers to ripples of ``rate`` Hz along time and ``scale`` cycles along the axis of
    bands; those that fall in frequency have a positive scale, those that rise a negative one. So
    vibrato, glides, chords and drums leave different marks, which band by band they do not (Andén,
    Lostanlen and Mallat, Joint time-frequency scattering for audio classification, 2015). The
    filters are Gaussians in the plane of rates and scales, with a standard deviation of 0.42 of
    their centre.

    Parameters
    ----------
    x : ndarray of shape (n_bands, n_frames)
        Level in dB; the mean of each band is removed. Both axes are taken to be periodic.
    frame_rate : float
        Frames per second.
    rates : tuple of float
        In Hz, positive.
    scales : tuple of float
        In cycles over all the bands. Zero has the width of the smallest that is not.
    n_groups : int
        Neighbouring bands are averaged into so many groups; must divide ``n_bands``.

    Returns
    -------
    ndarray of shape (n_rates, n_scales, n_groups, n_frames)

    Notes
    -----
    A Gaussian of two variables is a product, so the inverse transform along time is made once a
    rate and only the one along the bands is made for each filter.
    """
    n_bands, n_frames = x.shape
    n = scipy.fft.next_fast_len(n_frames)
    by_rate, by_scale = _gaussians(n, n_bands, frame_rate, rates, scales, x.dtype)
    # Bands are laid along the last axis, along which most of the transforms are.
    padded = np.zeros((n, n_bands), dtype=x.dtype)
    padded[:n_frames] = (x - x.mean(axis=-1, keepdims=True)).T
    spectrum = scipy.fft.fft2(padded, overwrite_x=True)

    mean_of_group = np.repeat(np.eye(n_groups), n_bands // n_groups, axis=0) * n_groups / n_bands
    mean_of_group = mean_of_group.astype(x.dtype)
    out = np.empty((len(rates), len(scales), n_groups, n_frames), dtype=x.dtype)
    for i, gain in enumerate(by_rate):
        ripples = scipy.fft.ifft(spectrum * gain[:, None], axis=0, overwrite_x=True)[:n_frames]
        for j, scale_gain in enumerate(by_scale):
            filtered = np.abs(scipy.fft.ifft(ripples * scale_gain, axis=1, overwrite_x=True))
            out[i, j] = (filtered @ mean_of_group).T
    return out


@lru_cache(maxsize=8)
def _gaussians(
    n_frames: int,
    n_bands: int,
    frame_rate: float,
    rates: tuple[float, ...],
    scales: tuple[float, ...],
    dtype: np.dtype,
) -> tuple[np.ndarray, np.ndarray]:
    """Gains of the filters along both axes, (n_rates, n_frames) and (n_scales, n_bands)."""
    smallest = min(abs(scale) for scale in scales if scale)
    rate_axis = scipy.fft.fftfreq(n_frames, 1 / frame_rate)
    scale_axis = scipy.fft.fftfreq(n_bands, 1 / n_bands)

    def gaussian(axis, centre, width):
        return np.exp(-0.5 * ((axis - centre) / (0.42 * width)) ** 2)

    by_rate = [gaussian(rate_axis, rate, rate) for rate in rates]
    by_scale = [gaussian(scale_axis, scale, max(abs(scale), smallest)) for scale in scales]
    return np.array(by_rate, dtype=dtype), np.array(by_scale, dtype=dtype)
