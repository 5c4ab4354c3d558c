"""Estimators of scikit-learn as bytes and back, by skops, without pickle.

skops makes nothing of a class that is not in its list. Here fewer are allowed: those whose fitted
state is plain data to code that checks its bounds, and trees, whose nodes are checked here; see
docs/saving.md. The one module that knows skops.
"""

import importlib
import io
import json
import warnings
import zipfile
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning

from musigenre.savable import SAVABLE, savable_class
from musigenre.zip_entries import Room, check_entries, read_entry

#: The classes of scikit-learn that a model file may hold, beside those of `savable`.
ALLOWED = {
    "sklearn.calibration": [
        "CalibratedClassifierCV",
        "_CalibratedClassifier",
        "_SigmoidCalibration",
    ],
    "sklearn.decomposition": ["FactorAnalysis", "FastICA", "IncrementalPCA", "PCA", "TruncatedSVD"],
    "sklearn.discriminant_analysis": ["QuadraticDiscriminantAnalysis"],
    "sklearn.dummy": ["DummyClassifier"],
    "sklearn.ensemble": [
        "AdaBoostClassifier",
        "BaggingClassifier",
        "ExtraTreesClassifier",
        "RandomForestClassifier",
        "StackingClassifier",
        "VotingClassifier",
    ],
    "sklearn.feature_selection": ["SelectFromModel", "VarianceThreshold"],
    "sklearn.frozen": ["FrozenEstimator"],
    "sklearn.impute": ["MissingIndicator", "SimpleImputer"],
    "sklearn.kernel_approximation": ["Nystroem", "RBFSampler"],
    "sklearn.linear_model": [
        "LogisticRegressionCV",
        "RidgeClassifier",
        "RidgeClassifierCV",
    ],
    "sklearn.multiclass": ["OneVsRestClassifier", "OneVsOneClassifier", "_ConstantPredictor"],
    "sklearn.naive_bayes": ["BernoulliNB", "ComplementNB", "GaussianNB", "MultinomialNB"],
    "sklearn.neighbors": ["NearestCentroid"],
    "sklearn.neural_network": ["MLPClassifier"],
    "sklearn.pipeline": ["FeatureUnion", "Pipeline"],
    "sklearn.preprocessing": [
        "Binarizer",
        "KBinsDiscretizer",
        "LabelBinarizer",
        "LabelEncoder",
        "MaxAbsScaler",
        "MinMaxScaler",
        "Normalizer",
        "OneHotEncoder",
        "PolynomialFeatures",
        "PowerTransformer",
        "RobustScaler",
    ],
    "sklearn.svm": ["LinearSVC"],
    "sklearn.tree": [
        "DecisionTreeClassifier",
        "DecisionTreeRegressor",
        "ExtraTreeClassifier",
        "ExtraTreeRegressor",
    ],
    "sklearn.utils": ["Bunch"],
}

# How skops may put together what it reads, and of which classes: no functions, no methods, nothing
# of `operator`. None stands for those that skops or `ALLOWED` allows.
_LOADERS: dict[str, set[str] | None] = {
    "DTypeNode": {"numpy.dtype"},
    "DictNode": {"builtins.dict", "sklearn.utils._bunch.Bunch"},
    "JsonNode": None,
    "ListNode": {"builtins.list"},
    "NdArrayNode": None,
    "ObjectNode": None,
    "RandomStateNode": {"numpy.random.mtrand.RandomState"},
    "SliceNode": {"builtins.slice"},
    "TreeNode": {"sklearn.tree._tree.Tree"},
    "TupleNode": {"builtins.tuple"},
    "TypeNode": None,
}
# What skops does not trust, but is built and checked here.
_TRUSTED = {"numpy.dtype", "sklearn.tree._tree.Tree"}
_SCHEMA = "schema.json"
_MAX_SCHEMA_BYTES = 64 * 2**20
_MAX_ARRAY_BYTES = 512 * 2**20
# Settings of the machine that trained, not of the model.
_OF_MACHINE = {"n_jobs": None, "verbose": 0, "memory": None}
# What the objects of a JSON text take in memory, over its length.
_OBJECTS_OF_TEXT = 10


def is_foreign(estimator: Any) -> bool:
    """Say whether an estimator is scikit-learn's own."""
    return type(estimator).__module__.startswith("sklearn.")


def dumps(estimator: BaseEstimator) -> bytes:
    """Write an estimator of scikit-learn.

    Raises
    ------
    TypeError
        If it, or what it holds, may not be in a model file.
    """
    from skops.io import dumps

    try:
        data = dumps(estimator)
    except Exception as error:  # skops raises what the state of an object makes it raise
        raise TypeError(
            f"{_name(type(estimator))} cannot be saved without pickle: {error}"
        ) from error
    try:
        loads(data)
    except ValueError as error:
        raise TypeError(f"{_name(type(estimator))} cannot be saved: it {error}") from error
    return data


def loads(data: bytes, room: Room | None = None) -> BaseEstimator:
    """Read what :func:`dumps` wrote.

    Parameters
    ----------
    data : bytes
    room : Room, optional
        What it may take of the memory, where it is not alone.

    Raises
    ------
    ValueError
        If the bytes are anything else.
    """
    from skops.io import get_untrusted_types, loads

    try:
        _check_archive(data, room or Room(_MAX_ARRAY_BYTES))
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(f"is damaged: {error}") from error
    trusted = _allowed_names() | _TRUSTED
    unknown = set(get_untrusted_types(data=data)) - trusted
    if unknown:
        raise ValueError(f"holds {', '.join(sorted(unknown))}, which skops does not trust")
    with warnings.catch_warnings():
        # Of the versions of scikit-learn `persistence` tells, once for the whole file.
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        estimator = loads(data, trusted=sorted(trusted))
    if not isinstance(estimator, BaseEstimator):
        raise ValueError(f"holds a {type(estimator).__name__} instead of an estimator")
    _check_objects(estimator)
    return estimator


def _check_archive(data: bytes, room: Room) -> None:
    """Look at all that skops would read before it does."""
    with io.BytesIO(data) as file, zipfile.ZipFile(file) as archive:
        limits = {".json": _MAX_SCHEMA_BYTES, ".npy": _MAX_ARRAY_BYTES}
        check_entries(file, archive, limits)
        if _SCHEMA not in archive.namelist():
            raise ValueError(f"has no {_SCHEMA}")
        try:
            text = read_entry(archive, _SCHEMA)
            room.take(_OBJECTS_OF_TEXT * len(text))
            schema = json.loads(text)
        except RecursionError as error:
            raise ValueError(f"has an unreadable {_SCHEMA}: {error}") from error
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        for node in _nodes(schema):
            _check_node(node)
            if "file" in node:
                # skops reads an array each time that it is named.
                room.take(sizes.get(node["file"], 0))
        for name in sizes:
            if name != _SCHEMA:
                _check_npy(read_entry(archive, name))


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Give all objects that the schema describes."""
    waiting = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "__loader__" in value:
                yield value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _check_node(node: dict[str, Any]) -> None:
    loader, name = node["__loader__"], f"{node.get('__module__')}.{node.get('__class__')}"
    classes = _LOADERS.get(loader, set())
    if classes is not None and name not in classes:
        raise ValueError(f"holds a {name}, which is not plain data")
    if loader == "ObjectNode" and name not in _allowed_names():
        raise ValueError(
            f"holds a {name}; a model file may hold, of scikit-learn, classes whose state is plain "
            "data to checked code (docs/saving.md lists them), and of others those of musigenre as "
            "steps of a Pipeline or FeatureUnion"
        )
    if loader == "TypeNode" and name.partition(".")[0] not in ("builtins", "numpy"):
        raise ValueError(f"refers to {name}")


def _check_npy(data: bytes) -> None:
    """Refuse an array that is none of numbers or text, or as long as it says."""
    file = io.BytesIO(data)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("has an array of another version of npy than 1.0")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if (
        dtype.hasobject
        or int(np.prod(shape, dtype=object)) * dtype.itemsize != len(data) - file.tell()
    ):
        raise ValueError("has an array of objects, or one that is not as long as it says")


@cache
def _allowed_names() -> frozenset[str]:
    """Give the full names of the allowed classes, which modules hide differently by version."""
    classes = [
        getattr(importlib.import_module(module), name, None)
        for module, names in ALLOWED.items()
        for name in names
    ]
    classes += [savable_class(name) for name, entry in SAVABLE.items() if entry.is_foreign]
    return frozenset(_name(each) for each in classes if each is not None)


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _check_objects(estimator: BaseEstimator) -> None:
    """Check what compiled code would read without looking, in the estimator and all it holds."""
    seen: set[int] = set()
    waiting: list[Any] = [estimator]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, list | tuple):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, np.ndarray) and value.dtype == object:
            waiting += value.ravel().tolist()
        elif isinstance(value, np.random.RandomState):
            _check_random_state(value)
        elif type(value).__module__.startswith("sklearn.") and hasattr(value, "__dict__"):
            _check_one(value)
            waiting += vars(value).values()


def _check_one(value: Any) -> None:
    entry = SAVABLE.get(type(value).__name__)
    if entry is not None and entry.check is not None and entry.is_foreign:
        entry.check(value)
    if hasattr(value, "tree_"):
        _check_tree(value)
    for name, setting in _OF_MACHINE.items():
        if vars(value).get(name):
            setattr(value, name, setting)


def _check_random_state(generator: np.random.RandomState) -> None:
    """Refuse a generator that would read its next number from beyond its 624."""
    state = generator.get_state(legacy=False)["state"]
    if not 0 <= state["pos"] <= len(state["key"]):
        raise ValueError("holds a random generator whose state does not fit together")


def _check_tree(owner: Any) -> None:
    """Refuse a tree with a branch or a feature that is not there, or one that never ends.

    scikit-learn follows them without a look, beyond the ends of its arrays if it must.
    """
    tree = owner.tree_
    n = tree.node_count
    if n > tree.capacity:  # before its arrays are looked at, which end there
        raise ValueError(f"holds a {type(owner).__name__} of more nodes than it has")
    own = np.arange(n)
    left, right = tree.children_left, tree.children_right
    is_leaf = left == -1
    # In the order in which they grow, a child comes after its parent.
    inner = ~is_leaf
    if (
        n < 1
        or tree.n_features != owner.n_features_in_
        or not (right[is_leaf] == -1).all()
        or not ((left > own) & (left < n) & (right > own) & (right < n))[inner].all()
        or not ((tree.feature >= 0) & (tree.feature < tree.n_features))[inner].all()
        or tree.value.shape[0] != n
    ):
        raise ValueError(f"holds a {type(owner).__name__} whose nodes do not fit together")
