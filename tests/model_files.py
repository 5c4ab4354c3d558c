"""Model files as somebody might change them."""

import hashlib
import io
import json
import zipfile

import numpy as np


def read(path):
    """Give the JSON and the other entries of a model file."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    return json.loads(entries.pop("model.json")), entries


def rewrite(path, change=None, entries=None, extra=(), remove=()):
    """Write a file anew with a changed JSON, other entries or more, all with a right sha256."""
    header, before = read(path)
    after = {name: data for name, data in (before | (entries or {})).items() if name not in remove}
    stated = header["entries"]
    header["entries"] = {
        name: {**stated.get(name, {}), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in after.items()
    }
    if change is not None:
        change(header)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in [("model.json", json.dumps(header)), *after.items(), *extra]:
            archive.writestr(name, data)


def npy(array):
    """Give an array as the bytes of a file."""
    file = io.BytesIO()
    np.lib.format.write_array(file, np.ascontiguousarray(array), (1, 0))
    return file.getvalue()
