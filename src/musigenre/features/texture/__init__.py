"""The texture set: 1,909 numbers in twelve blocks that describe a track of 30 s.

Each block is a function of its own: the spectral envelope (mfcc, mfcc_delta, mel), the shape of
the spectrum (shape, contrast, contrast_pattern), modulation (modulation, joint_mean,
joint_spread), rhythm (onset_scale, bar) and pitch.
"""

from itertools import accumulate

import numpy as np

from musigenre.features.texture.cepstral import MEL, MFCC, MFCC_DELTA
from musigenre.features.texture.modulation import JOINT_MEAN, JOINT_SPREAD, MODULATION
from musigenre.features.texture.pitch import PITCH
from musigenre.features.texture.rhythm import BAR, ONSET_SCALE
from musigenre.features.texture.spectral import CONTRAST, CONTRAST_PATTERN, SHAPE
from musigenre.features.texture.track_spectra import N_SAMPLES, SAMPLE_RATE, TrackSpectra

__all__ = ["FEATURE_NAMES", "N_SAMPLES", "SAMPLE_RATE", "TEXTURE_BLOCKS", "VERSION", "texture"]

_BLOCKS = (
    MFCC,
    MFCC_DELTA,
    MEL,
    SHAPE,
    CONTRAST,
    MODULATION,
    ONSET_SCALE,
    CONTRAST_PATTERN,
    PITCH,
    JOINT_MEAN,
    JOINT_SPREAD,
    BAR,
)

#: The columns, each ``<block>__<what>``.
FEATURE_NAMES = tuple(f"{block.name}__{column}" for block in _BLOCKS for column in block.columns)

_ENDS = tuple(accumulate(len(block.columns) for block in _BLOCKS))

#: The columns of each block, as a slice.
TEXTURE_BLOCKS = {
    block.name: slice(end - len(block.columns), end)
    for block, end in zip(_BLOCKS, _ENDS, strict=True)
}

#: Changes whenever a number changes.
VERSION = 2


def texture(y: np.ndarray) -> np.ndarray:
    """Compute the texture features of clips of one length.

    They describe ``N_SAMPLES`` samples, 29.95 s: a shorter clip is repeated until it fills them,
    of a longer one the beginning is taken.

    Parameters
    ----------
    y : ndarray of shape (..., n_samples)
        Mono audio at 22,050 Hz, float32 or float64; its precision is that of the computation.

    Returns
    -------
    ndarray of shape (..., 1909)
        Float64, in the order of ``FEATURE_NAMES``.

    Raises
    ------
    TypeError
        If the samples have another type.

    References
    ----------
    .. [1] K. Seyerlehner, M. Schedl, T. Pohle and P. Knees, "Using block-level features for genre
       classification, tag classification and music similarity estimation", MIREX, 2010.
    .. [2] C.-H. Lee, J.-L. Shih, K.-M. Yu and H.-S. Lin, "Automatic music genre classification
       based on modulation spectral analysis of spectral and cepstral features", IEEE Transactions
       on Multimedia 11(4), 2009.
    .. [3] J. Andén, V. Lostanlen and S. Mallat, "Joint time-frequency scattering for audio
       classification", MLSP, 2015.
    .. [4] A. Holzapfel and Y. Stylianou, "Scale transform in rhythmic similarity of music", IEEE
       Transactions on Audio, Speech, and Language Processing 19(1), 2011.
    .. [5] C. Harte, M. Sandler and M. Gasser, "Detecting harmonic change in musical audio", ACM
       AMCMM, 2006.
    .. [6] D.-N. Jiang, L. Lu, H.-J. Zhang, J.-H. Tao and L.-H. Cai, "Music type classification by
       spectral contrast feature", ICME, 2002.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(size=22050).astype(np.float32)
    >>> features = texture(noise)
    >>> features.shape
    (1909,)
    >>> features[TEXTURE_BLOCKS["pitch"]].shape
    (75,)
    """
    if y.dtype not in (np.float32, np.float64):
        raise TypeError(f"audio must be float32 or float64, got {y.dtype}: convert it")
    rows = [_describe(clip) for clip in y.reshape(-1, y.shape[-1])]
    return np.array(rows, dtype=float).reshape(*y.shape[:-1], len(FEATURE_NAMES))


def _describe(y: np.ndarray) -> np.ndarray:
    track = TrackSpectra(y)
    return np.concatenate([block.compute(track) for block in _BLOCKS])
