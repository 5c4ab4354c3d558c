"""The mel pictures that are distributed with GTZAN: drawn from audio, or read back from PNG.

How they were drawn was recovered from the pictures themselves: 128 mel bands, 2,048 samples a
frame, one frame every 512, reflected edges; levels down to 40 dB below the loudest point, in
matplotlib's colours "magma", on a figure of 432 x 288 pixels with its former default margins.
"""

import os
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from musigenre.audio import AudioError
from musigenre.dsp.mel import power_to_db
from musigenre.dsp.spectra import Spectra
from musigenre.features.sources import Source
from musigenre.parallel import one_blas_thread

#: Rows and columns of a picture without its margin and frame.
SHAPE = (216, 334)

#: Depth of a picture: level, in dB relative to the loudest point, at which it is black.
FLOOR = -40.0

# Width and height of an image in pixels.
_SIZE = 432, 288

# The pixels within the axes that their frame of lines leaves free; the lowest row first.
_ROWS, _COLUMNS = np.arange(251, 35, -1), np.arange(55, 389)

# How far up and across the axes each of them is, from 0 to 1: the axes begin 252 pixels from the
# top and 54 from the left, and measure 334.8 x 217.44. A pixel shows the cell that ends in it,
# because edges of cells were snapped to whole pixels.
_UP, _ACROSS = (252 - _ROWS) / 217.44, (_COLUMNS + 1 - 54) / 334.8

# A colour further than this from every colour of the map, in 1/255, is none of a mel picture.
_COLOUR_TOLERANCE = 8

# Bands of a picture, and the level of silence in dB.
_N_MELS, _SILENCE = 128, -100.0


def mel_picture(y: np.ndarray, sample_rate: int = 22050) -> np.ndarray:
    """Compute the picture of a track as the published images show it.

    The whole clip fills the picture, whatever its length. Each pixel shows one cell of the mel
    spectrogram: a band covers one or two rows, and of some four frames (of 30 s) one is seen.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Floating point, mono.
    sample_rate : int, default=22050
        In Hz; the published pictures have 22,050.

    Returns
    -------
    ndarray of shape (216, 334)
        Level in dB relative to the loudest point, from -40 to 0; the lowest band comes first,
        unlike in an image. Silence is -40.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(size=661794)
    >>> mel_picture(noise).shape
    (216, 334)
    """
    level = power_to_db(Spectra(y, sample_rate).mel, top_db=-FLOOR)
    loudest = level.max()
    relative = np.full_like(level, FLOOR) if loudest <= _SILENCE else level - loudest
    rows = (_UP * _N_MELS).astype(int)
    columns = np.minimum((_ACROSS * level.shape[-1]).astype(int), level.shape[-1] - 1)
    return relative[np.ix_(rows, columns)]


def read_mel_picture(path: str | os.PathLike[str]) -> np.ndarray:
    """Read one of the published images, cut off its margin and turn colours back into levels.

    Parameters
    ----------
    path : str or path-like
        A PNG file of 432 x 288 pixels.

    Returns
    -------
    ndarray of shape (216, 334)
        As :func:`mel_picture` gives it, in steps of 40/255 dB; float32.

    Raises
    ------
    AudioError
        If the file is not a PNG, damaged, of another size or in other colours.

    Examples
    --------
    >>> read_mel_picture("a.png")
    Traceback (most recent call last):
        ...
    musigenre.audio.errors.AudioError: cannot read 'a.png': there is no such file; check the path
    """
    path = os.fspath(path)
    _check_header(path)
    from matplotlib.image import imread

    try:
        image = imread(path, format="png")
    except (OSError, SyntaxError, ValueError) as error:
        raise AudioError(path, f"it is damaged ({error})", "fetch it anew") from error
    if image.ndim != 3:
        raise AudioError(path, "it has no colours", "give one of GTZAN's coloured mel pictures")
    colours = np.rint(image[np.ix_(_ROWS, _COLUMNS)][..., :3] * 255).astype(int)
    # Some two hundred colours make up a picture.
    distinct, inverse = np.unique(colours.reshape(-1, 3), axis=0, return_inverse=True)
    steps, distance = _steps(distinct)
    if distance.max() > _COLOUR_TOLERANCE:
        share = np.mean(distance[inverse] > _COLOUR_TOLERANCE)
        raise AudioError(
            path,
            f"{share:.0%} of its pixels have colours that no mel picture has",
            "give one of GTZAN's mel pictures as it was published, neither redrawn nor resized",
        )
    levels = FLOOR * (1 - steps / 255)
    return levels[inverse].reshape(SHAPE).astype(np.float32)


@dataclass(frozen=True)
class MelPictureRecipe:
    """Pictures of whole tracks, from audio and from PNG files alike.

    Attributes
    ----------
    sample_rate : int
        In Hz.
    """

    sample_rate: int = 22050

    @property
    def bin_names(self) -> list[str]:
        """The name of each row."""
        return [f"mel_picture{row}" for row in range(SHAPE[0])]

    @property
    def frequencies(self) -> np.ndarray:
        """The frequency of each row in Hz; rows are even on the mel scale."""
        import librosa

        step = librosa.hz_to_mel(self.sample_rate / 2) / (_N_MELS + 1)
        return librosa.mel_to_hz(step * (_UP * _N_MELS + 0.5))

    def times(self, n_samples: int) -> np.ndarray:
        """Give the time of each column of a clip, in seconds from its start."""
        return _ACROSS * n_samples / self.sample_rate

    def of_source(self, source: Source, n_samples: int) -> np.ndarray:
        """Give the pictures of the clips of a source, (n_clips, 216, 334), in a worker.

        A path that ends with ``.png`` is read as a picture. ``n_samples`` has no influence.
        """
        path = getattr(source, "path", "")
        if path.lower().endswith(".png"):
            return read_mel_picture(path)[np.newaxis]
        with one_blas_thread():
            return np.stack(
                [mel_picture(y, self.sample_rate) for y in source.waveforms(self.sample_rate)]
            )


def _check_header(path: str) -> None:
    """Refuse what is no PNG of the right size before any of it is decoded."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(24)
    except FileNotFoundError as error:
        raise AudioError(path, "there is no such file", "check the path") from error
    except OSError as error:
        raise AudioError(path, f"it cannot be opened ({error})", "check the path") from error
    if head[:8] != b"\x89PNG\r\n\x1a\n" or len(head) < 24:
        raise AudioError(path, "it is not a PNG file", "give one of GTZAN's mel pictures")
    width, height = struct.unpack(">II", head[16:])
    if (width, height) != _SIZE:
        raise AudioError(
            path,
            f"it has {width} x {height} pixels, not {_SIZE[0]} x {_SIZE[1]}",
            "give one of GTZAN's mel pictures as it was published",
        )


def _steps(colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the step of the colour map, 0 to 255, nearest to each colour, and how far it is off."""
    difference = np.abs(colours[:, np.newaxis] - _magma())
    steps = np.sum(difference**2, axis=-1).argmin(axis=-1)
    return steps, difference[np.arange(len(steps)), steps].max(axis=-1)


@lru_cache(maxsize=1)
def _magma() -> np.ndarray:
    from matplotlib import colormaps

    return np.rint(colormaps["magma"](np.arange(256))[:, :3] * 255).astype(int)
