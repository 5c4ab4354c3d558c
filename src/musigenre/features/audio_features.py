"""AudioFeatures: from clips to a table of named numbers."""

from collections.abc import Iterable, Iterator
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import validate_data
from threadpoolctl import threadpool_limits

from musigenre import audio
from musigenre.features.feature_sets import FEATURE_SETS, FeatureSet
from musigenre.features.sources import Source, TrackClips, path_sources, waveform_sources
from musigenre.parallel import in_order

# Seconds of audio computed at a time; it bounds the memory of a worker. A longer clip is computed
# as a whole, which takes 2.2 MB a second, up to a length beyond that of nearly all tracks.
_BATCH_SECONDS = 60
_LONGEST_CLIP = 1200


class AudioFeatures(TransformerMixin, BaseEstimator):
    """Describe each clip by a named set of audio features.

    Parameters
    ----------
    feature_set : {"gtzan57"}, default="gtzan57"
        ``"gtzan57"`` is the 57 columns of the published GTZAN tables: mean and variance of
        chroma, RMS, spectral centroid, bandwidth and rolloff, zero crossing rate, the harmonic and
        the percussive signal and 20 MFCC, and the tempo [1]_.
    on_error : {"raise", "warn"}, default="raise"
        Whether a file that cannot be read stops the extraction, or makes rows of NaN and a warning
        at the end.
    n_jobs : int, optional
        Tracks computed at a time, through the active joblib backend. ``None`` is one, unless in a
        :func:`joblib.parallel_config` context; -1 is one for each core.
    verbose : int, default=0
        With 1 a progress bar is shown on a terminal.

    Attributes
    ----------
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

    The transformer is stateless: nothing is learned in :meth:`fit`. Computation is in single
    precision, statistics over frames in double.

    References
    ----------
    .. [1] G. Tzanetakis and P. Cook, "Musical genre classification of audio signals", IEEE
       Transactions on Speech and Audio Processing 10(5), 2002, for the data; the recipe was
       recovered from the tables distributed with it.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre import AudioFeatures
    >>> second = np.arange(22050) / 22050
    >>> tone = np.sin(2 * np.pi * 440 * second, dtype=np.float32)
    >>> features = AudioFeatures().set_output(transform="pandas").fit_transform([tone])
    >>> features.shape
    (1, 57)
    >>> features["spectral_centroid_mean"].round(-1).item()
    440.0
    """

    _parameter_constraints: dict = {
        "feature_set": [StrOptions(set(FEATURE_SETS))],
        "on_error": [StrOptions({"raise", "warn"})],
        "n_jobs": [Integral, None],
        "verbose": [Interval(Integral, 0, None, closed="left"), "boolean"],
    }

    def __init__(
        self,
        feature_set: str = "gtzan57",
        *,
        on_error: str = "raise",
        n_jobs: int | None = None,
        verbose: int = 0,
    ):
        self.feature_set = feature_set
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
        """Compute the features; the same as :meth:`transform`."""
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
        made_by = getattr(self, "feature_set_version_", self._recipe.version)
        if made_by != self._recipe.version:
            raise ValueError(
                f"fitted with version {made_by} of the feature set {self.feature_set!r}, but this "
                f"musigenre computes version {self._recipe.version}: train again"
            )
        return self._extract(*self._check_X(X, reset=False))

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
        self.feature_set_version_ = self._recipe.version
        self.sample_rate_ = self._recipe.sample_rate

    def _check_X(self, X, reset: bool) -> tuple[list[Source], int]:
        """Give the sources of the clips and the number of rows."""
        sources: Iterable[Source] | None = path_sources(X)
        if sources is None:
            X = validate_data(self, X, reset=reset, dtype=np.float32, order="C")
            per_batch = max(1, _BATCH_SECONDS * self._recipe.sample_rate // X.shape[1])
            sources = waveform_sources(X, per_batch)
        elif reset and hasattr(self, "n_features_in_"):
            # An earlier fit on waveforms must not bind a later one on files.
            del self.n_features_in_
        return list(sources), len(X)

    def _extract(self, sources: list[Source], n_rows: int) -> np.ndarray:
        features = np.full((n_rows, len(self._recipe.names)), np.nan)
        results = in_order(
            _extract_source,
            ((source, self.feature_set) for source in sources),
            self.n_jobs,
            description="extracting",
            total=len(sources),
            unit="track",
            verbose=self.verbose,
        )
        errors = []
        with _one_thread():
            for rows, values in results:
                if not isinstance(values, audio.AudioError):
                    features[rows] = values
                elif self.on_error == "raise":
                    raise values
                else:
                    errors.append(
                        {"path": values.path, "cause": values.cause, "remedy": values.remedy}
                    )
        if errors:
            audio.warn_skipped(errors, len(sources))
        return features

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _extract_source(
    source: Source, feature_set: str
) -> tuple[np.ndarray, np.ndarray | audio.AudioError]:
    """Compute the features of one source in a worker."""
    recipe = FEATURE_SETS[feature_set]
    try:
        clips = source.waveforms(recipe.sample_rate)
        if isinstance(source, TrackClips):
            _check_length(source.path, clips, recipe.sample_rate)
    except audio.AudioError as error:
        return source.rows, error
    features = np.empty((len(clips), len(recipe.names)))
    with _one_thread():
        for rows in _batches(clips, recipe.sample_rate):
            features[rows] = recipe.compute(np.stack([clips[i] for i in rows]))
    return source.rows, features


def _check_length(path: str, clips: list[np.ndarray], sample_rate: int) -> None:
    longest = max(len(clip) for clip in clips) / sample_rate
    if longest > _LONGEST_CLIP:
        raise audio.AudioError(
            path,
            f"a clip of {longest:.0f} s is longer than the {_LONGEST_CLIP} s computed as a whole",
            "cut it into clips, for instance with clip_duration=3.0",
        )


def _one_thread() -> threadpool_limits:
    """Keep BLAS to one thread: work is parallel over tracks, and sums stay in one order.

    It is set around all jobs, for those that are threads of this process, and in each job, for
    those that run in another.
    """
    return threadpool_limits(limits=1, user_api="blas")


def _batches(clips: list[np.ndarray], sample_rate: int) -> Iterator[list[int]]:
    """Give the positions of clips of one length, a bounded amount of audio at a time."""
    lengths = np.array([len(clip) for clip in clips])
    for length in np.unique(lengths):
        same = np.flatnonzero(lengths == length)
        size = max(1, _BATCH_SECONDS * sample_rate // length)
        for first in range(0, len(same), size):
            yield list(same[first : first + size])
