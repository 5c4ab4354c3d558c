"""
The layers of a perceptron, searched
====================================

`TunedMLPClassifier` finds the number of its layers, their widths and their dropout by Bayesian
optimisation, on training data alone, and shows how.
"""

# %%
from tempfile import TemporaryDirectory

from musigenre import RobustScaler, TunedMLPClassifier, make_tracks
from musigenre.features import extract_dataset

with TemporaryDirectory() as folder:
    music = make_tracks(folder, n_tracks=8, n_artists=4, duration=9.0, random_state=0)
    clips = extract_dataset(music)
unheard = clips.groups["artist"].str.endswith("-0").to_numpy()
scaler = RobustScaler().fit(clips.data[~unheard])
X, X_unheard = scaler.transform(clips.data[~unheard]), scaler.transform(clips.data[unheard])
y, y_unheard = clips.target[~unheard], clips.target[unheard]

# %%
# Eight networks are tried, few and short, so that this page is built quickly; twenty and 40 epochs
# are usual. With the tracks as ``groups``, no track is on both sides of the validation.

model = TunedMLPClassifier(n_trials=8, trial_epochs=15, epochs=30, batch_size=16, random_state=0)
model.fit(X, y, groups=clips.groups["track"][~unheard])
model.trials_[["hidden_layer_sizes", "score", "seconds"]].round(2)

# %%
# On the left the search, on the right its best networks: what good ones share is what their rows
# have in common.

from musigenre.networks import TuningDisplay

TuningDisplay.from_estimator(model)

# %%
# The best network is then trained on all the training data. Its score in the search is the best of
# many, and flatters:

print(f"best score in the search {model.best_score_:.2f}")
print(f"on artists that were not heard {model.score(X_unheard, y_unheard):.2f}")

# %%
# The search goes on
# ------------------
# Trials are kept. With ``warm_start`` more of them are added, as if the search had never stopped.

model.set_params(warm_start=True, n_trials=10)
model.fit(X, y, groups=clips.groups["track"][~unheard])
len(model.trials_), model.best_params_
