"""Whether a network over spectrograms brings the model "best" anything.

    python benchmarks/fusion.py GTZAN --store FOLDER

A network hears each track as ten mel spectrograms of 3 s. It is put beside the model in two ways:
the probabilities of both are averaged (late fusion), and what its last layer is given, averaged
over the clips of a track, becomes a thirteenth block of the machine. Judged as in best.py, by folds
that keep artists apart; each network is trained on the training part of its fold. Prints Markdown.

What the networks say is kept in FOLDER, which may be that of best.py: stopped at any moment, the
same command goes on where it was.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from best import BEST, N_FOLDS, N_QUANTILES, WIDTH, C, Data, machine, show
from musigenre import BlockScaler, CNNClassifier, SpectrogramExtractor, clip_table
from musigenre.evaluation.metrics import align_proba
from musigenre.features.texture import TEXTURE_BLOCKS
from musigenre.files import written_whole

SHARES = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0)
WEIGHTS = (0.0, 0.25, 0.5, 1.0)
TRAINING = ("whole", "copy1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gtzan", type=Path, help="a copy of GTZAN with audio and tracks.csv")
    parser.add_argument(
        "--store", type=Path, required=True, help="folder that keeps what is computed"
    )
    parser.add_argument("--seeds", type=int, default=3, help="of the folds")
    parser.add_argument("--jobs", type=int, help="processes that compute spectrograms")
    arguments = parser.parse_args()
    data = Data(arguments.gtzan, arguments.store, arguments.seeds, n_copies=1)
    print(data, "\n")
    networks = Networks(data, arguments.jobs)
    networks.train()
    with threadpool_limits(1):
        late_fusion(data, networks)
        one_more_block(data, networks)


class Networks:
    """What a network says in each fold, of all tracks."""

    def __init__(self, data: Data, n_jobs: int | None):
        self.data = data
        self.folder = data.store / "networks"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.n_jobs = n_jobs

    def path(self, seed: int, fold: int) -> Path:
        return self.folder / f"{len(self.data.y)}-{seed}-{fold}.npz"

    def train(self) -> None:
        folds = [(seed, fold) for seed in self.data.seeds for fold in range(N_FOLDS)]
        left = [each for each in folds if not self.path(*each).exists()]
        if not left:
            return
        clips = clip_table(self.data.paths, tracks=np.arange(len(self.data.y)), n_jobs=self.n_jobs)
        mel = SpectrogramExtractor("mel", n_jobs=self.n_jobs, verbose=1).fit_transform(clips)
        tracks = clips["track"].to_numpy()
        for seed, fold in tqdm(left, desc="networks", disable=None):
            train, _ = list(self.data.folds(seed))[fold]
            rows = np.flatnonzero(np.isin(tracks, train))
            network = CNNClassifier(
                "conv1d",
                epochs=20,
                mixup=0.2,
                frequency_mask=0.2,
                time_mask=0.2,
                random_state=N_FOLDS * seed + fold,
            ).fit(mel[rows], self.data.y[tracks[rows]])
            genres = np.unique(self.data.y)
            proba = align_proba(network.predict_proba(mel), network.classes_, genres)
            last = last_layer(network, mel)
            said = {"proba": mean_of(tracks, proba), "last": mean_of(tracks, last)}
            with written_whole(self.path(seed, fold)) as temporary, temporary.open("wb") as file:
                np.savez(file, **said)

    def said(self, seed: int, fold: int) -> dict[str, np.ndarray]:
        with np.load(self.path(seed, fold)) as arrays:
            return dict(arrays)


def last_layer(network: CNNClassifier, clips: np.ndarray) -> np.ndarray:
    """Give what the layer of the genres is given."""
    import keras

    given = keras.Model(network.model_.inputs, network.model_.layers[-1].input)
    return given.predict(clips, batch_size=256, verbose=0)


def mean_of(tracks: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Average clips over their tracks, which are numbered from 0."""
    sums = np.zeros((tracks.max() + 1, values.shape[1]))
    np.add.at(sums, tracks, values)
    return sums / np.bincount(tracks)[:, np.newaxis]


def late_fusion(data: Data, networks: Networks) -> None:
    genres = np.unique(data.y)

    def predicted(seed: int, fold: int) -> dict[str, np.ndarray]:
        X, tested, train, held_out = data.scaled(seed, fold, TRAINING, "whole", N_QUANTILES)
        model = clone(BEST["classifier"]).fit(X, data.y[train], data.artists[train])
        own = align_proba(model.predict_proba(tested), model.classes_, genres)
        other = networks.said(seed, fold)["proba"][held_out]
        means = {share: (1 - share) * own + share * other for share in SHARES}
        return {f"{share:g}": genres[mean.argmax(axis=1)] for share, mean in means.items()}

    show("Late fusion", ("share of the network", "accuracy"), compared(data, predicted))


def one_more_block(data: Data, networks: Networks) -> None:
    """Without copies, which the networks are not shown."""

    def predicted(seed: int, fold: int) -> dict[str, np.ndarray]:
        X, tested, train, held_out = data.scaled(seed, fold, ("whole",), "whole", N_QUANTILES)
        last = networks.said(seed, fold)["last"]
        scaler = BlockScaler(None, n_quantiles=N_QUANTILES).fit(last[train])
        block, tested_block = scaler.transform(last[train]), scaler.transform(last[held_out])
        found = {"alone": machine(1).fit(block, data.y[train]).predict(tested_block)}
        for weight in WEIGHTS:
            model = SVC(C=C, gamma=WIDTH / (len(TEXTURE_BLOCKS) + weight))
            model.fit(np.hstack([X, np.sqrt(weight) * block]), data.y[train])
            found[f"{weight:g}"] = model.predict(
                np.hstack([tested, np.sqrt(weight) * tested_block])
            )
        return found

    show("One more block", ("weight of the block", "accuracy"), compared(data, predicted))


def compared(
    data: Data, predicted: Callable[[int, int], dict[str, np.ndarray]]
) -> list[tuple[str, str]]:
    """Give the accuracy of each of several ways to predict the held-out tracks of a fold."""
    scores: dict[str, list[float]] = {}
    for seed in data.seeds:
        right: dict[str, list[np.ndarray]] = {}
        for fold, (_, held_out) in enumerate(data.folds(seed)):
            for name, genres in predicted(seed, fold).items():
                right.setdefault(name, []).append(genres == data.y[held_out])
        for name, folds in right.items():
            scores.setdefault(name, []).append(np.concatenate(folds).mean())
    return [(name, f"{np.mean(each):.3f} ± {np.std(each):.3f}") for name, each in scores.items()]


if __name__ == "__main__":
    main()
