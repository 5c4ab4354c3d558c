"""How good the model "best" is on GTZAN, and what each of its parts brings.

    python benchmarks/best.py GTZAN --store FOLDER

GTZAN is a copy with audio and, beside it, a ``tracks.csv`` with the columns track, artist and
fault_filtered_part. Models are compared by five folds that keep artists apart, with several seeds;
the fault-filtered split only judges what was chosen so. Prints Markdown.

Features are kept in FOLDER: stopped at any moment, the same command goes on where it was.
"""

import argparse
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import sklearn
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from musigenre import AudioFeatures, BlockScaler, CoupledSVC, audio, load_gtzan, make_clip_model
from musigenre.dsp.augmentation import augment
from musigenre.evaluation.metrics import align_proba
from musigenre.features import extract_to_store
from musigenre.features.texture import TEXTURE_BLOCKS
from musigenre.files import written_whole
from musigenre.model_selection.group_fit import fit_with_groups

SR = 22050
N_FOLDS = 5
CHUNK = 50  # tracks of a variant that are kept at a time

# The scaler and the classifier that are judged here are those of the model itself.
BEST = make_clip_model("best", random_state=0).estimator
C = BEST["classifier"].C
WIDTH = BEST["classifier"].gamma * len(TEXTURE_BLOCKS)
N_QUANTILES = BEST["scaler"].n_quantiles

FAMILIES = {
    "MFCC and mel": ["mfcc", "mfcc_delta", "mel"],
    "+ shape and contrast": ["shape", "contrast", "contrast_pattern"],
    "+ pitch": ["pitch"],
    "+ rhythm": ["modulation", "onset_scale", "bar"],
    "+ joint modulation (all)": ["joint_mean", "joint_spread"],
}


def main() -> None:
    tables = {
        "families": families,
        "blocks": blocks,
        "classifiers": classifiers,
        "copies": copies,
        "probabilities": probabilities,
        "lengths": lengths,
        "sizes": sizes,
        "fault-filtered": fault_filtered,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gtzan", type=Path, help="a copy of GTZAN with audio and tracks.csv")
    parser.add_argument("--store", type=Path, required=True, help="folder that keeps the features")
    parser.add_argument("--seeds", type=int, default=3, help="of the folds")
    parser.add_argument("--copies", type=int, default=4, help="draws of altered copies")
    parser.add_argument("--tables", nargs="+", choices=tables, default=list(tables))
    arguments = parser.parse_args()
    with threadpool_limits(1):
        data = Data(arguments.gtzan, arguments.store, arguments.seeds, arguments.copies)
        print(data, "\n")
        for name in arguments.tables:
            tables[name](data)


class Data:
    """Tracks, their labels, and the features of each variant of them."""

    def __init__(self, root: Path, store: Path, n_seeds: int, n_copies: int):
        gtzan = load_gtzan(root, on_problem="ignore")
        kept = ~np.isin(gtzan.data, gtzan.problems.query("kind == 'duplicate'")["path"])
        self.paths, self.y = gtzan.data[kept], gtzan.target[kept]
        tracks = gtzan.groups["track"][kept]
        self.artists = gtzan.groups["artist"][kept].fillna(tracks).to_numpy(str)
        parts = gtzan.metadata["fault_filtered_part"].reindex(tracks)
        self.parts = parts.fillna("").to_numpy(str)
        self.store, self.seeds = store, range(n_seeds)
        self.copies = [f"copy{k}" for k in range(1, n_copies + 1)]

    def __str__(self) -> str:
        names, counts = np.unique(self.y, return_counts=True)
        shares = ", ".join(f"{name} {n}" for name, n in zip(names, counts, strict=True))
        return (
            f"{len(self.y)} tracks of {len(set(self.artists))} artists ({shares}); "
            f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}."
        )

    @cache  # noqa: B019 - one instance, as long as the run
    def texture(self, variant: str = "whole") -> np.ndarray:
        """Give the texture of the tracks, or of altered ones."""
        if variant == "whole":
            return self.table("texture")
        folder = self.store / "variants" / variant
        folder.mkdir(parents=True, exist_ok=True)
        rows, extractor = [], AudioFeatures("texture")
        for first in tqdm(range(0, len(self.y), CHUNK), desc=variant, disable=None):
            path = folder / f"{len(self.y)}-{first:05d}.npy"
            if not path.exists():
                loaded = enumerate(self.paths[first : first + CHUNK], start=first)
                altered = [alter(variant, i, audio.load(path, SR)) for i, path in loaded]
                block = np.vstack([extractor.fit_transform(y[None]) for y in altered])
                with written_whole(path) as temporary, temporary.open("wb") as file:
                    np.save(file, block)
            rows.append(np.load(path))
        return np.vstack(rows)

    @cache  # noqa: B019 - one instance, as long as the run
    def table(self, feature_set: str) -> np.ndarray:
        store = self.store / "features"
        stored = extract_to_store(self.paths, store, None, feature_set=feature_set, verbose=1)
        return stored.to_frame().iloc[:, 4:].to_numpy()

    def folds(self, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        folds = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
        yield from folds.split(self.y, self.y, self.artists)

    @lru_cache(maxsize=4 * N_FOLDS)  # noqa: B019 - one instance, as long as the run
    def scaled(
        self, seed: int, fold: int, training: tuple[str, ...], test: str, n_quantiles: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Give training and test rows of a fold after scaling, and which tracks they are."""
        train, held_out = list(self.folds(seed))[fold]
        scaler = clone(BEST["scaler"]).set_params(n_quantiles=n_quantiles)
        X = scaler.fit_transform(np.vstack([self.texture(name)[train] for name in training]))
        tested = scaler.transform(self.texture(test)[held_out])
        return X, tested, np.tile(train, len(training)), held_out


def alter(variant: str, i: int, y: np.ndarray) -> np.ndarray:
    """Make a variant of track ``i``: ``copy<k>``, ``middle<s>`` seconds, ``window<k>`` of 10 s."""
    number = int(variant.lstrip("abcdefghijklmnopqrstuvwxyz"))
    if variant.startswith("copy"):
        return augment(y, SR, np.random.default_rng([number, i]))
    if variant.startswith("middle"):
        first = max(0, len(y) - number * SR) // 2
        return y[first : first + number * SR]
    return y[number * 10 * SR : (number + 1) * 10 * SR]


# ---- How it is judged ----


def machine(n_blocks: int = len(TEXTURE_BLOCKS), c: float = C) -> SVC:
    return SVC(C=c, gamma=WIDTH / n_blocks)


def accuracy(
    data: Data,
    model: BaseEstimator,
    *,
    columns: np.ndarray | slice = slice(None),
    training: tuple[str, ...] = ("whole",),
    test: str = "whole",
    n_quantiles: int = N_QUANTILES,
) -> str:
    """Judge a model of scaled texture by folds that keep artists apart: mean and spread."""
    scores = []
    for seed in data.seeds:
        right = np.zeros(len(data.y), dtype=bool)
        for fold in range(N_FOLDS):
            X, tested, train, held_out = data.scaled(seed, fold, training, test, n_quantiles)
            chosen, artists = X[:, columns], data.artists[train]
            fitted = fit_with_groups(clone(model), chosen, data.y[train], artists)
            right[held_out] = fitted.predict(tested[:, columns]) == data.y[held_out]
        scores.append(right.mean())
    return f"{np.mean(scores):.3f} ± {np.std(scores):.3f}"


def columns_of(names: list[str]) -> np.ndarray:
    return np.concatenate([np.arange(1909)[TEXTURE_BLOCKS[name]] for name in names])


# ---- The tables ----


def families(data: Data) -> None:
    rows, names = [], []
    for family, more in FAMILIES.items():
        names += more
        score = accuracy(data, machine(len(names)), columns=columns_of(names))
        rows.append((family, score))
    show("Families of blocks, one after the other", ("blocks", "accuracy"), rows)


def blocks(data: Data) -> None:
    rows = []
    for name in TEXTURE_BLOCKS:
        others = [other for other in TEXTURE_BLOCKS if other != name]
        alone = accuracy(data, machine(1), columns=columns_of([name]))
        without = accuracy(data, machine(), columns=columns_of(others))
        rows.append((name, alone, without))
    show("Each block", ("block", "alone", "all but this"), rows)


def classifiers(data: Data) -> None:
    models = {
        "SVC, one against one": machine(),
        "the same with coupled probabilities": BEST["classifier"],
        "SVC, C=1": machine(c=1.0),
        "SVC, C=16": machine(c=16.0),
        "SVC, half the gamma": machine(2 * len(TEXTURE_BLOCKS)),
        "SVC, twice the gamma": machine(len(TEXTURE_BLOCKS) // 2),
        "SVC, classes balanced": machine().set_params(class_weight="balanced"),
        "SVC, one against the rest": OneVsRestClassifier(machine()),
        "SVC on 200 principal components": make_pipeline(PCA(200, random_state=0), machine()),
        "shrinkage LDA on 300 components": make_pipeline(
            PCA(300, random_state=0), LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5)
        ),
        "logistic regression": LogisticRegression(C=30.0, max_iter=500),
    }
    rows = [(name, accuracy(data, model)) for name, model in models.items()]
    show("Classifiers on all blocks", ("classifier", "accuracy"), rows)


def copies(data: Data) -> None:
    *names, unheard = data.copies  # the last is never trained on
    rows = []
    for n in range(len(names) + 1):
        training = ("whole", *names[:n])
        scores = [accuracy(data, machine(), training=training, test=t) for t in ("whole", unheard)]
        rows.append((str(n), *scores))
    show("Altered copies in training", ("copies", "tracks as they are", "altered tracks"), rows)


def probabilities(data: Data) -> None:
    rows, genres = [], np.unique(data.y)
    for name, grouped in (("artists kept together", True), ("tracks at random", False)):
        proba, truth = [], []
        for seed in data.seeds:
            for fold in range(N_FOLDS):
                fold_data = data.scaled(seed, fold, ("whole", "copy1"), "whole", N_QUANTILES)
                X, tested, train, held_out = fold_data
                model = clone(BEST["classifier"])
                model.fit(X, data.y[train], data.artists[train] if grouped else train)
                proba.append(align_proba(model.predict_proba(tested), model.classes_, genres))
                truth.append(np.searchsorted(genres, data.y[held_out]))
        rows.append((name, *calibration(np.vstack(proba), np.concatenate(truth))))
    header = ("slope learned with", "log-loss", "Brier score", "calibration error")
    show("Probabilities", header, rows)


def calibration(proba: np.ndarray, truth: np.ndarray) -> tuple[str, str, str]:
    """Give log-loss, Brier score and expected calibration error in 15 bins."""
    own = proba[np.arange(len(truth)), truth].clip(min=1e-4)
    brier = ((proba - np.eye(proba.shape[1])[truth]) ** 2).sum(axis=1).mean()
    top, right = proba.max(axis=1), proba.argmax(axis=1) == truth
    bins = np.minimum((top * 15).astype(int), 14)
    gaps = [abs(right[bins == b].mean() - top[bins == b].mean()) for b in np.unique(bins)]
    error = np.average(gaps, weights=np.unique(bins, return_counts=True)[1])
    return f"{-np.log(own).mean():.3f}", f"{brier:.3f}", f"{error:.3f}"


def lengths(data: Data) -> None:
    training = ("whole", "copy1")
    rows = [
        (f"{s} s", accuracy(data, machine(), training=training, test=f"middle{s}"))
        for s in (3, 5, 10, 15, 20)
    ]
    rows.append(("30 s", accuracy(data, machine(), training=training)))
    show("Shorter tracks, repeated; trained on whole ones", ("heard", "accuracy"), rows)


def sizes(data: Data) -> None:
    rows = []
    for precision, n_quantiles, training in (
        ("double", 100, ("whole", "copy1")),
        ("half", 100, ("whole", "copy1")),
        ("half", 50, ("whole", "copy1")),
        ("half", 25, ("whole", "copy1")),
        ("half", 50, ("whole",)),
    ):
        model = clone(BEST["classifier"]).set_params(precision=precision)
        score = accuracy(data, model, training=training, n_quantiles=n_quantiles)
        X = np.vstack([data.texture(name) for name in training])
        scaler = clone(BEST["scaler"]).set_params(n_quantiles=n_quantiles)
        model.fit(scaler.fit_transform(X), np.tile(data.y, len(training)))
        vectors = model.svc_.support_vectors_.astype(getattr(np, precision))
        size = vectors.nbytes + scaler.quantile_transformer_.quantiles_.nbytes
        row = (precision, str(n_quantiles), str(len(training) - 1), f"{size / 1e6:.1f}", score)
        rows.append(row)
    show("Size", ("precision", "quantiles", "copies", "MB, not packed", "accuracy"), rows)


def fault_filtered(data: Data) -> None:
    test = np.flatnonzero(data.parts == "test")
    rows = []
    for name, parts in (("train", ["train"]), ("train and validation", ["train", "validation"])):
        train = np.flatnonzero(np.isin(data.parts, parts))

        def judge(tables: list[np.ndarray], blocks: dict | None, train=train) -> float:
            scaler = BlockScaler(blocks, n_quantiles=N_QUANTILES)
            X = scaler.fit_transform(np.vstack([table[train] for table in tables]))
            gamma = WIDTH / (len(blocks) if blocks else 1)
            model = CoupledSVC(C, gamma=gamma, precision="half", random_state=0)
            groups = np.tile(data.artists[train], len(tables))
            model.fit(X, np.tile(data.y[train], len(tables)), groups)
            predicted = model.predict(scaler.transform(tables[0][test]))
            return float(np.mean(predicted == data.y[test]))

        texture = data.texture()
        # One draw of the copies says little: they are drawn several times.
        drawn = [judge([texture, data.texture(copy)], TEXTURE_BLOCKS) for copy in data.copies]
        rows.append((name, "57 features", f"{judge([data.table('gtzan57')], None):.3f}"))
        rows.append((name, "twelve blocks", f"{judge([texture], TEXTURE_BLOCKS):.3f}"))
        spread = f"{np.mean(drawn):.3f} ({min(drawn):.3f} to {max(drawn):.3f})"
        rows.append((name, "and an altered copy, mean (range) over draws", spread))
    show(f"Fault-filtered, {len(test)} test tracks", ("trained on", "model", "accuracy"), rows)


def show(title: str, header: tuple, rows: list[tuple]) -> None:
    print(f"**{title}**\n")
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


if __name__ == "__main__":
    main()
