"""
Your own collection
===================

Genres for a folder of music: which genre when, which tracks to doubt, what is no music at all,
genres into the files' tags and out again, tracks that sound alike and a playlist of them.
"""

# %%
# A folder of music
# -----------------
# Twelve synthetic tracks stand for a collection, with what collections have besides: white noise, a
# reader's voice (here a buzz that comes and goes like syllables), and a file that broke when it was
# copied. To use your own, set ``collection`` to your folder and leave out the rest of this cell.

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
from scipy.signal import butter, lfilter, sawtooth

from musigenre import make_tracks

folder = TemporaryDirectory()
collection = Path(folder.name) / "Music"
kinds = ["synthetic-blues", "synthetic-folk", "synthetic-metal", "synthetic-techno"]
make_tracks(collection, 3, kinds=kinds, format="flac", random_state=1)

rng = np.random.default_rng(0)
soundfile.write(collection / "noise.flac", 0.1 * rng.normal(size=20 * 22050), 22050)

voice, second = np.zeros(20 * 22050), 0.0
while second < 19.5:  # vowels of a buzzing throat, and pauses
    t = np.arange(int(22050 * rng.uniform(0.08, 0.2))) / 22050
    throat = sawtooth(2 * np.pi * rng.uniform(90, 160) * t)
    vowel = [butter(1, (f, 1.3 * f), "bandpass", fs=22050) for f in rng.uniform(300, 2500, 2)]
    sound = sum(lfilter(*formant, throat) for formant in vowel) * np.hanning(len(t))
    start = int(22050 * second)
    voice[start : start + len(t)] = rng.uniform(0.2, 0.6) * sound
    second += t[-1] + rng.choice([0.02, 0.08, 0.5], p=[0.5, 0.35, 0.15])
soundfile.write(collection / "chapter-1.flac", voice / np.abs(voice).max(), 22050)

_ = (collection / "broken.flac").write_bytes((collection / "noise.flac").read_bytes()[:20])

# %%
# A trained pipeline
# ------------------
# One comes with the package. It was trained on the ten genres of GTZAN and knows no other. A model
# of your own is ``GenrePipeline.load("genres.musigenre")``.

from musigenre import GenrePipeline

pipeline = GenrePipeline.from_pretrained()
pipeline.classes_

# %%
# Genres
# ------
# `find_tracks` lists what is below a folder, or in a playlist. Prediction owes an answer for every
# track, so files that cannot be read are left out before, and told of.

from musigenre import clip_table
from musigenre.datasets import find_tracks

found = find_tracks([collection])
clips = clip_table(found.data, pipeline.clip_duration_, on_error="skip")
for error in clips.attrs["errors"]:
    print(f"{Path(error['path']).name}: {error['cause']}; {error['remedy']}")

# %%
# Beside the genre stand its probability, whether to doubt it, and what the sound itself is:
# silence, noise, a tone or a single voice are found by measures of the signal. A model has to
# choose one of its genres for whatever it hears, be it synthetic folk or noise.

import pandas as pd

from musigenre import audio
from musigenre.features import sound_note

tracks = clips["track"].unique()
probability = pipeline.predict_proba(clips)
genres = pd.DataFrame(
    {
        "track": [Path(track).name for track in tracks],
        "genre": pipeline.classes_[probability.argmax(axis=1)],
        "probability": probability.max(axis=1).round(2),
        "note": [sound_note(audio.load(track)) for track in tracks],
    }
)
genres["unsure"] = (genres["probability"] < 0.5) | (genres["note"] != "")
genres

# %%
# Which genre when
# ----------------
# Three tracks, one after another. This model hears 30 s at a time; others hear three seconds.

from musigenre.evaluation import TimelineDisplay

medley = collection / "medley.flac"
blues, folk, techno = (audio.load(tracks[i]) for i in (2, 5, 11))
soundfile.write(medley, np.concatenate([blues, folk, techno]), 22050)
TimelineDisplay(pipeline.predict_clips([str(medley)]), "blues, folk, techno").plot()

# %%
# Tags
# ----
# The command ``musigenre predict`` does all this at once, for collections of any size; stopped at
# any moment, it goes on. ``--write-tags`` puts the genres into the files themselves, and with
# ``--dry-run`` it only shows what it would do. The function stands for a terminal:

from contextlib import chdir

from musigenre.cli import app


def terminal(command):
    """Run a command of musigenre in the folder."""
    print(f"$ musigenre {command}")
    with chdir(folder.name):
        app(command.split(), standalone_mode=False)


terminal("predict Music --jobs 1 --write-tags --dry-run")

# %%
# Unsure tracks and what is no music are left alone. Before the first file is changed, its old genre
# is written to a file of its own, and no file is changed in place.

terminal("predict Music --jobs 1 --write-tags --undo undo.json")

# %%
import mutagen

tagged = tracks[2]
mutagen.File(tagged).tags.as_dict()

# %%
# And back. The file is as it was, audio and tags.

terminal("undo-tags undo.json")
mutagen.File(tagged).tags.as_dict()

# %%
# Tracks that sound alike
# -----------------------
# `SimilarTracks` needs no model: it finds the nearest tracks in the space of the features.

from musigenre import SimilarTracks
from musigenre.datasets import write_playlist

alike = SimilarTracks().fit(tracks)
nearest = alike.similar(tracks[2], k=4)
nearest["track"] = [Path(track).name for track in nearest["track"]]
nearest.round(2)

# %%
# From there to a playlist that any player reads is a line.

write_playlist(collection / "like-this.m3u8", alike.similar(tracks[2], k=4)["track"])
print((collection / "like-this.m3u8").read_text())
