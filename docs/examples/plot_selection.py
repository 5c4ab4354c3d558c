"""
Which features are worth keeping
================================

Two selectors ask two questions. `CorrelationSelector` keeps features that tell of the genre and do
not repeat each other. `BorutaSelector` keeps all that tell more than chance, and has to know which
rows belong together.
"""

# %%
# Features of clips, and beside them a column of random numbers, one for each track. It says
# nothing about music. But all clips of a track share it.

from tempfile import TemporaryDirectory

import numpy as np

from musigenre import BorutaSelector, CorrelationSelector, make_tracks
from musigenre.features import extract_dataset

kinds = ["synthetic-blues", "synthetic-folk", "synthetic-pop", "synthetic-reggae"]
with TemporaryDirectory() as folder:
    music = make_tracks(folder, 10, kinds=kinds, duration=30.0, random_state=0)
    clips = extract_dataset(music)
columns = [
    *("rms_mean", "tempo", "spectral_centroid_mean", "rolloff_mean", "zero_crossing_rate_mean"),
    *("chroma_stft_mean", "mfcc1_mean", "mfcc2_mean", "mfcc3_mean", "mfcc12_var"),
]
X, y, tracks = clips.data[columns], clips.target, clips.groups["track"]
chance = np.random.default_rng(0).normal(size=len(music.data))
X = X.assign(random_of_track=tracks.map(dict(zip(music.groups["track"], chance, strict=True))))

# %%
# By correlation
# --------------
# Each feature is asked how much it tells of the genre, and how much of it a better feature tells,
# too.

correlation = CorrelationSelector(max_redundancy=0.9).fit(X, y)
correlation.report_.round(2)

# %%
# By Boruta, rows taken to be independent
# ---------------------------------------
# A feature must beat shuffled copies of all features. They are shuffled by clips, so that none of
# them can tell tracks apart; the random number can, and is confirmed.

alone = BorutaSelector(max_iter=40, random_state=0).fit(X, y)
alone.report_.set_index("feature").loc[["random_of_track"], ["decision", "hits", "importance"]]

# %%
# By Boruta, with the tracks
# --------------------------
# Told the tracks, it shuffles whole tracks: now the copies know tracks as well as the features do,
# and what is left over is the music.

from musigenre.inspection import BorutaDisplay

grouped = BorutaSelector(max_iter=40, random_state=0).fit(X, y, groups=tracks)
BorutaDisplay.from_estimator(grouped)

# %%
# Both verdicts side by side:

import pandas as pd

pd.DataFrame({"by clip": alone.decision_, "by track": grouped.decision_}, index=X.columns)
