"""How the systems of the tables are made: unfitted estimators over stored arrays.

X is what `musigenre.paper.dataset` gives: the 57 features of clips or tracks, spectrograms, or
several of these side by side. Networks are imported when they are made.
"""

from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from musigenre.features.gtzan57 import FEATURE_NAMES
from musigenre.paper.settings import Settings
from musigenre.preprocessing import MfccCMVN, RobustScaler

#: Bins of the MFCC that networks are given.
N_MFCC = 20

_N_FEATURES = len(FEATURE_NAMES)
_WITHOUT_MFCC = [i for i, name in enumerate(FEATURE_NAMES) if "mfcc" not in name]


def fixed_mlp(settings: Settings, design: str) -> Pipeline:
    """Make the paper's perceptron: robust scaling, selection by correlation, fixed layers."""
    from musigenre.networks import MLPClassifier

    return Pipeline([*_selected(), ("classifier", MLPClassifier(design, epochs=settings.epochs))])


def tuned_mlp(settings: Settings, mfcc: bool = True) -> Pipeline:
    """Make the paper's perceptron with layers found by Bayesian optimisation."""
    from musigenre.networks import TunedMLPClassifier

    kept = [("kept", ColumnTransformer([("kept", "passthrough", _WITHOUT_MFCC)]))]
    tuned = TunedMLPClassifier(
        settings.n_trials, epochs=settings.epochs, trial_epochs=min(40, settings.epochs)
    )
    return Pipeline([*([] if mfcc else kept), *_selected(), ("classifier", tuned)])


def cnn(settings: Settings, *, cmvn: bool = False) -> Any:
    """Make the paper's convolutional network, trained by the paper's plan."""
    from musigenre.networks import CNNClassifier

    return _with_cmvn(CNNClassifier("paper", **paper_plan(settings)), cmvn)


def quick_cnn(
    settings: Settings, architecture: str = "paper", *, cmvn: bool = False, **arguments: Any
) -> Any:
    """Make a convolutional network that is trained by one cycle of the learning rate."""
    from musigenre.networks import CNNClassifier

    network = CNNClassifier(architecture, epochs=settings.short_epochs, **arguments)
    return _with_cmvn(network, cmvn)


def quick_lstm(settings: Settings) -> Any:
    """Make a recurrent network, trained by one cycle of the learning rate."""
    from musigenre.networks import LSTMClassifier

    return LSTMClassifier("lstm", epochs=settings.short_epochs)


def mmnn(settings: Settings) -> Pipeline:
    """Make the paper's multi-modal network, trained by the paper's plan."""
    return _joined("cnn", **paper_plan(settings))


def quick_mmnn(settings: Settings, branch: str = "cnn", *, blending: bool = False) -> Pipeline:
    """Make a multi-modal network that is trained by one cycle of the learning rate."""
    return _joined(branch, blending=blending, epochs=settings.short_epochs)


def gaussian_mixtures(settings: Settings) -> Pipeline:
    """Make the classifier of Tzanetakis and Cook: three Gaussians a genre."""
    from musigenre.paper.gaussian_mixtures import GaussianMixtureClassifier

    return make_pipeline(StandardScaler(), GaussianMixtureClassifier(3))


def neighbours(settings: Settings, n_neighbors: int = 5, *, pca: bool = False) -> Pipeline:
    """Make k-nearest neighbours on standardised columns."""
    from sklearn.neighbors import KNeighborsClassifier

    return _classical(KNeighborsClassifier(n_neighbors), pca)


def logistic(settings: Settings, *, pca: bool = False) -> Pipeline:
    """Make logistic regression on standardised columns."""
    from sklearn.linear_model import LogisticRegression

    return _classical(LogisticRegression(max_iter=2000), pca)


def forest(settings: Settings, *, pca: bool = False) -> Pipeline:
    """Make a random forest."""
    from sklearn.ensemble import RandomForestClassifier

    return _classical(RandomForestClassifier(300), pca)


def support_vectors(settings: Settings, *, pca: bool = False) -> Pipeline:
    """Make a support vector machine with a radial kernel."""
    from musigenre.classifiers import CoupledSVC

    return _classical(CoupledSVC(), pca)


def small_network(settings: Settings, *, pca: bool = False) -> Pipeline:
    """Make a perceptron on standardised columns, all of them."""
    from musigenre.networks import MLPClassifier

    return _classical(MLPClassifier("30s", epochs=settings.epochs), pca)


def best(settings: Settings) -> Any:
    """Make the model "best", for stored texture of tracks and their copies."""
    from musigenre.clip_model import make_clip_model
    from musigenre.paper.copies import StoredCopiesClassifier

    whole: Any = make_clip_model("best")
    return StoredCopiesClassifier(whole.estimator[1:])  # its features are computed already


def paper_plan(settings: Settings) -> dict[str, Any]:
    """Give the paper's way of training, for networks over spectrograms (section IV.A).

    The paper does not say what early stopping watched; here it is the loss on the whole training
    part, which is trained on. Nor does it name a learning rate; 0.001 is what Keras takes.
    """
    return {
        "epochs": settings.epochs,
        "batch_size": 128,
        "early_stopping": True,
        "validation_fraction": None,
        "patience": 5,
        "learning_rate": 0.001,
        "learning_rate_schedule": "constant",
    }


def _selected() -> list[tuple[str, Any]]:
    from musigenre.selection import CorrelationSelector

    return [("scaler", RobustScaler()), ("selector", CorrelationSelector())]


def _with_cmvn(network: Any, cmvn: bool) -> Any:
    if not cmvn:
        return network
    return Pipeline([("cmvn", MfccCMVN()), ("classifier", network)])


def _joined(branch: str, **arguments: Any) -> Pipeline:
    from musigenre.networks import MMNNClassifier

    columns = ColumnTransformer(
        [
            ("features", Pipeline(_selected()), slice(0, _N_FEATURES)),
            ("mfcc", MfccCMVN(n_coefficients=N_MFCC), slice(_N_FEATURES, None)),
        ]
    )
    network = MMNNClassifier(branch, n_bins=N_MFCC, **arguments)
    return Pipeline([("columns", columns), ("classifier", network)])


def _classical(classifier: Any, pca: bool) -> Pipeline:
    steps: list[tuple[str, Any]] = [("scaler", StandardScaler())]
    if pca:
        steps.append(("pca", PCA(0.95)))
    return Pipeline([*steps, ("classifier", classifier)])
