"""GenrePipeline: from tracks to genres in one estimator."""

from numbers import Integral, Real
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context, clone
from sklearn.utils import check_array, column_or_1d
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_y,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from musigenre import persistence
from musigenre.clip_model import BEST_DURATION, MODELS, make_clip_model
from musigenre.clips import OnError, clip_table, is_clip_table
from musigenre.evaluation.voting import vote
from musigenre.features.sources import is_paths
from musigenre.model_selection.group_fit import fit_with_groups
from musigenre.tracks import check_tracks, check_waveform, cut_waveforms, is_waveform_list


class GenrePipeline(ClassifierMixin, BaseEstimator):
    """Tell the genre of whole tracks: cut into clips, classify each, take the mean.

    Parameters
    ----------
    model : str or estimator, default="mlp"
        What classifies the clips. A name: ``"mlp"``, ``"tuned-mlp"``, ``"cnn-stft"``,
        ``"cnn-mel"``, ``"cnn-mfcc"``, ``"mmnn"`` or ``"best"``, see
        :func:`musigenre.make_clip_model`. Or any classifier with ``predict_proba`` whose X is a
        clip table (if this pipeline is given paths) or an array of waveforms (if it is given
        those); usually a Pipeline that begins with :class:`musigenre.AudioFeatures` or
        :class:`musigenre.SpectrogramExtractor`. One whose ``fit`` takes ``groups``, such as
        :class:`musigenre.TunedMLPClassifier`, is told those given to :meth:`fit`, or the tracks.
    clip_duration : float, None or "auto", default="auto"
        Length of a clip in seconds; ``None`` takes each track as one clip. ``"auto"`` is 30 s for
        the model ``"best"``, which was made for that, and 3 s for any other.
    on_error : {"raise", "warn", "skip"}, default="raise"
        Whether a file that cannot be read stops :meth:`fit`, or is left out, with or without a
        warning, and listed in ``errors_``. Prediction owes a row for every track, so there such a
        file is always an error; leave it out with :func:`musigenre.clip_table` before.
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
    clip_duration_ : float or None
        Length of a clip in seconds; ``None`` if each track is one clip.
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
    clip; an end that does not fill a clip is left out. Waveforms shorter than a clip must all be of
    one length, unless the model is ``"best"``, which repeats what is short.

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
        "clip_duration": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"}), None],
        "on_error": [StrOptions({"raise", "warn", "skip"})],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "verbose": [Interval(Integral, 0, None, closed="left"), "boolean"],
    }

    def __init__(
        self,
        model="mlp",
        *,
        clip_duration: float | Literal["auto"] | None = "auto",
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
    def fit(self, X, y, groups=None):
        """Cut the tracks into clips and fit the model on them.

        Parameters
        ----------
        X : paths or waveforms
            The tracks.
        y : array-like of shape (n_tracks,)
            Their genres.
        groups : array-like of shape (n_tracks,), optional
            What belongs together, such as the tracks of an artist; by default each track stands
            for itself. Used by models that set a part of the training data aside, such as
            ``"best"``, for its probabilities, and ``"tuned-mlp"``.

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
        check_consistent_length(X, y, groups)
        self.clip_duration_ = self._actual_duration()
        table, X_clips = self._cut(X, on_error=self.on_error, reset=True)
        if table.empty:
            first = table.attrs["errors"][0]
            raise ValueError(
                f"none of the {len(y)} tracks could be read; the first, '{first['path']}': "
                f"{first['cause']}; {first['remedy']}"
            )
        self.errors_ = table.attrs.get("errors", [])
        tracks = table["track"].to_numpy()
        clip_groups = tracks if groups is None else column_or_1d(groups)[tracks]
        self.pipeline_ = fit_with_groups(self._clip_model(), X_clips, y[tracks], clip_groups)
        self.classes_ = self.pipeline_.classes_
        return self

    def predict(self, X) -> np.ndarray:
        """Tell the genre of each track.

        Parameters
        ----------
        X : paths, waveforms or a clip table
            The tracks of a clip table are those of its column ``track``, in order of appearance.

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
        X : paths, waveforms or a clip table

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
            and ``duration`` in seconds, ``genre``, and a column ``p_<genre>`` with the probability
            of each genre.
        """
        table, probabilities = self._clip_probabilities(X)
        track = table["track"]
        if is_paths(X):
            track = table["path"]
        timeline = pd.DataFrame(
            {
                "track": pd.Series(track.to_numpy(), dtype=track.dtype),
                "start": table["start"].to_numpy(),
                "duration": table["duration"].to_numpy(),
                "genre": self.classes_[probabilities.argmax(axis=1)],
            }
        )
        names = [f"p_{genre}" for genre in self.classes_]
        return timeline.join(pd.DataFrame(probabilities, columns=names))

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

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
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
        return persistence.load(path, cls)

    @classmethod
    def from_pretrained(cls, name: str = "gtzan") -> "GenrePipeline":
        """Give a fitted pipeline that comes with the package.

        Parameters
        ----------
        name : {"gtzan"}, default="gtzan"
            ``"gtzan"`` is the model ``"best"``, trained on the ten genres of GTZAN. What it can do
            and what not its card says: ``musigenre.pretrained.card("gtzan")``.

        Returns
        -------
        GenrePipeline
            Fitted.

        Raises
        ------
        ValueError
            If there is no such model, or the installation comes without it.
        ModelFileError
            If the file is not the one that this version came with.

        Examples
        --------
        >>> from musigenre import GenrePipeline
        >>> pipeline = GenrePipeline.from_pretrained()  # doctest: +SKIP
        >>> pipeline.predict(["song.mp3"])  # doctest: +SKIP
        array(['jazz'], dtype='<U9')
        """
        from musigenre import pretrained

        return pretrained.load(name)

    def _actual_duration(self) -> float | None:
        if self.clip_duration != "auto":
            return self.clip_duration
        return BEST_DURATION if self.model == "best" else 3.0

    def _clip_model(self):
        if not isinstance(self.model, str):
            return clone(self.model)
        return make_clip_model(
            self.model,
            clip_duration=self._actual_duration(),
            random_state=self.random_state,
            n_jobs=self.n_jobs,
            verbose=self.verbose,
        )

    def _clip_probabilities(self, X) -> tuple[pd.DataFrame, np.ndarray]:
        """Give the table of clips, with their tracks, and the probabilities of each."""
        check_is_fitted(self)
        if is_clip_table(X):
            table = X if "track" in X.columns else X.assign(track=X["path"])
            return table, self.pipeline_.predict_proba(X)
        table, X_clips = self._cut(X, on_error="raise", reset=False)
        return table, self.pipeline_.predict_proba(X_clips)

    def _cut(self, X, *, on_error: OnError, reset: bool) -> tuple[pd.DataFrame, Any]:
        """Give the table of clips, ``track`` being the position in X, and X for the model."""
        if reset and hasattr(self, "n_features_in_"):
            del self.n_features_in_
        if is_paths(X):
            table = clip_table(
                X,
                self.clip_duration_,
                on_error=on_error,
                tracks=range(len(X)),
                n_jobs=self.n_jobs,
                verbose=self.verbose,
            )
            return table, table
        check_tracks(X)
        if is_waveform_list(X):
            X = [check_waveform(y, position) for position, y in enumerate(X)]
        elif self.clip_duration_ is None or reset:
            X = validate_data(self, X, reset=reset)
        else:
            X = check_array(X, estimator=self)  # clips have one length, whatever the tracks have
        return cut_waveforms(X, self.clip_duration_, repeat_short=self.model == "best")

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
