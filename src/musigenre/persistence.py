"""Save and load estimators without executing anything.

``model.json`` names the classes of a pipeline's steps, their parameters and what they learned. A
class is looked up in the short list of :mod:`musigenre.savable`; networks come with a graph that
predicts, and are rebuilt by this library's own functions; other estimators of scikit-learn go
through :mod:`musigenre.foreign_estimators`. See :mod:`musigenre.archive` for the file itself.
"""

import sys
import warnings
from collections.abc import Hashable
from os import PathLike
from typing import Any, TypeVar

import numpy as np
import sklearn
from sklearn.base import BaseEstimator
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils.validation import _is_fitted

from musigenre import foreign_estimators
from musigenre.archive import VERSIONS, ModelFileError, Parts, read_archive, write_archive
from musigenre.plain_arrays import from_list
from musigenre.savable import SAVABLE, savable_class

# Settings of the machine that trained, not of the model.
_NOT_SAVED = {"n_jobs", "verbose", "errors_"}

E = TypeVar("E", bound=BaseEstimator)


def save(estimator: BaseEstimator, path: str | PathLike[str]) -> None:
    """Write a fitted estimator; an existing file is replaced only when all is written.

    ``n_jobs`` and ``verbose`` are not saved: they belong to the machine, not to the model.

    Parameters
    ----------
    estimator : estimator
        Of a class of this library, one of those of scikit-learn that
        :data:`musigenre.savable.SAVABLE` and :data:`musigenre.foreign_estimators.ALLOWED` list, or
        a Pipeline or FeatureUnion of such.
    path : str or path-like

    Raises
    ------
    TypeError
        If the estimator, or what it holds, cannot be saved without pickle.
    """
    parts = Parts()
    write_archive(path, _encode_estimator(estimator, parts), parts)


def load(path: str | PathLike[str], expected: type[E]) -> E:
    """Read an estimator that :func:`save` wrote.

    Parameters
    ----------
    path : str or path-like
    expected : type
        The class that the file must hold.

    Returns
    -------
    estimator
        An instance of ``expected``, fitted.

    Raises
    ------
    ModelFileError
        If the file is not such a model, is damaged, or needs a newer version.

    Warns
    -----
    UserWarning
        If estimators of scikit-learn were saved, as a whole, by another version of it.
    """
    model, parts = read_archive(path)
    try:
        estimator = _decode_estimator(model, parts)
    except ModelFileError as error:
        raise ModelFileError(path, error.cause, error.remedy) from error
    except Exception as error:
        # What a foreign file says may fail in any way; the reader is told which file it was.
        raise ModelFileError(
            path, f"holds a model that does not fit together: {error!r}{_other_versions(parts)}"
        ) from error
    if not isinstance(estimator, expected):
        raise ModelFileError(
            path, f"holds a {type(estimator).__name__}, not the {expected.__name__} asked for"
        )
    if parts.estimators and parts.versions.get("scikit-learn") != sklearn.__version__:
        warnings.warn(
            f"the model file '{path}' holds estimators as scikit-learn "
            f"{parts.versions.get('scikit-learn')} knew them, and this is {sklearn.__version__}: "
            "they may predict otherwise; train again, or install that version",
            stacklevel=3,
        )
    return estimator


def _other_versions(parts: Parts) -> str:
    """Say which versions wrote a file, where they differ from those here."""
    differ = [f"{n} {v}" for n, v in parts.versions.items() if v != VERSIONS.get(n)]
    return f" (it was written by {', '.join(differ)})" if differ else ""


def _encode_estimator(estimator: BaseEstimator, parts: Parts) -> dict[str, Any]:
    if type(estimator) is Pipeline:
        return {"class": "Pipeline", "steps": _encode_steps(estimator.steps, parts)}
    if type(estimator) is FeatureUnion:
        union: dict[str, Any] = {"class": "FeatureUnion"}
        union["transformers"] = _encode_steps(estimator.transformer_list, parts)
        if estimator.transformer_weights is not None:
            union["weights"] = _encode(dict(estimator.transformer_weights), parts, "FeatureUnion")
        return union
    name = type(estimator).__name__
    if name not in SAVABLE or type(estimator) is not savable_class(name):
        if foreign_estimators.is_foreign(estimator):
            parts.estimators.append(foreign_estimators.dumps(estimator))
            return {"scikit-learn": len(parts.estimators) - 1}
        raise TypeError(
            f"{type(estimator).__module__}.{name} cannot be saved without pickle, which executes "
            "code when read; savable are the estimators of musigenre, many of scikit-learn "
            "(docs/saving.md lists them), and Pipelines and FeatureUnions of such"
        )
    # Other versions of scikit-learn may lack a parameter: one left alone is not mentioned.
    usual = type(estimator)().get_params() if SAVABLE[name].is_foreign else {}
    params = {
        key: _encode(value, parts, f"{name}({key}=...)")
        for key, value in estimator.get_params(deep=False).items()
        if key not in _NOT_SAVED and not (key in usual and _is_same(value, usual[key]))
    }
    encoded: dict[str, Any] = {"class": name, "params": params}
    output = getattr(estimator, "_sklearn_output_config", {}).get("transform")
    if output is not None:
        encoded["set_output"] = output
    if hasattr(estimator, "_get_state"):
        # A network; as a parameter it may still be untrained.
        if not _is_fitted(estimator):
            return encoded
        state, weights = estimator._get_state()
        graph = estimator._get_graph()
        encoded["state"] = state
        if graph is not None:
            parts.graphs.append(graph)
            encoded["graph"] = len(parts.graphs) - 1
        encoded["weights"] = [_encode(weight, parts, name) for weight in weights]
    else:
        encoded["fitted"] = {
            key: _encode(value, parts, f"{name}.{key}")
            for key, value in vars(estimator).items()
            if _is_fitted_attribute(name, key) and key not in _NOT_SAVED
        }
    return encoded


def _encode_steps(steps: list[tuple[str, Any]], parts: Parts) -> list[list[Any]]:
    """Encode estimators that have names; instead of one there may be None or a word."""
    return [
        [name, step if step is None or isinstance(step, str) else _encode_estimator(step, parts)]
        for name, step in steps
    ]


def _is_fitted_attribute(name: str, key: str) -> bool:
    """Say whether an attribute of a class is one that is saved and may be set."""
    return key in SAVABLE[name].private or (key.endswith("_") and not key.startswith("_"))


def _is_table(value: Any) -> bool:
    pandas = sys.modules.get("pandas")  # without it there is no table
    return pandas is not None and isinstance(value, pandas.DataFrame)


def _is_same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and isinstance(value, Hashable) and value == other


def _encode(value: Any, parts: Parts, where: str) -> Any:
    """Turn a value into JSON; arrays go aside and leave a reference."""
    if isinstance(value, BaseEstimator):
        return {"estimator": _encode_estimator(value, parts)}
    if _is_table(value):
        columns = [_encode(value[c].to_numpy(), parts, f"{where}[{c!r}]") for c in value.columns]
        return {"table": [[str(c) for c in value.columns], columns]}
    if isinstance(value, np.ndarray) and value.dtype.kind == "U":
        return {"strings": value.tolist()}
    if isinstance(value, np.ndarray) and value.dtype.kind in "OT":
        return {"objects": [_encode(item, parts, where) for item in value.tolist()]}
    if isinstance(value, np.ndarray):
        parts.arrays.append(value)
        return {"array": len(parts.arrays) - 1}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, slice):
        ends = (value.start, value.stop, value.step)
        return {"slice": [_encode(end, parts, where) for end in ends]}
    if isinstance(value, tuple):
        return {"tuple": [_encode(item, parts, where) for item in value]}
    if isinstance(value, list):
        return [_encode(item, parts, where) for item in value]
    if isinstance(value, dict):
        items = [[_encode(k, parts, where), _encode(v, parts, where)] for k, v in value.items()]
        return {"dict": items}
    raise TypeError(
        f"{where} is a {type(value).__name__}, which a model file cannot hold; use numbers, "
        "strings, lists or arrays (for random_state an integer)"
    )


def _decode_estimator(encoded: dict[str, Any], parts: Parts) -> BaseEstimator:
    if "scikit-learn" in encoded:
        return foreign_estimators.loads(
            parts.take("estimators", encoded["scikit-learn"]), parts.room
        )
    name = encoded["class"]
    if name == "Pipeline":
        return Pipeline(_decode_steps(encoded["steps"], parts))
    if name == "FeatureUnion":
        weights = _decode(encoded.get("weights"), parts)
        return FeatureUnion(
            _decode_steps(encoded["transformers"], parts), transformer_weights=weights
        )
    if name not in SAVABLE:
        raise ModelFileError("", f"names the unknown class {name!r}")
    params = {
        key: _decode(value, parts)
        for key, value in encoded["params"].items()
        if key not in _NOT_SAVED  # a file does not decide how many processes run here
    }
    estimator = savable_class(name)(**params)
    estimator._validate_params()
    if "set_output" in encoded:
        estimator.set_output(transform=encoded["set_output"])
    if "state" in encoded:
        weights = [_decode(weight, parts) for weight in encoded["weights"]]
        graph = parts.take("graphs", encoded["graph"]) if "graph" in encoded else None
        return estimator._set_state(encoded["state"], weights, graph)
    for key, value in encoded.get("fitted", {}).items():
        if not _is_fitted_attribute(name, key):
            raise ModelFileError("", f"sets the attribute {key!r} of {name}")
        setattr(estimator, key, _decode(value, parts))
    check = SAVABLE[name].check
    if check is not None:
        check(estimator)
    return estimator


def _decode_steps(steps: list[list[Any]], parts: Parts) -> list[tuple[str, Any]]:
    return [
        (name, step if step is None or isinstance(step, str) else _decode_estimator(step, parts))
        for name, step in steps
    ]


def _decode(value: Any, parts: Parts) -> Any:
    if isinstance(value, list):
        return [_decode(item, parts) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "estimator":
        return _decode_estimator(content, parts)
    if kind == "table":
        names, columns = content
        decoded = [_decode(column, parts) for column in columns]
        # pandas would repeat a single value to the length of the others.
        if not all(isinstance(c, np.ndarray) and len(c) == len(decoded[0]) for c in decoded):
            raise ValueError("a table has columns that are not arrays of one length")
        import pandas as pd

        return pd.DataFrame(dict(zip(names, decoded, strict=True)))
    if kind == "strings":
        return from_list(content, str)
    if kind == "objects":
        items = [_decode(item, parts) for item in content]
        if not any(isinstance(item, tuple) for item in items):
            return np.array(items, dtype=object)
        array = np.empty(len(items), dtype=object)
        for i, item in enumerate(items):  # NumPy would take tuples of one length for rows
            array[i] = item
        return array
    if kind == "array":
        return parts.take("arrays", content)
    if kind == "slice":
        return slice(*(_decode(part, parts) for part in content))
    if kind == "tuple":
        return tuple(_decode(item, parts) for item in content)
    if kind == "dict":
        return {_decode(k, parts): _decode(v, parts) for k, v in content}
    raise ModelFileError("", f"holds a value of the unknown kind {kind!r}")
