"""Save and load estimators without executing anything.

``model.json`` names the classes of a pipeline's steps, their parameters and what they learned. A
class is looked up in the short list of :mod:`musigenre.savable`; networks are rebuilt by this
library's own functions. See :mod:`musigenre.archive` for the file itself.
"""

from collections.abc import Hashable
from os import PathLike
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils.validation import _is_fitted

from musigenre.archive import ModelFileError, read_archive, write_archive
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
        Of a class of this library, one of the few of scikit-learn that
        :data:`musigenre.savable.SAVABLE` lists, or a Pipeline or FeatureUnion of such.
    path : str or path-like

    Raises
    ------
    TypeError
        If the estimator, or what it holds, cannot be saved without pickle.
    """
    arrays: list[np.ndarray] = []
    write_archive(path, _encode_estimator(estimator, arrays), arrays)


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
    """
    model, arrays = read_archive(path)
    try:
        estimator = _decode_estimator(model, arrays)
    except ModelFileError as error:
        raise ModelFileError(path, error.cause, error.remedy) from error
    except Exception as error:
        # What a foreign file says may fail in any way; the reader is told which file it was.
        raise ModelFileError(
            path, f"holds a model that does not fit together: {error!r}"
        ) from error
    if not isinstance(estimator, expected):
        raise ModelFileError(
            path, f"holds a {type(estimator).__name__}, not the {expected.__name__} asked for"
        )
    return estimator


def _encode_estimator(estimator: BaseEstimator, arrays: list[np.ndarray]) -> dict[str, Any]:
    if type(estimator) is Pipeline:
        steps = [[name, _encode_estimator(step, arrays)] for name, step in estimator.steps]
        return {"class": "Pipeline", "steps": steps}
    if type(estimator) is FeatureUnion and estimator.transformer_weights is None:
        union = [[name, _encode_estimator(e, arrays)] for name, e in estimator.transformer_list]
        return {"class": "FeatureUnion", "transformers": union}
    name = type(estimator).__name__
    if name not in SAVABLE or type(estimator) is not savable_class(name):
        raise TypeError(
            f"{type(estimator).__module__}.{name} cannot be saved without pickle, which executes "
            f"code when read; savable are Pipeline, FeatureUnion (without weights), "
            f"{', '.join(SAVABLE)}"
        )
    # Other versions of scikit-learn may lack a parameter: one left alone is not mentioned.
    usual = type(estimator)().get_params() if SAVABLE[name].is_foreign else {}
    params = {
        key: _encode(value, arrays, f"{name}({key}=...)")
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
        encoded["state"] = state
        encoded["weights"] = [_encode(weight, arrays, name) for weight in weights]
    else:
        encoded["fitted"] = {
            key: _encode(value, arrays, f"{name}.{key}")
            for key, value in vars(estimator).items()
            if _is_fitted_attribute(name, key) and key not in _NOT_SAVED
        }
    return encoded


def _is_fitted_attribute(name: str, key: str) -> bool:
    """Say whether an attribute of a class is one that is saved and may be set."""
    return key in SAVABLE[name].private or (key.endswith("_") and not key.startswith("_"))


def _is_same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and isinstance(value, Hashable) and value == other


def _encode(value: Any, arrays: list[np.ndarray], where: str) -> Any:
    """Turn a value into JSON; arrays go aside and leave a reference."""
    if isinstance(value, BaseEstimator):
        return {"estimator": _encode_estimator(value, arrays)}
    if isinstance(value, pd.DataFrame):
        columns = [_encode(value[c].to_numpy(), arrays, f"{where}[{c!r}]") for c in value.columns]
        return {"table": [[str(c) for c in value.columns], columns]}
    if isinstance(value, np.ndarray) and value.dtype.kind == "U":
        return {"strings": value.tolist()}
    if isinstance(value, np.ndarray) and value.dtype.kind in "OT":
        return {"objects": [_encode(item, arrays, where) for item in value.tolist()]}
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, slice):
        parts = (value.start, value.stop, value.step)
        return {"slice": [_encode(part, arrays, where) for part in parts]}
    if isinstance(value, tuple):
        return {"tuple": [_encode(item, arrays, where) for item in value]}
    if isinstance(value, list):
        return [_encode(item, arrays, where) for item in value]
    if isinstance(value, dict):
        items = [[_encode(k, arrays, where), _encode(v, arrays, where)] for k, v in value.items()]
        return {"dict": items}
    raise TypeError(
        f"{where} is a {type(value).__name__}, which a model file cannot hold; use numbers, "
        "strings, lists or arrays (for random_state an integer)"
    )


def _decode_estimator(encoded: dict[str, Any], arrays: list[np.ndarray]) -> BaseEstimator:
    name = encoded["class"]
    if name == "Pipeline":
        return Pipeline([(step, _decode_estimator(e, arrays)) for step, e in encoded["steps"]])
    if name == "FeatureUnion":
        return FeatureUnion([(n, _decode_estimator(e, arrays)) for n, e in encoded["transformers"]])
    if name not in SAVABLE:
        raise ModelFileError("", f"names the unknown class {name!r}")
    params = {key: _decode(value, arrays) for key, value in encoded["params"].items()}
    estimator = savable_class(name)(**params)
    estimator._validate_params()
    if "set_output" in encoded:
        estimator.set_output(transform=encoded["set_output"])
    if "state" in encoded:
        weights = [_decode(weight, arrays) for weight in encoded["weights"]]
        return estimator._set_state(encoded["state"], weights)
    for key, value in encoded.get("fitted", {}).items():
        if not _is_fitted_attribute(name, key):
            raise ModelFileError("", f"sets the attribute {key!r} of {name}")
        setattr(estimator, key, _decode(value, arrays))
    check = SAVABLE[name].check
    if check is not None:
        check(estimator)
    return estimator


def _decode(value: Any, arrays: list[np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_decode(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "estimator":
        return _decode_estimator(content, arrays)
    if kind == "table":
        names, columns = content
        decoded = (_decode(column, arrays) for column in columns)
        return pd.DataFrame(dict(zip(names, decoded, strict=True)))
    if kind == "strings":
        return np.array(content, dtype=str)
    if kind == "objects":
        items = [_decode(item, arrays) for item in content]
        if not any(isinstance(item, tuple) for item in items):
            return np.array(items, dtype=object)
        array = np.empty(len(items), dtype=object)
        for i, item in enumerate(items):  # NumPy would take tuples of one length for rows
            array[i] = item
        return array
    if kind == "array":
        return arrays[content]
    if kind == "slice":
        return slice(*(_decode(part, arrays) for part in content))
    if kind == "tuple":
        return tuple(_decode(item, arrays) for item in content)
    if kind == "dict":
        return {_decode(k, arrays): _decode(v, arrays) for k, v in content}
    raise ModelFileError("", f"holds a value of the unknown kind {kind!r}")
