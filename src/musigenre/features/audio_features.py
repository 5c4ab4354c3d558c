"""AudioFeatures: from clips to a table of named numbers."""

from collections.abc import Iterator
from contextlib import closing
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import validate_data
from tqdm.auto import tqdm

from musigenre import audio
from musigenre.features.feature_sets import FEATURE_SETS, FeatureSet
from musigenre.features.sources import Source, TrackClips, path_sources, waveform_sources
from musigenre.features.tracks import (
    BATCH_SECONDS,
    LONGEST_CLIP,
    Recipe,
    compile_kernels,
    compute_clips,
    too_long,
)
from musigenre.parallel import run_jobs


class AudioFeatures(TransformerMixin, BaseEstimator):
    """Describe each clip by a named set of audio features.

    Parameters
    ----------
    feature_set : {"gtzan57", "tzanetakis", "texture"}, default="gtzan57"
        ``"gtzan57"`` is the 57 columns of the published GTZAN tables: mean and variance of
        chroma, RMS, spectral centroid, bandwidth and rolloff, zero crossing rate, the harmonic and
        the percussive signal and 20 MFCC, and the tempo. ``"tzanetakis"`` is 30 numbers of timbre,
        rhythm and pitch [1]_. ``"texture"`` is 1,909 numbers in twelve blocks, for whole tracks:
        shorter ones are repeated up to 29.95 s, longer ones cropped.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the computation. The features are float64 either way; statistics over frames
        are always summed in double precision.
    on_error : {"raise", "warn"}, default="raise"
        Whether a file that cannot be read stops the extraction, or makes rows of NaN and a warning
        at the end. Rows are never left out, because a transformer gives a row for each row of X;
        :func:`musigenre.features.extract` can leave files out.
    n_jobs : int, optional
        Tracks computed at a time, through the active joblib backend. ``None`` is one, unless in a
        :func:`joblib.parallel_config` context; -1 is one for each core.
    verbose : int, default=0
        With 1 a progress bar is shown on a terminal.

    Attributes
    ----------
    feature_set_ : str
        The feature set that it was fitted with.
    feature_set_version_ : int
        Version of the recipe; it changes whenever a number changes.
    sample_rate_ : int
        Rate, in Hz, at which the features are computed. Files are resampled to it.
    n_features_in_ : int
        Samples in a waveform. Only set if X in :meth:`fit` was an array of waveforms.

    See Also
    --------
    musigenre.clip_table : Cut tracks into the clips that go in.

    Notes
    -----
    ``X`` is one of

    - a clip table as :func:`musigenre.clip_table` makes it;
    - a one-dimensional array-like of paths, each file one clip;
    - an array of waveforms, (n_clips, n_samples), mono and at 22,050 Hz.

    The transformer is stateless: nothing is learned in :meth:`fit`. The table of features is held
    in memory; for collections of any size, and to keep what was computed, see
    :func:`musigenre.features.extract`.

    References
    ----------
    .. [1] G. Tzanetakis and P. Cook, "Musical genre classification of audio signals", IEEE
       Transactions on Speech and Audio Processing 10(5), 2002. The recipe of ``"gtzan57"`` was
       recovered from the tables distributed with their data.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre import AudioFeatures
    >>> second = np.arange(22050) / 22050
    >>> tone = np.cos(2 * np.pi * 440 * second, dtype=np.float32)
    >>> features = AudioFeatures().set_output(transform="pandas").fit_transform([tone])
    >>> features.shape
    (1, 57)
    >>> features["spectral_centroid_mean"].round(-1).item()
    440.0
    """

    _parameter_constraints: dict = {
        "feature_set": [StrOptions(set(FEATURE_SETS))],
        "dtype": [StrOptions({"float32", "float64"})],
        "on_error": [StrOptions({"raise", "warn"})],
        "n_jobs": [Integral, None],
        "verbose": [Interval(Integral, 0, None, closed="left"), "boolean"],
    }

    def __init__(
        self,
        feature_set: str = "gtzan57",
        *,
        dtype: str = "float32",
        on_error: str = "raise",
        n_jobs: int | None = None,
        verbose: int = 0,
    ):
        self.feature_set = feature_set
        self.dtype = dtype
        self.on_error = on_error
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the parameters and X; nothing is learned.

        Parameters
        ----------
        X : clip table, array-like of paths or array of shape (n_clips, n_samples)
        y : None
            Ignored.

        Returns
        -------
        self : AudioFeatures
        """
        self._set_recipe()
        self._check_X(X, reset=True)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Compute the features; the same as :meth:`transform`.

        Parameters
        ----------
        X : clip table, array-like of paths or array of shape (n_clips, n_samples)
        y : object, optional
            Not used.

        Returns
        -------
        ndarray or DataFrame of shape (n_clips, n_features)
        """
        self._set_recipe()
        return self._extract(*self._check_X(X, reset=True))

    def transform(self, X):
        """Compute the features of each clip.

        Parameters
        ----------
        X : clip table, array-like of paths or array of shape (n_clips, n_samples)

        Returns
        -------
        ndarray of shape (n_clips, n_features)
            Float64. With ``set_output(transform="pandas")`` a DataFrame.

        Raises
        ------
        AudioError
            If a file cannot be read and ``on_error="raise"``.
        """
        self._validate_params()
        self._check_recipe()
        return self._extract(*self._check_X(X, reset=False))

    def clip_recipe(self, duration: float | None) -> Recipe:
        """Give the recipe by which workers decode, cut and describe a track in one go.

        The numbers are those that :meth:`transform` gives for the clips of
        :func:`musigenre.clip_table`.

        Parameters
        ----------
        duration : float or None
            Of a clip, in seconds; ``None`` takes each track as one clip.

        Returns
        -------
        musigenre.features.tracks.Recipe

        Raises
        ------
        ValueError
            If a parameter or the duration is out of range, or this was fitted with another feature
            set, or another version of it.

        Examples
        --------
        >>> from musigenre import AudioFeatures
        >>> AudioFeatures().clip_recipe(3.0).most_clips is None
        True
        """
        self._validate_params()
        self._check_recipe()
        return Recipe(self.feature_set, duration, dtype=self.dtype)

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Give the names of the columns.

        Parameters
        ----------
        input_features : None
            Ignored: samples of audio have no names.

        Returns
        -------
        ndarray of str
        """
        return np.asarray(self._recipe.names, dtype=object)

    @property
    def _recipe(self) -> FeatureSet:
        return FEATURE_SETS[self.feature_set]

    def _set_recipe(self) -> None:
        self.feature_set_ = self.feature_set
        self.feature_set_version_ = self._recipe.version
        self.sample_rate_ = self._recipe.sample_rate

    def _check_recipe(self) -> None:
        if getattr(self, "feature_set_", self.feature_set) != self.feature_set:
            raise ValueError(
                f"fitted with the feature set {self.feature_set_!r}, but feature_set is now "
                f"{self.feature_set!r}: fit again"
            )
        made_by = getattr(self, "feature_set_version_", self._recipe.version)
        if made_by != self._recipe.version:
            raise ValueError(
                f"fitted with version {made_by} of the feature set {self.feature_set!r}, but this "
                f"musigenre computes version {self._recipe.version}: train again"
            )

    def _check_X(self, X, reset: bool) -> tuple[Iterator[Source], int]:
        """Give the sources of the clips and the number of rows."""
        sources: Iterator[Source] | None = path_sources(X)
        if sources is None:
            X = validate_data(self, X, reset=reset, dtype=self.dtype, order="C")
            per_batch = max(1, BATCH_SECONDS * self._recipe.sample_rate // X.shape[1])
            sources = waveform_sources(X, per_batch)
        elif reset and hasattr(self, "n_features_in_"):
            # An earlier fit on waveforms must not bind a later one on files.
            del self.n_features_in_
        return sources, len(X)

    def _extract(self, sources: Iterator[Source], n_rows: int) -> np.ndarray:
        if self._recipe.uses_kernels:
            compile_kernels()
        features = np.full((n_rows, len(self._recipe.names)), np.nan)
        jobs = ((source, self._recipe, self.dtype) for source in sources)
        errors, damage, n_sources = [], [], 0
        progress = tqdm(
            desc="extracting", total=n_rows, unit="clip", disable=None if self.verbose else True
        )
        with progress, closing(run_jobs(_describe_source, jobs, self.n_jobs)) as results:
            for rows, values, notes in results:
                n_sources += 1
                damage += notes
                progress.update(len(rows))
                if not isinstance(values, audio.AudioError):
                    features[rows] = values
                elif self.on_error == "raise":
                    raise values
                else:
                    errors.append(values.as_dict())
        if errors:
            audio.warn_skipped(errors, n_sources)
        audio.warn_damaged(damage, n_sources)
        return features

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _describe_source(
    source: Source, features: FeatureSet, dtype: str
) -> tuple[np.ndarray, np.ndarray | audio.AudioError, list[dict[str, str]]]:
    """Compute the features of one source in a worker; with notes of what is damaged in it."""
    with audio.noted_damage() as notes:
        try:
            clips = source.waveforms(features.sample_rate)
            longest = max(len(clip) for clip in clips)
            if isinstance(source, TrackClips) and longest > LONGEST_CLIP * features.sample_rate:
                raise too_long(source.path)
        except audio.AudioError as error:
            return source.rows, error, notes
    # Clips of one length are computed together.
    order = np.argsort([len(clip) for clip in clips], kind="stable")
    values = compute_clips((clips[i] for i in order), features, dtype)
    return source.rows[order], values, notes
