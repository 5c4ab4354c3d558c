"""
Protocols: the same model, three accuracies
===========================================

The accuracy of a model depends on what the training part has in common with the test part. Here is
a model that does not change, on music that does not change.
"""

# %%
# A collection with few artists
# -----------------------------
# Each kind of music has three artists here, and an artist has instruments, a room and a mix of its
# own. That is how real collections are, GTZAN included: a few artists fill a genre.

from tempfile import TemporaryDirectory

from musigenre import make_tracks
from musigenre.features import extract_dataset

with TemporaryDirectory() as folder:
    music = make_tracks(folder, n_tracks=12, n_artists=3, duration=12.0, random_state=0)
    clips = extract_dataset(music)
clips.groups.drop_duplicates().groupby("artist").size().describe()[["count", "mean"]]

# %%
# Three protocols
# ---------------
# Under ``paper`` clips are drawn at random, so that a test clip has sisters of the same track in
# the training part. Under ``track`` whole tracks are drawn, under ``artist`` all tracks of an
# artist. Scaling and selection are steps of the model, learned from each training part alone.

from sklearn.ensemble import ExtraTreesClassifier
from sklearn.pipeline import make_pipeline

from musigenre import CorrelationSelector, RobustScaler, evaluate

model = make_pipeline(
    RobustScaler(), CorrelationSelector(), ExtraTreesClassifier(300, random_state=0)
)
report = evaluate(
    model,
    clips.data,
    clips.target,
    clips.groups,
    protocol=["paper", "track", "artist"],
    n_splits=5,
    random_state=0,
)
report

# %%
from musigenre.evaluation import AccuracyDisplay

AccuracyDisplay.from_report(report)

# %%
# The training accuracy is the same throughout, and so is the model. What falls is the help that it
# gets from having heard the same track, then the same artist. The last figure is the one to expect
# of a record that is new to the model.
#
# What is mistaken for what
# -------------------------

from musigenre.evaluation import ConfusionDisplay

ConfusionDisplay.from_report(report, protocol="artist")
