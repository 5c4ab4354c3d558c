"""The systems that the paper builds on (section II), as far as they are described."""

from functools import partial
from types import MappingProxyType

from musigenre.paper import models
from musigenre.paper.row import Row

TZANETAKIS = "G. Tzanetakis and P. Cook, IEEE Trans. Speech and Audio Processing 10(5), 2002"
REVA = (
    "J. H. K. Pou et al., Music Genre Classification using Machine Learning, REVA University, 2021"
)
DONG = "M. Dong, CNN Achieves Human-level Accuracy in Music Genre Classification, 2018"
GESSLE = "G. Gessle and S. Åkesson, A comparative analysis of CNN and LSTM, KTH, 2019"


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
