"""Predictions of a collection, chunk by chunk: the probabilities of each clip, and notes."""

import os
import warnings
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils._set_output import _wrap_data_with_container

from musigenre.audio import AudioError, AudioWarning, noted_damage
from musigenre.audio.reading import MAX_DURATION, too_long
from musigenre.classifiers import AugmentedClassifier
from musigenre.clips import COLUMNS, SAMPLE_RATE, spans
from musigenre.features import AudioFeatures
from musigenre.features.sound_check import SoundCheck
from musigenre.features.tracks import (
    FileState,
    Recipe,
    compile_kernels,
    crash,
    decoded_blocks,
    describe_track,
    no_samples,
)
from musigenre.parallel import run_jobs

if TYPE_CHECKING:
    from musigenre.pipeline import GenrePipeline

#: Tracks that are predicted together, and lost if the process is killed meanwhile.
CHUNK = 32


@dataclass(frozen=True)
class TrackPrediction:
    """What is known of a track after prediction.

    Attributes
    ----------
    path : str
        As asked for.
    file : FileState
        As it was before it was read.
    starts, durations : ndarray of shape (n_clips,)
        In seconds.
    probabilities : ndarray of shape (n_clips, n_genres)
        In the order of the pipeline's ``classes_``.
    note : str
        What :func:`musigenre.features.sound_note` says of the sound.
    damage : str or None
        What is wrong with a file of which a part could be read.
    error : AudioError or None
        Why there are no clips, if it could not be read.
    """

    path: str
    file: FileState
    starts: np.ndarray
    durations: np.ndarray
    probabilities: np.ndarray
    note: str = ""
    damage: str | None = None
    error: AudioError | None = None


@dataclass(frozen=True)
class _Heard:
    """What a worker found in a file; `features` only if the model begins with them."""

    file: FileState
    starts: np.ndarray
    durations: np.ndarray
    features: np.ndarray | None = None
    note: str = ""
    damage: str | None = None
    error: AudioError | None = None

    @classmethod
    def of_error(cls, file: FileState, error: AudioError) -> "_Heard":
        return cls(file, np.empty(0), np.empty(0), error=error)


def predict_tracks(
    pipeline: "GenrePipeline", paths: Sequence[str]
) -> Generator[list[TrackPrediction], None, None]:
    """Predict tracks, some at a time; a file that cannot be read stops nothing.

    Work is parallel as the active context of joblib says (``joblib.parallel_config``).

    Parameters
    ----------
    pipeline : GenrePipeline
        Fitted on paths.
    paths : sequence of str
        Audio files, one a track.

    Yields
    ------
    list of TrackPrediction
        Of at most `CHUNK` tracks, in order. Every call with the same paths makes the same chunks.
        Closing the generator stops the workers.

    Notes
    -----
    A model that begins with :class:`musigenre.AudioFeatures` has each file decoded once, clip by
    clip, while the tracks before are classified; for any other a file is decoded to listen to it,
    and again by the model. The parallelism of the steps themselves (`n_jobs`) plays no part.
    """
    # Workers may have another working folder. Links stay as they are, which resolve() follows.
    files = [os.path.abspath(path) for path in paths]  # noqa: PTH100
    features, rest = _split(pipeline.pipeline_)
    if features is None:
        for first in range(0, len(files), CHUNK):
            part = slice(first, first + CHUNK)
            yield _predict_chunk(pipeline, paths[part], files[part])
        return
    recipe = features.clip_recipe(pipeline.clip_duration_)
    if recipe.features.uses_kernels:
        compile_kernels()
    names = iter(paths)
    with closing(_hear(_describe, files, recipe)) as results:
        while heard := list(islice(results, CHUNK)):
            probabilities = _from_features(features, rest, heard)
            yield _joined(pipeline, list(islice(names, CHUNK)), heard, probabilities)


def _predict_chunk(
    pipeline: "GenrePipeline", paths: Sequence[str], files: Sequence[str]
) -> list[TrackPrediction]:
    heard = list(_hear(_listen, files, pipeline.clip_duration_))
    heard, probabilities = _from_clips(pipeline, files, heard)
    return _joined(pipeline, paths, heard, probabilities)


def _joined(
    pipeline: "GenrePipeline",
    paths: Sequence[str],
    heard: Sequence[_Heard],
    probabilities: dict[int, np.ndarray],
) -> list[TrackPrediction]:
    predictions = []
    for i, (path, each) in enumerate(zip(paths, heard, strict=True)):
        values = probabilities[i] if each.error is None else np.empty((0, len(pipeline.classes_)))
        predictions.append(
            TrackPrediction(
                path,
                each.file,
                each.starts,
                each.durations,
                values,
                each.note,
                each.damage,
                each.error,
            )
        )
    return predictions


def _split(model: Any) -> tuple[AudioFeatures | None, Any]:
    """Part a fitted model of clips into the features that it begins with, if so, and the rest."""
    # Of these types alone: a subclass may do otherwise.
    if type(model) is AugmentedClassifier:
        model = model.estimator_  # it alters clips in training only
    if type(model) is Pipeline and len(model) > 1 and type(model[0]) is AudioFeatures:
        return model[0], model[1:]
    return None, model


def _from_features(
    features: AudioFeatures, rest: Pipeline, heard: Sequence[_Heard]
) -> dict[int, np.ndarray]:
    """Classify clips that workers have described."""
    found = {i: each.features for i, each in enumerate(heard) if each.features is not None}
    if not found:
        return {}
    values = np.concatenate(list(found.values()))
    # An array or a table, as the features were told to give.
    X = _wrap_data_with_container("transform", values, values, features)
    ends = np.cumsum([len(values) for values in found.values()])
    return dict(zip(found, np.split(rest.predict_proba(X), ends[:-1]), strict=True))


def _from_clips(
    pipeline: "GenrePipeline", files: Sequence[str], heard: Sequence[_Heard]
) -> tuple[list[_Heard], dict[int, np.ndarray]]:
    """Let the model read the clips itself; files that it cannot take are heard no more."""
    heard = list(heard)
    while True:
        taken = [i for i, each in enumerate(heard) if each.error is None]
        if not taken:
            return heard, {}
        try:
            with warnings.catch_warnings():
                # Damage was noted when the file was listened to.
                warnings.simplefilter("ignore", AudioWarning)
                timeline = pipeline.predict_clips(_clip_table(files, heard, taken))
            break
        except AudioError as error:
            # It could be read, but is not what the model takes, or has gone since.
            found_at = [i for i in taken if files[i] == error.path]
            if not found_at:
                raise
            heard[found_at[0]] = _Heard.of_error(heard[found_at[0]].file, error)
    values = timeline[[f"p_{genre}" for genre in pipeline.classes_]].to_numpy(float)
    rows_of = timeline.groupby("track").indices
    return heard, {i: values[rows_of[i]] for i in taken}


def _clip_table(
    files: Sequence[str], heard: Sequence[_Heard], taken: Iterable[int]
) -> pd.DataFrame:
    rows = [
        (files[i], start, duration, i)
        for i in taken
        for start, duration in zip(heard[i].starts, heard[i].durations, strict=True)
    ]
    # Objects, because a file name need not be UTF-8, which pandas' strings are.
    return pd.DataFrame(
        {
            name: pd.Series(column, dtype=object if name == "path" else None)
            for name, column in zip(COLUMNS, zip(*rows, strict=True), strict=True)
        }
    )


def _hear(
    function: Callable[..., _Heard], files: Sequence[str], how: Recipe | float | None
) -> Generator[_Heard, None, None]:
    """Have workers hear the files, by `_describe` or `_listen`; results come in order."""
    jobs = ((file, how) for file in files)
    return run_jobs(function, jobs, ordered=True, on_crash=_crashed)


def _describe(path: str, recipe: Recipe) -> _Heard:
    """Decode a track once: listen to what it is, and describe its clips."""
    check = SoundCheck()
    _, track = describe_track(0, path, recipe, listen=check.add)
    if track.error is not None:
        return _Heard.of_error(track.file, track.error)
    clips = track.starts, track.durations, track.values
    return _Heard(track.file, *clips, check.measures().note, track.damage)


def _listen(path: str, duration: float | None) -> _Heard:
    """Decode a track: count its samples, and listen to what it is."""
    file = FileState.of(path)
    check = SoundCheck()
    n_samples = 0
    with noted_damage() as notes:
        try:
            for block in decoded_blocks(path, SAMPLE_RATE):
                n_samples += len(block)
                if n_samples > MAX_DURATION * SAMPLE_RATE:
                    raise too_long(path, MAX_DURATION)
                check.add(block)
            if n_samples == 0:
                raise no_samples(path)
        except AudioError as error:
            return _Heard.of_error(file, error)
    starts, durations = np.array(spans(n_samples, duration), dtype=float).T / SAMPLE_RATE
    damage = notes[0]["what"] if notes else None
    return _Heard(file, starts, durations, None, check.measures().note, damage)


def _crashed(path: str, how: Recipe | float | None) -> _Heard:
    return _Heard.of_error(FileState.of(path), crash(path))
