"""GenrePipeline: from tracks to genres in one estimator."""

from collections.abc import Sequence
from numbers import Integral, Real
from os import PathLike

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context, clone
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_y,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from musigenre import clips, persistence
from musigenre.clips import OnError
from musigenre.evaluation.voting import vote
from musigenre.features import AudioFeatures
from musigenre.features.sources import is_paths
from musigenre.preprocessing import RobustScaler
from musigenre.selection import CorrelationSelector

#: The models that have a name.
MODELS = ("mlp",)


def make_clip_model(
    name: str = "mlp",
    *,
    clip_duration: float | None = 3.0,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Pipeline:
    """Build the scikit-learn Pipeline over clips that a model's name stands for.

    Parameters
    ----------
    name : {"mlp"}, default="mlp"
        ``"mlp"`` is the paper's multi-layer perceptron on 57 features, with four hidden layers for
        clips and three for whole tracks.
    clip_duration : float or None, default=3.0
        Length of the clips in seconds; ``None`` for whole tracks.
    random_state : int, RandomState instance or None
    n_jobs : int, optional
        Tracks whose features are computed at a time.
    verbose : int, default=0

    Returns
    -------
    sklearn.pipeline.Pipeline
        Steps ``features``, ``scaler``, ``selector``, ``classifier``; its X is a clip table, paths
        or waveforms. Change it as any Pipeline and hand it to ``GenrePipeline(model=...)``.

    Examples
    --------
    >>> from musigenre.pipeline import make_clip_model
    >>> list(make_clip_model("mlp").named_steps)
    ['features', 'scaler', 'selector', 'classifier']
    """
    if name not in MODELS:
        raise ValueError(f"model must be an estimator or one of {', '.join(MODELS)}; got {name!r}")
    from musigenre.networks import MLPClassifier

    return Pipeline(
        [
            ("features", AudioFeatures(n_jobs=n_jobs, verbose=verbose)),
            ("scaler", RobustScaler()),
            ("selector", CorrelationSelector()),
            (
                "classifier",
                MLPClassifier(
                    "30s" if clip_duration is None else "3s",
                    random_state=random_state,
                    verbose=verbose,
                ),
            ),
        ]
    )


class GenrePipeline(ClassifierMixin, BaseEstimator):
    """Tell the genre of whole tracks: cut into clips, classify each, take the mean.

    Parameters
    ----------
    model : {"mlp"} or estimator, default="mlp"
        What classifies the clips: a name, see :func:`musigenre.pipeline.make_clip_model`, or any
        classifier with ``predict_proba`` whose X is a clip table (if this pipeline is given
        paths) or an array of waveforms (if it is given those); usually a Pipeline that begins
        with :class:`musigenre.AudioFeatures`.
    clip_duration : float or None, default=3.0
        Length of a clip in seconds; ``None`` takes each track as one clip.
    on_error : {"raise", "warn", "skip"}, default="raise"
        Whether a file that cannot be read stops :meth:`fit`, or is left out, with or without a
        warning, and listed in ``errors_``.
    random_state : int, RandomState instance or None
        Seed of a model given by name.
    n_jobs : int, optional
        Tracks read and computed at a time, through the active joblib backend.
    verbose : int, default=0
        With 1 progress is shown on a terminal.

    Attributes
    ----------
    pipeline_ : estimator
        The fitted model of the clips.
    classes_ : ndarray of shape (n_classes,)
    errors_ : list of dict
        The files left out: path, cause, remedy.
    n_features_in_ : int
        Samples in a waveform, if fitted on an array of waveforms.

    Notes
    -----
    ``X`` is one of

    - paths of audio files, one a track;
    - an array of waveforms, (n_tracks, n_samples), mono and at 22,050 Hz;
    - a list of one-dimensional waveforms, each at least one clip long.

    A track's probability is the mean over its clips. A track shorter than a clip is one shorter
    clip; an end that does not fill a clip is left out.

    Examples
    --------
    Any estimator over clips will do; here a linear one on whole tracks:

    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from musigenre import AudioFeatures, GenrePipeline
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.normal(size=(4, 8000))
    >>> tracks = np.vstack([noise, np.cumsum(noise, axis=1) / 100])
    >>> genres = ["white"] * 4 + ["brown"] * 4
    >>> model = make_pipeline(AudioFeatures(), StandardScaler(), LogisticRegression())
    >>> pipeline = GenrePipeline(model, clip_duration=None).fit(tracks, genres)
    >>> pipeline.predict(rng.normal(size=(1, 8000))).tolist()
    ['white']
    """

    _parameter_constraints: dict = {
        "model": [StrOptions(set(MODELS)), HasMethods(["fit", "predict_proba"])],
        "clip_duration": [Interval(Real, 0, None, closed="neither"), None],
        "on_error": [StrOptions({"raise", "warn", "skip"})],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "verbose": [Interval(Integral, 0, None, closed="left"), "boolean"],
    }

    def __init__(
        self,
        model="mlp",
        *,
        clip_duration: float | None = 3.0,
        on_error: OnError = "raise",
        random_state=None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ):
        self.model = model
        self.clip_duration = clip_duration
        self.on_error = on_error
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y):
        """Cut the tracks into clips and fit the model on them.

        Parameters
        ----------
        X : paths or waveforms
            The tracks.
        y : array-like of shape (n_tracks,)
            Their genres.

        Returns
        -------
        self : GenrePipeline

        Raises
        ------
        AudioError
            If a file cannot be read and ``on_error="raise"``.
        """
        y = _check_y(y, estimator=self)
        check_classification_targets(y)
        check_consistent_length(X, y)
        table, X_clips = self._cut(X, on_error=self.on_error, reset=True)
        if table.empty:
            raise ValueError(f"none of the {len(y)} tracks could be read: {table.attrs['errors']}")
        self.errors_ = table.attrs.get("errors", [])
        self.pipeline_ = self._clip_model().fit(X_clips, y[table["track"].to_numpy()])
        self.classes_ = self.pipeline_.classes_
        return self

    def predict(self, X) -> np.ndarray:
        """Tell the genre of each track.

        Parameters
        ----------
        X : paths or waveforms

        Returns
        -------
        ndarray of shape (n_tracks,)
        """
        probability = self.predict_proba(X)
        return self.classes_[probability.argmax(axis=1)]

    def predict_proba(self, X) -> np.ndarray:
        """Give the probability of each genre for each track: the mean over its clips.

        Parameters
        ----------
        X : paths or waveforms

        Returns
        -------
        ndarray of shape (n_tracks, n_classes)
            Columns in the order of ``classes_``.
        """
        table, probabilities = self._clip_probabilities(X)
        return vote(probabilities, table["track"])[1]

    def predict_clips(self, X) -> pd.DataFrame:
        """Tell which genre when: one row a clip.

        Parameters
        ----------
        X : paths, waveforms or a clip table

        Returns
        -------
        pandas.DataFrame
            ``track`` (the path, the position of a waveform, or the clip table's own), ``start``
            and ``duration`` in seconds, ``genre``, and the probability of each class in a column
            of its name.
        """
        table, probabilities = self._clip_probabilities(X)
        track = table["track"]
        if is_paths(X):
            track = table["path"]
        timeline = pd.DataFrame(
            {
                "track": track.to_numpy(),
                "start": table["start"].to_numpy(),
                "duration": table["duration"].to_numpy(),
                "genre": self.classes_[probabilities.argmax(axis=1)],
            }
        )
        return timeline.join(pd.DataFrame(probabilities, columns=self.classes_))

    def save(self, path: str | PathLike[str]) -> None:
        """Write the fitted pipeline to a file that holds no code; see :meth:`load`.

        Parameters
        ----------
        path : str or path-like
            By custom with the ending ``.musigenre``. An existing file is replaced as a whole.

        Raises
        ------
        TypeError
            If a step of the pipeline is not one that can be saved without pickle.
        """
        check_is_fitted(self)
        persistence.save(self, path)

    @staticmethod
    def load(path: str | PathLike[str]) -> "GenrePipeline":
        """Read a pipeline that :meth:`save` wrote; nothing in the file is executed.

        Parameters
        ----------
        path : str or path-like

        Returns
        -------
        GenrePipeline
            Fitted; its predictions equal those of the saved one.

        Raises
        ------
        ModelFileError
            If the file is not such a model, is damaged, or was written by a newer version.
        """
        return persistence.load(path, GenrePipeline)

    def _clip_model(self):
        if not isinstance(self.model, str):
            return clone(self.model)
        return make_clip_model(
            self.model,
            clip_duration=self.clip_duration,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
            verbose=self.verbose,
        )

    def _clip_probabilities(self, X) -> tuple[pd.DataFrame, np.ndarray]:
        check_is_fitted(self)
        if clips.is_clip_table(X):
            return X, self.pipeline_.predict_proba(X)
        table, X_clips = self._cut(X, on_error="raise", reset=False)
        return table, self.pipeline_.predict_proba(X_clips)

    def _cut(self, X, *, on_error: OnError, reset: bool) -> tuple[pd.DataFrame, object]:
        """Give the table of clips, ``track`` being the position in X, and X for the model."""
        if is_paths(X):
            if reset and hasattr(self, "n_features_in_"):
                del self.n_features_in_
            table = clips.clip_table(
                X,
                self.clip_duration,
                on_error=on_error,
                tracks=range(len(X)),
                n_jobs=self.n_jobs,
                verbose=self.verbose,
            )
            return table, table
        if clips.is_clip_table(X):
            raise TypeError(
                "X is a clip table, but GenrePipeline cuts the clips itself: give it the paths of "
                "the tracks, or fit an estimator over clips such as make_clip_model()"
            )
        if not _is_waveform_list(X):
            X = validate_data(self, X, reset=reset)
        return _cut_waveforms(X, self.clip_duration)

    def _sk_visual_block_(self):
        """Show the model of the clips in the HTML of a notebook."""
        model = self.pipeline_ if hasattr(self, "pipeline_") else self._clip_model()
        if hasattr(model, "_sk_visual_block_"):
            return model._sk_visual_block_()
        from sklearn.utils._repr_html.estimator import _VisualBlock

        return _VisualBlock("single", model, names="model", name_details=str(model))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        return tags


def _is_waveform_list(X: object) -> bool:
    return (
        isinstance(X, list | tuple)
        and len(X) > 0
        and all(isinstance(y, np.ndarray) and y.ndim == 1 for y in X)
    )


def _cut_waveforms(
    waveforms: Sequence[np.ndarray] | np.ndarray, duration: float | None
) -> tuple[pd.DataFrame, np.ndarray]:
    rows, cut = [], []
    for position, y in enumerate(waveforms):
        for first, n in clips.spans(len(y), duration):
            rows.append((position, first / clips.SAMPLE_RATE, n / clips.SAMPLE_RATE))
            cut.append(y[first : first + n])
    lengths = {len(y) for y in cut}
    if len(lengths) > 1:
        shortest = min(range(len(waveforms)), key=lambda i: len(waveforms[i]))
        seconds = len(waveforms[shortest]) / clips.SAMPLE_RATE
        raise ValueError(
            f"the clips of the waveforms differ in length: waveform {shortest} has {seconds:.3f} s,"
            f" clip_duration is {duration}; pad it, leave it out or choose shorter clips"
        )
    return pd.DataFrame(rows, columns=["track", "start", "duration"]), np.stack(cut)
