"""
A map of the features
=====================

The space of the features seen from two sides, as in the paper: MFCC beside all others, each with
the scores of clusters that know no genre. And which columns say the same.
"""

# %%
from tempfile import TemporaryDirectory

from musigenre import make_tracks
from musigenre.features import extract_dataset

with TemporaryDirectory() as folder:
    music = make_tracks(folder, n_tracks=8, duration=12.0, random_state=0)
    clips = extract_dataset(music)
X, y = clips.data, clips.target
X.iloc[:3, :6].round(3)

# %%
# Each space is drawn by its first two principal components, after standardising. Below stand scores
# of k-means: how well clusters agree with the kinds of music, and how tight they are. In brackets
# stands what chance gives, without which such scores cannot be compared between spaces of 40 and of
# 17 dimensions.

from musigenre.inspection import FeatureMapDisplay

FeatureMapDisplay.from_features(X, y, clips.groups["track"], random_state=0)

# %%
# Columns that rise and fall together lie side by side here. Each block is one fact, told several
# times: brightness, for instance, by centroid, bandwidth, rolloff and zero crossings.

from musigenre.inspection import CorrelationDisplay

CorrelationDisplay.from_features(X)

# %%
# What a model uses
# -----------------
# All columns of a group are permuted together on the test part of each holdout. A group that others
# can stand in for loses little, however much it tells by itself.

from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline

from musigenre import RobustScaler
from musigenre.inspection import GroupImportanceDisplay

model = make_pipeline(RobustScaler(), LinearDiscriminantAnalysis())
GroupImportanceDisplay.from_estimator(
    model, X, y, clips.groups, protocol="artist", n_splits=5, random_state=0
)
