"""Which spectrograms are wanted, and how they are computed from one STFT."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from musigenre.dsp.mel import mel_filters, mel_frequencies, mel_spectrogram, mfcc, power_to_db
from musigenre.dsp.spectra import Spectra
from musigenre.dsp.spectral import fft_frequencies
from musigenre.features.sources import Source
from musigenre.parallel import one_blas_thread

#: What can be computed.
KINDS = ("stft", "mel", "mfcc")

# Seconds of audio computed at a time; it bounds the memory of a worker.
_BATCH_SECONDS = 60


@dataclass(frozen=True)
class SpectrogramRecipe:
    """The parameters of spectrograms, named as librosa names them.

    Attributes
    ----------
    kinds : tuple of {"stft", "mel", "mfcc"}
        What is computed, in this order.
    sample_rate : int
        In Hz.
    n_fft, hop_length : int
        In samples; ``n_fft`` is even.
    n_mels, n_mfcc : int
        Number of mel bands, and of the first cepstral coefficients.
    fmin, fmax : float
        Range of the mel bands, in Hz.
    decibels : bool
        Whether ``stft`` and ``mel`` are levels in dB, not magnitude and power.
    top_db : float
        Levels lie at most this far, in dB, below the loudest point of the clip.

    Raises
    ------
    ValueError
        If the parameters contradict each other.

    Examples
    --------
    >>> import numpy as np
    >>> recipe = SpectrogramRecipe(kinds=("mel", "mfcc"))
    >>> clip = np.random.default_rng(0).normal(size=66150)
    >>> {kind: values.shape for kind, values in recipe.compute(clip).items()}
    {'mel': (128, 130), 'mfcc': (20, 130)}
    """

    kinds: tuple[str, ...]
    sample_rate: int = 22050
    n_fft: int = 2048
    hop_length: int = 512
    n_mels: int = 128
    n_mfcc: int = 20
    fmin: float = 0.0
    fmax: float = 11025.0
    decibels: bool = True
    top_db: float = 80.0

    def __post_init__(self) -> None:
        known = set(self.kinds) <= set(KINDS)
        if not self.kinds or not known or len(set(self.kinds)) < len(self.kinds):
            raise ValueError(
                f"kind must be one of {', '.join(KINDS)} and mel_picture, or a tuple of the first "
                f"three, each once; got {self.kinds!r}"
            )
        if self.n_fft % 2:
            raise ValueError(f"n_fft must be even, got {self.n_fft}")
        if "mfcc" in self.kinds and self.n_mfcc > self.n_mels:
            raise ValueError(
                f"n_mfcc={self.n_mfcc} coefficients cannot come from n_mels={self.n_mels} bands: "
                "there are at most as many as bands"
            )
        if not self.fmin < self.fmax <= self.sample_rate / 2:
            raise ValueError(
                f"the mel bands reach from fmin={self.fmin} to fmax={self.fmax} Hz: fmax must be "
                f"above fmin and at most half of sample_rate={self.sample_rate}"
            )

    def compute(self, y: np.ndarray) -> dict[str, np.ndarray]:
        """Compute the spectrograms of clips of one length; all share one STFT.

        Parameters
        ----------
        y : ndarray of shape (..., n_samples)

        Returns
        -------
        dict of str to ndarray of shape (..., n_bins, n_frames)
            Lowest bin first, in the precision of ``y``.
        """
        spectra = Spectra(y, self.sample_rate, self.n_fft, self.hop_length)
        spectrograms = {}
        if "stft" in self.kinds:
            spectrograms["stft"] = (
                power_to_db(spectra.power, top_db=self.top_db)
                if self.decibels
                else spectra.magnitude
            )
        if {"mel", "mfcc"} & set(self.kinds):
            mel = mel_spectrogram(
                spectra.power, self.sample_rate, self.n_mels, self.fmin, self.fmax
            )
            if self.decibels or "mfcc" in self.kinds:
                level = power_to_db(mel, top_db=self.top_db)
            if "mel" in self.kinds:
                spectrograms["mel"] = level if self.decibels else mel
            if "mfcc" in self.kinds:
                spectrograms["mfcc"] = mfcc(level, self.n_mfcc)
        return {kind: spectrograms[kind] for kind in self.kinds}

    @property
    def n_empty_bands(self) -> int:
        """How many mel bands lie between two bins of the spectrum and hold none."""
        if not {"mel", "mfcc"} & set(self.kinds):
            return 0
        filters = mel_filters(
            self.sample_rate,
            self.n_fft,
            self.n_mels,
            self.fmin,
            self.fmax,
            dtype=np.dtype(np.float32),
        )
        return int(np.count_nonzero(~filters.any(axis=1)))

    @property
    def bin_names(self) -> list[str]:
        """The name of each row, all kinds one after another; MFCC count from 1."""
        first = {"stft": 0, "mel": 0, "mfcc": 1}
        return [
            f"{kind}{first[kind] + row}" for kind in self.kinds for row in range(self._n_bins(kind))
        ]

    @property
    def frequencies(self) -> np.ndarray:
        """The centre of each row in Hz; NaN for a cepstral coefficient, which has none."""
        return np.concatenate([self._frequencies(kind) for kind in self.kinds])

    def times(self, n_samples: int) -> np.ndarray:
        """Give the centre of each frame of a clip, in seconds from its start."""
        n_frames = 1 + n_samples // self.hop_length
        return np.arange(n_frames) * self.hop_length / self.sample_rate

    def of_source(self, source: Source, n_samples: int) -> np.ndarray:
        """Compute the clips of a source, each brought to ``n_samples``, in a worker.

        Parameters
        ----------
        source : Source
        n_samples : int

        Returns
        -------
        ndarray of shape (n_clips, n_bins, n_frames)
            Float32, the kinds one below another.
        """
        clips = list(source.waveforms(self.sample_rate))
        result = np.empty((len(clips), *self.shape(n_samples)), np.float32)
        per_batch = max(1, _BATCH_SECONDS * self.sample_rate // n_samples)
        with one_blas_thread():
            for first in range(0, len(clips), per_batch):
                batch = slice(first, first + per_batch)
                result[batch] = self.stacked(clips[batch], n_samples)
        return result

    def stacked(self, clips: Sequence[np.ndarray] | np.ndarray, n_samples: int) -> np.ndarray:
        """Compute clips, each brought to ``n_samples``: (n_clips, n_bins, n_frames) float32."""
        spectrograms = self.compute(_of_length(clips, n_samples))
        return np.concatenate(list(spectrograms.values()), axis=-2)

    def shape(self, n_samples: int) -> tuple[int, int]:
        """Give the number of rows, of all kinds together, and of frames."""
        return sum(map(self._n_bins, self.kinds)), len(self.times(n_samples))

    def _n_bins(self, kind: str) -> int:
        return {"stft": 1 + self.n_fft // 2, "mel": self.n_mels, "mfcc": self.n_mfcc}[kind]

    def _frequencies(self, kind: str) -> np.ndarray:
        if kind == "stft":
            return fft_frequencies(self._n_bins(kind), self.sample_rate)
        if kind == "mfcc":
            return np.full(self.n_mfcc, np.nan)
        return mel_frequencies(self.n_mels, self.fmin, self.fmax)[1:-1]


def _of_length(clips: Sequence[np.ndarray] | np.ndarray, n_samples: int) -> np.ndarray:
    """Stack clips; a longer one loses its end, to a shorter one silence is added."""
    y = np.zeros((len(clips), n_samples), dtype=np.float32)
    for row, clip in zip(y, clips, strict=True):
        row[: len(clip)] = clip[:n_samples]
    return y
