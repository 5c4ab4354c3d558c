"""
From tracks to genres
=====================

Train a pipeline on audio files, let it hear a track by an artist that it does not know, and look
which genre it hears when.
"""

# %%
# Ten kinds of synthetic music stand for a collection: eight tracks of each, of 15 s, by four
# artists. With music of your own, ``load_folder("music")`` takes the place of ``make_tracks``.

from tempfile import TemporaryDirectory

import numpy as np

from musigenre import GenrePipeline, make_tracks

folder = TemporaryDirectory()
music = make_tracks(folder.name, n_tracks=8, n_artists=4, duration=15.0, random_state=0)
music.groups.head()

# %%
# One artist of each kind is kept for later. `GenrePipeline` cuts all other tracks into clips of
# three seconds, computes 57 features of each, scales and selects them, and trains a perceptron.

unheard = music.groups["artist"].str.endswith("-3").to_numpy()
pipeline = GenrePipeline("mlp", random_state=0)
pipeline.fit(music.data[~unheard], music.target[~unheard])

# %%
# The genre of a track is the mean vote of its clips.

pipeline.score(music.data[unheard], music.target[unheard])

# %%
# What a pipeline thinks of each clip is a table, and a picture. Here half a techno track goes over
# into a waltz.

import soundfile

from musigenre import audio
from musigenre.evaluation import TimelineDisplay


def track_of(kind):
    """Give the first unheard track of a kind."""
    return music.data[unheard & (music.target == kind)][0]


techno, waltz = (audio.load(track_of(f"synthetic-{kind}")) for kind in ("techno", "waltz"))
mixed = f"{folder.name}/techno-then-waltz.wav"
soundfile.write(mixed, np.concatenate([techno, waltz]), 22050)

timeline = pipeline.predict_clips([mixed])
timeline[["start", "duration", "genre"]].round(1)

# %%
TimelineDisplay(timeline, "techno, then a waltz").plot()

# %%
# A trained pipeline is kept in a file that holds numbers and names, and nothing that executes.

pipeline.save(f"{folder.name}/genres.musigenre")
loaded = GenrePipeline.load(f"{folder.name}/genres.musigenre")
np.abs(loaded.predict_proba([mixed]) - pipeline.predict_proba([mixed])).max()
