"""The classes that a model file may name. Nothing else is imported for a file.

Those of scikit-learn are few, and each is listed with what it needs beyond the attributes that end
in an underscore; so what is set on them when a file is read is known beforehand.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator


@dataclass(frozen=True)
class Savable:
    """A class whose estimators can be saved.

    Attributes
    ----------
    module : str
        Where it lives.
    private : tuple of str
        Fitted attributes with a leading underscore.
    check : callable, optional
        Raises ``ValueError`` if the fitted attributes of an estimator do not fit together, where
        its own code would not notice.
    """

    module: str
    private: tuple[str, ...] = ()
    check: Callable[[Any], None] | None = None

    @property
    def is_foreign(self) -> bool:
        """Whether it is scikit-learn's, whose parameters come and go with its versions."""
        return self.module.startswith("sklearn.")


def check_svc(svc: Any) -> None:
    """Refuse a support vector machine whose arrays do not fit each other.

    LIBSVM reads them without a look at their lengths, beyond their ends if it must.
    """
    if not hasattr(svc, "support_vectors_"):
        return
    n_classes, n_vectors = len(svc.classes_), len(svc.support_vectors_)
    expected = {
        "support_vectors_": (np.float64, (n_vectors, svc.n_features_in_)),
        "support_": (np.int32, (n_vectors,)),
        "_n_support": (np.int32, (n_classes,)),
        "_dual_coef_": (np.float64, (n_classes - 1, n_vectors)),
        "_intercept_": (np.float64, (n_classes * (n_classes - 1) // 2,)),
        "_probA": (np.float64, (0,)),
        "_probB": (np.float64, (0,)),
    }
    for name, (dtype, shape) in expected.items():
        value = getattr(svc, name)
        if not isinstance(value, np.ndarray) or value.dtype != dtype or value.shape != shape:
            raise ValueError(f"{name} of the SVC is not {np.dtype(dtype)} of shape {shape}")
    if n_classes < 2 or (svc._n_support < 0).any() or svc._n_support.sum() != n_vectors:
        raise ValueError("the SVC does not have the support vectors of each class that it states")
    if svc._sparse is not False or not isinstance(svc._gamma, float):
        raise ValueError("the SVC is not one for dense arrays")
    if svc.kernel not in ("linear", "poly", "rbf", "sigmoid"):
        raise ValueError(f"an SVC with the kernel {svc.kernel!r} cannot be read")


_SVC_PRIVATE = (
    "_dual_coef_",
    "_gamma",
    "_intercept_",
    "_n_support",
    "_probA",
    "_probB",
    "_sparse",
)

SAVABLE = {
    "AudioFeatures": Savable("musigenre.features"),
    "AugmentedClassifier": Savable("musigenre.classifiers"),
    "BlockScaler": Savable("musigenre.preprocessing"),
    "BorutaSelector": Savable("musigenre.selection"),
    "CNNClassifier": Savable("musigenre.networks"),
    "CorrelationSelector": Savable("musigenre.selection"),
    "CoupledSVC": Savable("musigenre.classifiers"),
    "GenrePipeline": Savable("musigenre.pipeline"),
    "LSTMClassifier": Savable("musigenre.networks"),
    "LinearDiscriminantAnalysis": Savable("sklearn.discriminant_analysis", ("_max_components",)),
    "LogisticRegression": Savable("sklearn.linear_model"),
    "MLPClassifier": Savable("musigenre.networks"),
    "MMNNClassifier": Savable("musigenre.networks"),
    "MfccCMVN": Savable("musigenre.preprocessing"),
    "QuantileTransformer": Savable("sklearn.preprocessing"),
    "RobustScaler": Savable("musigenre.preprocessing"),
    "SVC": Savable("sklearn.svm", _SVC_PRIVATE, check_svc),
    "SpectrogramExtractor": Savable("musigenre.features"),
    "StandardScaler": Savable("sklearn.preprocessing"),
    "TunedMLPClassifier": Savable("musigenre.networks"),
}


def savable_class(name: str) -> type[BaseEstimator]:
    """Import a class of the list."""
    return getattr(importlib.import_module(SAVABLE[name].module), name)
