"""The rows of the tables: Table I, the systems that the paper builds on, and our own."""

from collections.abc import Iterable
from functools import partial
from types import MappingProxyType

from musigenre.paper import models
from musigenre.paper.row import Row

CORTIS = "P. Cortis, Music genre classification with deep neural networks, Table I"
TZANETAKIS = "G. Tzanetakis and P. Cook, IEEE Trans. Speech and Audio Processing 10(5), 2002"
REVA = (
    "J. H. K. Pou et al., Music Genre Classification using Machine Learning, REVA University, 2021"
)
DONG = "M. Dong, CNN Achieves Human-level Accuracy in Music Genre Classification, 2018"
GESSLE = "G. Gessle and S. Åkesson, A comparative analysis of CNN and LSTM, KTH, 2019"
LIBRARY = "musigenre"

_FIGURES = (
    "train_accuracy",
    "train_auroc",
    "train_auprc",
    "test_accuracy",
    "test_auroc",
    "test_auprc",
)


def _table_one(key, title, kinds, make, figures, cost, clip_duration=3.0, note="") -> Row:
    return Row(
        key,
        title,
        kinds,
        make,
        CORTIS,
        MappingProxyType(dict(zip(_FIGURES, figures, strict=True))),
        clip_duration=clip_duration,
        table_one=True,
        cost=cost,
        note=note,
    )


TABLE_ONE = (
    _table_one(
        "mlp-30s",
        "Fixed MLP 30s",
        ("features_30s",),
        partial(models.fixed_mlp, design="30s"),
        (0.750, 0.970, 0.832, 0.641, 0.937, 0.706),
        8,
        None,
    ),
    _table_one(
        "mlp-3s",
        "Fixed MLP 3s",
        ("features",),
        partial(models.fixed_mlp, design="3s"),
        (0.962, 0.999, 0.993, 0.879, 0.989, 0.947),
        35,
    ),
    _table_one(
        "tuned-mlp-30s",
        "Tuned MLP 30s",
        ("features_30s",),
        models.tuned_mlp,
        (0.812, 0.980, 0.887, 0.675, 0.946, 0.746),
        60,
        None,
    ),
    _table_one(
        "tuned-mlp-3s",
        "Tuned MLP 3s",
        ("features",),
        models.tuned_mlp,
        (0.951, 0.998, 0.988, 0.864, 0.988, 0.936),
        230,
    ),
    _table_one(
        "tuned-mlp-no-mfcc-30s",
        "Tuned MLP no Mfccs 30s",
        ("features_30s",),
        partial(models.tuned_mlp, mfcc=False),
        (0.552, 0.904, 0.596, 0.496, 0.879, 0.521),
        60,
        None,
    ),
    _table_one(
        "tuned-mlp-no-mfcc-3s",
        "Tuned MLP no Mfccs 3s",
        ("features",),
        partial(models.tuned_mlp, mfcc=False),
        (0.717, 0.958, 0.798, 0.679, 0.948, 0.757),
        230,
    ),
    _table_one(
        "cnn-mel-30s",
        "CNN Mel Spectrogram 30s",
        ("mel_picture",),
        models.cnn,
        (0.476, 0.871, 0.522, 0.405, 0.840, 0.443),
        130,
        None,
    ),
    _table_one(
        "cnn-stft-3s",
        "CNN Spectrogram 3s",
        ("stft",),
        models.cnn,
        (0.870, 0.990, 0.941, 0.705, 0.951, 0.787),
        700,
    ),
    _table_one(
        "cnn-mel-3s",
        "CNN Mel Spectrogram 3s",
        ("mel",),
        models.cnn,
        (0.856, 0.988, 0.935, 0.724, 0.954, 0.804),
        300,
    ),
    _table_one(
        "cnn-mfcc-3s",
        "CNN Mfccs 3s",
        ("mfcc",),
        partial(models.cnn, cmvn=True),
        (0.926, 0.997, 0.978, 0.789, 0.970, 0.868),
        110,
    ),
    _table_one(
        "mmnn",
        "MMNN",
        ("features", "mfcc"),
        models.mmnn,
        (0.942, 0.997, 0.983, 0.863, 0.986, 0.932),
        120,
    ),
)


def _prior(key, title, kinds, make, source, **about) -> Row:
    accuracy = about.pop("accuracy", None)
    figure = about.pop("figure", "test_accuracy")
    reported = MappingProxyType({} if accuracy is None else {figure: accuracy})
    return Row(key, title, kinds, make, source, reported, **about)


_REVA_NOTE = (
    "The clip length and the settings are not known; here the 57 features of whole tracks, "
    "standardised, and principal components that hold 95 % of the variance."
)
_REVA = {
    "logistic": ("logistic regression", models.logistic, 3),
    "knn": ("k-nearest neighbours", models.neighbours, 3),
    "forest": ("random forest", models.forest, 5),
    "svm": ("support vector machine", models.support_vectors, 3),
    "network": ("neural network", models.small_network, 8),
}

PRIOR = (
    _prior(
        "tzanetakis-gmm",
        "Tzanetakis & Cook: Gaussian mixtures",
        ("tzanetakis",),
        models.gaussian_mixtures,
        TZANETAKIS,
        accuracy=0.61,
        clip_duration=None,
        cost=3,
        note="Reported over ten-fold cross-validation of whole tracks.",
    ),
    _prior(
        "tzanetakis-knn",
        "Tzanetakis & Cook: k-nearest neighbours",
        ("tzanetakis",),
        partial(models.neighbours, n_neighbors=3),
        TZANETAKIS,
        clip_duration=None,
        cost=3,
    ),
    *(
        _prior(
            f"reva-{name}{'-pca' * pca}",
            f"REVA: {title}{' + PCA' * pca}",
            ("features_30s",),
            partial(make, pca=pca),
            REVA,
            accuracy=0.7741 if name == "knn" and pca else None,
            clip_duration=None,
            cost=cost,
            note=_REVA_NOTE,
        )
        for name, (title, make, cost) in _REVA.items()
        for pca in (False, True)
    ),
    _prior(
        "dong-cnn",
        "Dong: CNN on mel clips, vote",
        ("mel",),
        partial(models.quick_cnn, filters=(64, 64), dense_units=32),
        DONG,
        accuracy=0.70,
        figure="test_track_accuracy",
        reported_protocol="track",
        cost=250,
        note=(
            "Two convolutional blocks of 64 filters and a dense layer of 32, as reported; clips of"
            " a track vote by their mean probability."
        ),
    ),
    _prior(
        "gessle-cnn",
        "Gessle & Åkesson: CNN on MFCC",
        ("mfcc",),
        models.quick_cnn,
        GESSLE,
        accuracy=0.56,
        reported_protocol="track",
        cost=60,
        note="This library's CNN on MFCC without normalisation.",
    ),
    _prior(
        "gessle-lstm",
        "Gessle & Åkesson: LSTM on MFCC",
        ("mfcc",),
        models.quick_lstm,
        GESSLE,
        accuracy=0.42,
        reported_protocol="track",
        cost=120,
        note="This library's LSTM on MFCC without normalisation.",
    ),
)


def _one_cycle(key: str, make, cost: float) -> Row:
    """Give a row of Table I again, with this library's training in place of the paper's."""
    row = next(row for row in TABLE_ONE if row.key == key)
    return Row(
        f"{key}-cycle",
        f"{row.title}, one cycle",
        row.kinds,
        make,
        f"{LIBRARY}: the network of Table I, trained by one cycle of the learning rate",
        row.reported,
        clip_duration=row.clip_duration,
        ours=True,
        cost=cost,
    )


OURS = (
    _one_cycle("cnn-mel-30s", models.quick_cnn, 60),
    _one_cycle("cnn-stft-3s", models.quick_cnn, 300),
    _one_cycle("cnn-mel-3s", models.quick_cnn, 120),
    _one_cycle("cnn-mfcc-3s", partial(models.quick_cnn, cmvn=True), 65),
    _one_cycle("mmnn", models.quick_mmnn, 65),
    Row(
        "conv1d-mfcc",
        "Conv1d on MFCC",
        ("mfcc",),
        partial(models.quick_cnn, architecture="conv1d", cmvn=True),
        LIBRARY,
        ours=True,
        cost=45,
    ),
    Row(
        "conv1d-mel",
        "Conv1d on mel",
        ("mel",),
        partial(models.quick_cnn, architecture="conv1d"),
        LIBRARY,
        ours=True,
        cost=45,
    ),
    Row(
        "mmnn-blended",
        "Blended MMNN",
        ("features", "mfcc"),
        partial(models.quick_mmnn, blending=True),
        f"{LIBRARY}, after W. Wang, D. Tran and M. Feiszli, CVPR 2020",
        ours=True,
        cost=180,
    ),
    Row(
        "mmnn-crnn",
        "CRNN multi-modal network",
        ("features", "mfcc"),
        partial(models.quick_mmnn, branch="crnn"),
        f"{LIBRARY}, the paper's future work",
        ours=True,
        cost=120,
    ),
    Row(
        "best",
        "Best: texture blocks, coupled SVM",
        ("texture", "texture_copies"),
        models.best,
        LIBRARY,
        clip_duration=None,
        ours=True,
        cost=12,
    ),
)

#: All rows by key, in the order of the tables.
ROWS: dict[str, Row] = {row.key: row for row in (*TABLE_ONE, *PRIOR, *OURS)}

#: Names that stand for several rows.
ROW_GROUPS: dict[str, tuple[str, ...]] = {
    "table-one": tuple(row.key for row in TABLE_ONE),
    "prior": tuple(row.key for row in PRIOR),
    "ours": tuple(row.key for row in OURS),
    "all": tuple(ROWS),
}


def get_rows(names: Iterable[str] | None = None) -> list[Row]:
    """Give the rows of the given names.

    Parameters
    ----------
    names : iterable of str, optional
        Keys of rows, or ``table-one``, ``prior``, ``ours`` or ``all``; all rows by default.

    Returns
    -------
    list of Row
        Each once, in the order of the tables.

    Raises
    ------
    ValueError
        If a name is unknown or there is none.

    Examples
    --------
    >>> from musigenre.paper import get_rows
    >>> [row.key for row in get_rows(["mmnn", "mlp-3s"])]
    ['mlp-3s', 'mmnn']
    """
    if names is None:
        return list(ROWS.values())
    wanted: set[str] = set()
    for name in names:
        if name not in ROWS and name not in ROW_GROUPS:
            known = ", ".join([*ROW_GROUPS, *ROWS])
            raise ValueError(f"unknown row {name!r}; choose from {known}")
        wanted.update(ROW_GROUPS.get(name, (name,)))
    if not wanted:
        raise ValueError("no row is named; leave rows out for all of them")
    return [row for key, row in ROWS.items() if key in wanted]
