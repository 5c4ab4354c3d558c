"""From clips to tracks: the vote."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array, check_consistent_length, column_or_1d


def vote(proba: ArrayLike, tracks: ArrayLike) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Average the class probabilities of a track's clips.

    Parameters
    ----------
    proba : array-like of shape (n_clips, n_classes)
        Class probabilities of each clip.
    tracks : array-like of shape (n_clips,)
        Track of each clip. The clips of a track need not stand together.

    Returns
    -------
    ids : ndarray of shape (n_tracks,)
        The tracks in order of appearance.
    mean : ndarray of shape (n_tracks, n_classes)
        Mean probabilities of each.

    Raises
    ------
    ValueError
        If a probability is not finite, the lengths differ, or the track of a clip is missing.

    Examples
    --------
    >>> ids, mean = vote([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], ["b", "a", "b"])
    >>> ids.tolist()
    ['b', 'a']
    >>> mean
    array([[0.75, 0.25],
           [0.2 , 0.8 ]])
    """
    shares = check_array(proba, dtype=np.float64, input_name="proba")
    # A list of names may hold None; object keeps it from turning into the name "None".
    names = column_or_1d(tracks, dtype=None if isinstance(tracks, np.ndarray) else object)
    check_consistent_length(shares, names)
    codes, ids = pd.factorize(names)
    missing = np.flatnonzero(codes < 0)
    if missing.size:
        raise ValueError(
            f"the track of {missing.size} clips is missing, the first of them clip {missing[0]};"
            " a clip can only vote for a track that is known."
        )
    total = np.zeros((len(ids), shares.shape[1]))
    np.add.at(total, codes, shares)
    return ids, total / np.bincount(codes)[:, np.newaxis]
