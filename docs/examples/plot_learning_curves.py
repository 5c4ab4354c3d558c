"""
Learning curves of a convolutional network
==========================================

A network that hears MFCC of clips, its losses epoch by epoch, and what altering the clips in
training does to them.
"""

# %%
# Clips and their MFCC
# --------------------
# Cepstral normalisation is a step of its own; further scaling is not needed, since the network
# standardises each bin itself.

from tempfile import TemporaryDirectory

import numpy as np
from sklearn.pipeline import make_pipeline

from musigenre import CNNClassifier, MfccCMVN, SpectrogramExtractor, clip_table, make_tracks

with TemporaryDirectory() as folder:
    music = make_tracks(folder, n_tracks=8, n_artists=4, duration=12.0, random_state=0)
    clips = clip_table(music.data, 3.0, tracks=range(len(music.data)))
    X = make_pipeline(SpectrogramExtractor("mfcc"), MfccCMVN()).fit_transform(clips)
track = clips["track"].to_numpy()
y = music.target[track]
X.shape

# %%
# The first artist of each kind is for testing.

unheard = music.groups["artist"].str.endswith("-0").to_numpy()[track]

# %%
# Training
# --------
# With ``early_stopping`` and ``validation_fraction`` a part of the training data, drawn by genre,
# is watched and not trained on, and the weights of its best epoch are kept. So much ``patience``
# lets all epochs be run, to see how the curves go on.

watched = {"epochs": 20, "early_stopping": True, "validation_fraction": 0.2, "patience": 20}
plain = CNNClassifier(**watched, random_state=0)
plain.fit(X[~unheard], y[~unheard])
plain.history_.tail(3).round(3)

# %%
from musigenre.networks import HistoryDisplay

HistoryDisplay.from_estimator(plain)

# %%
# Altered clips
# -------------
# Mixup trains on mixtures of clips, and masks hide a band and a stretch of each. Training becomes
# harder, so that its curve is the worse one, and the network cannot learn clips by heart.

altered = CNNClassifier(**watched, mixup=0.2, frequency_mask=0.2, time_mask=0.2, random_state=0)
altered.fit(X[~unheard], y[~unheard])
HistoryDisplay.from_estimator(altered)

# %%
# On artists that were not heard
# ------------------------------
# The validation part shares tracks with the training part: it says when to stop, not how good the
# network is. That needs data that ``fit`` has never seen.

from musigenre.evaluation import vote

for name, network in {"plain": plain, "altered": altered}.items():
    probability = network.predict_proba(X[unheard])
    tracks, mean = vote(probability, track[unheard])
    of_tracks = network.classes_[mean.argmax(axis=1)] == music.target[tracks]
    print(
        f"{name:<8} validation {network.history_['val_accuracy'].max():.2f}, unheard artists:"
        f" clips {np.mean(network.predict(X[unheard]) == y[unheard]):.2f},"
        f" tracks {of_tracks.mean():.2f}"
    )
