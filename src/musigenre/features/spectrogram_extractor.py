"""SpectrogramExtractor: from clips to spectrograms of one shape."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import check_is_fitted, validate_data
from tqdm.auto import tqdm

from musigenre import audio
from musigenre.clips import is_clip_table
from musigenre.features.mel_picture import MelPictureRecipe
from musigenre.features.sources import Source, path_sources, waveform_sources
from musigenre.features.spectrograms import KINDS, SpectrogramRecipe
from musigenre.parallel import run_jobs

# Clips of an array of waveforms that are one job.
_JOB_CLIPS = 16


class SpectrogramExtractor(TransformerMixin, BaseEstimator):
    """Turn each clip into a spectrogram, all of one shape.

    Parameters
    ----------
    kind : {"stft", "mel", "mfcc", "mel_picture"} or tuple of the first three, default="mel"
        What is computed: the magnitude of the STFT, the power in mel bands, or the first
        mel-frequency cepstral coefficients. Of several kinds the rows are stacked in the order
        given; they share one STFT. ``"mel_picture"`` is the picture of a whole track that is
        distributed with GTZAN: 216 x 334 levels from -40 to 0 dB, from audio or from the published
        PNG files. Its recipe is fixed: of the parameters that follow, it knows `sample_rate` alone.
    duration : float, optional
        Seconds to which each clip is brought. A longer one loses its end; to a shorter one digital
        silence is added. By default the most common length of the clips in :meth:`fit` (of several
        equally common the longest), to the sample. A mel picture shows each clip whole instead,
        and `duration` (by default 30 s) only labels its times.
    sample_rate : int, default=22050
        Rate, in Hz, to which files are resampled, and which waveforms have.
    n_fft : int, default=2048
        Samples in a frame; even.
    hop_length : int, default=512
        Samples from one frame to the next.
    n_mels : int, default=128
        Mel bands, for ``mel`` and ``mfcc``.
    n_mfcc : int, default=20
        How many of the first coefficients are kept; at most `n_mels`.
    fmin, fmax : float, default=0.0, None
        Range of the mel bands in Hz. ``None`` is half the sample rate.
    scale : {"db", "linear"}, default="db"
        Whether ``stft`` and ``mel`` are levels in dB relative to 1, or magnitude and power.
    top_db : float, optional, default=80.0
        Levels lie at most this far below the loudest point of their clip, those from which
        ``mfcc`` comes included. ``None`` sets no limit other than -100 dB.
    flatten : bool, default=False
        Give each clip as one row of ``n_bins * n_frames`` columns, one bin after another, as
        :class:`~sklearn.pipeline.FeatureUnion` and DataFrames want it.
    on_error : {"raise", "warn"}, default="raise"
        Whether a file that cannot be read stops the extraction, or makes NaN and a warning at the
        end.
    n_jobs : int, optional
        Tracks computed at a time, through the active joblib backend. ``None`` is one, unless in a
        :func:`joblib.parallel_config` context; -1 is one for each core.
    verbose : int, default=0
        With 1 a progress bar is shown on a terminal.

    Attributes
    ----------
    n_samples_ : int
        Length, in samples, to which clips are brought; for a mel picture, that of its labels.
    frequencies_ : ndarray of shape (n_bins,)
        Centre of each bin in Hz; NaN for a cepstral coefficient, which has none.
    times_ : ndarray of shape (n_frames,)
        Centre of each frame in seconds from the start of the clip.
    n_features_in_ : int
        Samples in a waveform. Only set if X in :meth:`fit` was an array of waveforms.

    See Also
    --------
    AudioFeatures : A few statistics of each clip instead of all its frames.
    musigenre.preprocessing.MfccCMVN : Normalise the coefficients of ``mfcc``.
    musigenre.features.SpectrogramDisplay : Plot a spectrogram.

    Notes
    -----
    ``X`` is one of

    - a clip table as :func:`musigenre.clip_table` makes it;
    - a one-dimensional array-like of paths, each file one clip. With no `duration`, :meth:`fit`
      decodes them once more, to learn their length;
    - an array of waveforms, (n_clips, n_samples), mono and at `sample_rate`.

    The numbers are those of librosa's functions `stft`, `feature.melspectrogram` and
    `feature.mfcc` [1]_ with ``pad_mode="reflect"``: a clip is mirrored at its ends, so that the
    first and the last frames are centred on them. Since its version 0.10 librosa by default puts
    zeros there, which changes the two frames at either end. Computation is in single precision:
    a level 80 dB below the loudest may be off by some thousandths of a decibel.

    A clip of three seconds makes 1025 x 130 numbers of kind ``stft``, 0.5 MB; the result is one
    array of float32 and nothing else grows with the number of clips.

    References
    ----------
    .. [1] B. McFee et al., "librosa: Audio and music signal analysis in Python", Proceedings of
       the 14th Python in Science Conference, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre import SpectrogramExtractor
    >>> clips = np.random.default_rng(0).normal(size=(2, 66150)).astype(np.float32)
    >>> SpectrogramExtractor("mel").fit_transform(clips).shape
    (2, 128, 130)
    >>> both = SpectrogramExtractor(("mel", "mfcc"), flatten=True).fit(clips)
    >>> both.transform(clips).shape
    (2, 19240)
    >>> both.get_feature_names_out()[[0, -1]]
    array(['mel0_f0', 'mfcc20_f129'], dtype=object)
    """

    _parameter_constraints: dict = {
        "kind": [StrOptions({*KINDS, "mel_picture"}), tuple, list],
        "duration": [Interval(Real, 0, None, closed="neither"), None],
        "sample_rate": [Interval(Integral, 1, None, closed="left")],
        "n_fft": [Interval(Integral, 2, None, closed="left")],
        "hop_length": [Interval(Integral, 1, None, closed="left")],
        "n_mels": [Interval(Integral, 1, None, closed="left")],
        "n_mfcc": [Interval(Integral, 1, None, closed="left")],
        "fmin": [Interval(Real, 0, None, closed="left")],
        "fmax": [Interval(Real, 0, None, closed="neither"), None],
        "scale": [StrOptions({"db", "linear"})],
        "top_db": [Interval(Real, 0, None, closed="neither"), None],
        "flatten": ["boolean"],
        "on_error": [StrOptions({"raise", "warn"})],
        "n_jobs": [Integral, None],
        "verbose": [Interval(Integral, 0, None, closed="left"), "boolean"],
    }

    def __init__(
        self,
        kind: str | Sequence[str] = "mel",
        *,
        duration: float | None = None,
        sample_rate: int = 22050,
        n_fft: int = 2048,
        hop_length: int = 512,
        n_mels: int = 128,
        n_mfcc: int = 20,
        fmin: float = 0.0,
        fmax: float | None = None,
        scale: str = "db",
        top_db: float | None = 80.0,
        flatten: bool = False,
        on_error: str = "raise",
        n_jobs: int | None = None,
        verbose: int = 0,
    ):
        self.kind = kind
        self.duration = duration
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.n_mels = n_mels
        self.n_mfcc = n_mfcc
        self.fmin = fmin
        self.fmax = fmax
        self.scale = scale
        self.top_db = top_db
        self.flatten = flatten
        self.on_error = on_error
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None) -> Self:
        """Check the parameters and X, and learn the length of the clips if none is given.

        Parameters
        ----------
        X : clip table, array-like of paths or array of shape (n_clips, n_samples)
        y : None
            Ignored.

        Returns
        -------
        self : SpectrogramExtractor

        Raises
        ------
        ValueError
            If parameters contradict each other, or X has no clips.
        AudioError
            If a file cannot be read while its length is learned, and ``on_error="raise"``.

        Warns
        -----
        UserWarning
            If mel bands are so narrow that some hold no bin of the spectrum, and stay empty.
        """
        recipe = self._recipe()
        sources, n_rows = self._check_X(X, reset=True)
        if n_rows == 0:
            raise ValueError("X has no clips: give at least one")
        if self.duration is not None:
            self.n_samples_ = max(1, round(self.duration * self.sample_rate))
        elif self.kind == "mel_picture":
            self.n_samples_ = 30 * self.sample_rate
        else:
            self.n_samples_ = _most_common(self._lengths(X, sources))
        if isinstance(recipe, SpectrogramRecipe) and recipe.n_empty_bands:
            warnings.warn(
                f"{recipe.n_empty_bands} of {self.n_mels} mel bands hold no bin of the spectrum "
                f"and stay empty: lower n_mels, or raise n_fft={self.n_fft}",
                stacklevel=2,
            )
        self.frequencies_ = recipe.frequencies
        self.times_ = recipe.times(self.n_samples_)
        return self

    def transform(self, X) -> np.ndarray:
        """Compute the spectrogram of each clip.

        Parameters
        ----------
        X : clip table, array-like of paths or array of shape (n_clips, n_samples)

        Returns
        -------
        ndarray of shape (n_clips, n_bins, n_frames)
            Float32, the lowest bin first; (n_clips, n_bins * n_frames) with ``flatten=True``, and
            then a DataFrame with ``set_output(transform="pandas")``.

        Raises
        ------
        AudioError
            If a file cannot be read and ``on_error="raise"``.
        ValueError
            If a DataFrame is wanted of spectrograms that are not flat.
        """
        check_is_fitted(self)
        self._validate_params()
        container = _get_output_config("transform", self)["dense"]
        if container != "default" and not self.flatten:
            raise ValueError(
                f"spectrograms have two axes, so a {container} table has no place for them: set "
                'flatten=True, or set_output(transform="default")'
            )
        sources, n_rows = self._check_X(X, reset=False)
        spectrograms = np.empty((n_rows, len(self.frequencies_), len(self.times_)), np.float32)
        jobs = ((source, self._recipe(), self.n_samples_) for source in sources)
        errors, damage, n_sources = [], [], 0
        with (
            closing(run_jobs(_compute, jobs, self.n_jobs)) as results,
            tqdm(
                desc="extracting", total=n_rows, unit="clip", disable=None if self.verbose else True
            ) as progress,
        ):
            for rows, values, notes in results:
                n_sources += 1
                damage += notes
                progress.update(len(rows))
                if not isinstance(values, audio.AudioError):
                    spectrograms[rows] = values
                elif self.on_error == "raise":
                    raise values
                else:
                    spectrograms[rows] = np.nan
                    errors.append(values.as_dict())
        if errors:
            audio.warn_skipped(errors, n_sources)
        audio.warn_damaged(damage, n_sources)
        return spectrograms.reshape(n_rows, -1) if self.flatten else spectrograms

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Give the names of the bins, or with ``flatten=True`` those of the columns.

        Parameters
        ----------
        input_features : None
            Ignored: samples of audio have no names.

        Returns
        -------
        ndarray of str
            Such as ``"mfcc1"``, or ``"mfcc1_f0"`` for its first frame.
        """
        check_is_fitted(self)
        names = self._recipe().bin_names
        if self.flatten:
            names = [f"{name}_f{frame}" for name in names for frame in range(len(self.times_))]
        return np.asarray(names, dtype=object)

    def recipe(self) -> SpectrogramRecipe:
        """Give what the parameters say, for a store of spectrograms.

        Returns
        -------
        SpectrogramRecipe

        Raises
        ------
        ValueError
            If the kind is ``"mel_picture"``, which a store does not keep.
        """
        self._validate_params()
        if self.duration is not None:
            raise ValueError(
                "the store's clip_duration decides on the length: leave out "
                f"duration={self.duration}"
            )
        recipe = self._recipe()
        if not isinstance(recipe, SpectrogramRecipe):
            raise ValueError(f"a store keeps no {self.kind!r}; it keeps stft, mel and mfcc")
        return recipe

    def _recipe(self) -> SpectrogramRecipe | MelPictureRecipe:
        if self.kind == "mel_picture":
            return MelPictureRecipe(self.sample_rate)
        kinds = (self.kind,) if isinstance(self.kind, str) else tuple(self.kind)
        return SpectrogramRecipe(
            kinds=kinds,
            sample_rate=self.sample_rate,
            n_fft=int(self.n_fft),
            hop_length=int(self.hop_length),
            n_mels=int(self.n_mels),
            n_mfcc=int(self.n_mfcc),
            fmin=float(self.fmin),
            fmax=float(self.sample_rate / 2 if self.fmax is None else self.fmax),
            decibels=self.scale == "db",
            top_db=np.inf if self.top_db is None else float(self.top_db),
        )

    def _check_X(self, X, reset: bool) -> tuple[Iterator[Source], int]:
        """Give the sources of the clips and the number of rows."""
        sources: Iterator[Source] | None = path_sources(X)
        if sources is None:
            X = validate_data(self, X, reset=reset, dtype=np.float32, order="C")
            sources = waveform_sources(X, _JOB_CLIPS)
        elif reset and hasattr(self, "n_features_in_"):
            # An earlier fit on waveforms must not bind a later one on files.
            del self.n_features_in_
        return sources, len(X)

    def _lengths(self, X: Any, sources: Iterator[Source]) -> np.ndarray:
        """Give the length of each clip in samples."""
        if is_clip_table(X):
            return np.rint(X["duration"].to_numpy(float) * self.sample_rate).astype(int)
        if hasattr(self, "n_features_in_"):
            return np.array([self.n_features_in_])
        jobs = ((source, self.sample_rate) for source in sources)
        with closing(run_jobs(_count, jobs, self.n_jobs)) as results:
            counts = list(results)
        lengths = [count for count in counts if not isinstance(count, audio.AudioError)]
        if len(lengths) < len(counts) and (self.on_error == "raise" or not lengths):
            raise next(count for count in counts if isinstance(count, audio.AudioError))
        return np.array(lengths)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _compute(
    source: Source, recipe: SpectrogramRecipe | MelPictureRecipe, n_samples: int
) -> tuple[np.ndarray, np.ndarray | audio.AudioError, list[dict[str, str]]]:
    with audio.noted_damage() as notes:
        try:
            return source.rows, recipe.of_source(source, n_samples), notes
        except audio.AudioError as error:
            return source.rows, error, notes


def _count(source: Any, sample_rate: int) -> int | audio.AudioError:
    with audio.noted_damage():  # the transformation will tell
        try:
            return audio.count_samples(source.path, sample_rate)
        except audio.AudioError as error:
            return error


def _most_common(lengths: np.ndarray) -> int:
    """Give the most common length; of several the longest."""
    values, counts = np.unique(lengths, return_counts=True)
    return int(values[counts == counts.max()][-1])
