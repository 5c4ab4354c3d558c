"""Model files that are damaged, foreign or hostile: each is refused, and nothing is executed."""

import io
import json
import pickle
import struct
import zipfile

import joblib
import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from model_files import npy, read, rewrite
from musigenre import RobustScaler, archive, persistence
from musigenre.archive import ModelFileError

ARRAY = "arrays/0000.npy"


class Exploit:
    def __reduce__(self):
        return (exec, ("raise SystemExit('executed')",))


@pytest.fixture(scope="module")
def fitted():
    X = np.random.default_rng(0).normal(size=(200, 4))
    return make_pipeline(RobustScaler(), StandardScaler()).fit(X)


@pytest.fixture
def saved(fitted, tmp_path):
    path = tmp_path / "model.musigenre"
    persistence.save(fitted, path)
    return path


def load(path):
    return persistence.load(path, object)


def same(fitted, path):
    X = np.random.default_rng(1).normal(size=(5, 4))
    return np.array_equal(load(path).transform(X), fitted.transform(X))


def test_equal_models_are_equal_files(fitted, saved, tmp_path):
    persistence.save(fitted, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == saved.read_bytes()
    assert same(fitted, saved)


def test_a_failed_save_leaves_the_old_file(fitted, saved, monkeypatch):
    before = saved.read_bytes()
    monkeypatch.setattr(zipfile.ZipFile, "writestr", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        persistence.save(fitted, saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


@pytest.mark.parametrize("size", [0, 1, 4, 10, 100, 0.5, 0.9, -1])
def test_a_truncated_file(saved, size):
    data = saved.read_bytes()
    saved.write_bytes(data[: int(size * len(data)) if isinstance(size, float) else size])
    with pytest.raises(ModelFileError, match=r"model\.musigenre"):
        load(saved)


def test_a_changed_byte_in_any_entry(saved):
    data = saved.read_bytes()
    with zipfile.ZipFile(saved) as file:
        entries = file.infolist()
    rng = np.random.default_rng(0)
    for entry in entries:
        first = entry.header_offset + 30 + len(entry.filename)
        for place in rng.integers(first, first + entry.compress_size, 4):
            changed = bytearray(data)
            changed[place] ^= 1 << rng.integers(8)
            saved.write_bytes(changed)
            with pytest.raises(ModelFileError):
                load(saved)


def test_a_changed_byte_anywhere(fitted, saved):
    data = saved.read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.choice(len(data), 200, replace=False):
        changed = bytearray(data)
        changed[place] ^= 0xFF
        saved.write_bytes(changed)
        try:
            unharmed = same(fitted, saved)
        except ModelFileError:
            continue
        assert unharmed  # such as a date in the zip's own directory


def zip_of(**entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name.replace("_", "."), data)
    return file.getvalue()


def joblib_of(value):
    file = io.BytesIO()
    joblib.dump(value, file)
    return file.getvalue()


FOREIGN = {
    "empty": b"",
    "text": b"hello",
    "pickle": pickle.dumps(Exploit()),
    "joblib": joblib_of(Exploit()),
    "zip": zip_of(a_txt="a"),
    "keras": zip_of(config_json="{}", metadata_json="{}", model_weights_h5=b"x"),
    "list": zip_of(model_json="[1, 2]"),
    "no-format": zip_of(model_json="{}"),
    "no-json": zip_of(model_json="no JSON"),
    "deep-list": zip_of(model_json="[" * 100_000),
    "deep-model": zip_of(model_json='{"format": "musigenre-model", "model": ' + '{"a": ' * 100_000),
    "npy": npy(np.zeros(3)),
}


# By name: a zip holds the time, and workers must agree on what the tests are called.
@pytest.mark.parametrize("data", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_file(tmp_path, data):
    path = tmp_path / "other"
    path.write_bytes(data)
    with pytest.raises(ModelFileError, match="other"):
        load(path)


def test_no_file(tmp_path):
    with pytest.raises(ModelFileError, match="does not exist"):
        load(tmp_path / "missing")
    with pytest.raises(ModelFileError, match="cannot be read"):
        load(tmp_path)


@pytest.mark.filterwarnings("ignore:__array__ implementation")
def test_a_real_keras_file(tmp_path):
    from musigenre.networks.quiet_keras import keras

    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "model.keras")
    with pytest.raises(ModelFileError, match="is not a musigenre model"):
        load(tmp_path / "model.keras")


def test_deep_nesting(saved):
    def nest(header):
        value = 0
        for _ in range(500):
            value = [value]
        header["model"]["steps"][0][1]["params"]["quantile_range"] = value

    rewrite(saved, nest)
    with pytest.raises(ModelFileError, match="does not fit together"):
        load(saved)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: h.update(format="other"), "is not a musigenre model"),
        (lambda h: h.update(format_version=3), "up to version 2; upgrade musigenre .*by 9.8"),
        (lambda h: h.update(format_version=0), "upgrade musigenre"),
        (lambda h: h.update(format_version="2"), "upgrade musigenre"),
        (lambda h: h.update(format_version=True), "upgrade musigenre"),
        (lambda h: h.update(format_version=1), "incomplete"),
        (lambda h: h.update(entries=None), "incomplete"),
        (lambda h: h.update(entries={ARRAY: 1}), "incomplete"),
        (lambda h: h.update(model=[]), "incomplete"),
        (lambda h: h["entries"][ARRAY].update(sha256="0" * 64), "does not have the stated sha256"),
        (lambda h: h["entries"].pop(ARRAY), "other entries"),
        (lambda h: h["entries"].update({"arrays/9999.npy": {"sha256": ""}}), "other entries"),
        (lambda h: h["entries"][ARRAY].update(dtype="O"), "no plain array"),
        (lambda h: h["entries"][ARRAY].update(dtype="i8"), "no plain array"),
        (lambda h: h["entries"][ARRAY].update(dtype=["f8"]), "no plain array"),
        (lambda h: h["entries"][ARRAY].update(dtype="V1000000000"), "no plain array"),
    ],
)
def test_a_changed_header(saved, change, message):
    def changed(header):
        header["versions"]["musigenre"] = "9.8"
        change(header)

    rewrite(saved, changed)
    with pytest.raises(ModelFileError, match=message):
        load(saved)


def test_what_a_later_minor_version_adds_is_no_obstacle(fitted, saved):
    rewrite(saved, lambda h: h.update(a_note="x"))
    assert same(fitted, saved)


def npy_of_pickle():
    file = io.BytesIO()
    np.save(file, np.array([Exploit()], dtype=object), allow_pickle=True)
    return file.getvalue()


def npy_with_header(**header):
    file = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (8,)} | header
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + bytes(64)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        npy_of_pickle(),
        pickle.dumps(Exploit()),
        npy_with_header(descr="|O"),
        npy_with_header(descr=[("a", "|O")]),
        npy_with_header(descr="|V8"),
        npy_with_header(shape=(10**12,)),
        npy_with_header(shape=(-8,)),
        npy_with_header(shape=(2**62, 4, 2**62)),
        npy_with_header(shape=(2, 4), fortran_order=True),
        npy(np.zeros(4))[:-1],
        b"\x93NUMPY\x03" + npy(np.zeros(4))[7:],
    ],
)
def test_an_array_that_is_none(saved, data):
    rewrite(saved, entries={ARRAY: data})
    with pytest.raises(ModelFileError, match="no plain array"):
        load(saved)


@pytest.mark.parametrize(
    "name",
    [
        "../evil.npy",
        "arrays/../../evil.npy",
        "/etc/evil.npy",
        "C:/evil.npy",
        "arrays\\evil.npy",
        "arrays/.npy",
        "arrays//0.npy",
        "evil.npy/",
        "arrays/\u202e.npy",
        "arrays/nul\0.npy",
    ],
)
def test_a_name_that_leads_elsewhere(saved, name):
    rewrite(saved, extra=[(zipfile.ZipInfo(name), b"x")])
    with pytest.raises(ModelFileError, match=r"has an entry of the name|of a kind that no model"):
        load(saved)


@pytest.mark.parametrize("name", ["model.pkl", "evil.py", "arrays/more.npy", "graphs/0.onnx", "no"])
def test_an_entry_too_many(saved, name):
    rewrite(saved, extra=[(name, pickle.dumps(Exploit()))])
    with pytest.raises(ModelFileError, match=r"of a kind that no model|other entries"):
        load(saved)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name(saved):
    rewrite(saved, extra=[(ARRAY, npy(np.zeros(3)))])
    with pytest.raises(ModelFileError, match="two entries"):
        load(saved)


def change_entry(path, name=ARRAY, **attributes):
    """Write a file anew, with an entry that the zip's directory describes otherwise."""
    with zipfile.ZipFile(path) as archive:
        entries = {info: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, data in entries.items():
            if info.filename == name:
                for attribute, value in attributes.items():
                    setattr(info, attribute, value)
            archive.writestr(info, data)


def test_a_link(saved):
    change_entry(saved, external_attr=0o120777 << 16)
    with pytest.raises(ModelFileError, match="no plain file"):
        load(saved)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_another_compression(saved, method):
    change_entry(saved, compress_type=method)
    with pytest.raises(ModelFileError, match="compressed otherwise"):
        load(saved)


def patch_directory(path, name, offset, value):
    """Overwrite a field of four bytes in the directory at the end of a zip."""
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(name.encode()))
    struct.pack_into("<I", data, at + offset, value)
    path.write_bytes(data)


CRC, COMPRESSED, SIZE, HEADER = 16, 20, 24, 42


@pytest.mark.parametrize("size", [0, 10, 10**6, 400 * 2**20])
def test_a_size_that_is_not_true(saved, size):
    """More must not be inflated than stated, nor room made for what is not there."""
    patch_directory(saved, ARRAY, SIZE, size)
    with pytest.raises(ModelFileError, match="damaged"):
        load(saved)


def test_entries_that_share_their_bytes(saved):
    patch_directory(saved, ARRAY, COMPRESSED, 10**7)
    with pytest.raises(ModelFileError, match="overlap"):
        load(saved)


def test_something_before_the_archive(saved):
    saved.write_bytes(b"#!/bin/sh\n" + saved.read_bytes())
    with pytest.raises(ModelFileError, match="something before"):
        load(saved)


@pytest.mark.parametrize("name", [ARRAY, "graphs/0000.onnx", "estimators/0000.skops"])
def test_a_zip_bomb_is_not_inflated(saved, name, monkeypatch):
    rewrite(saved, entries={name: bytes(50_000_000)})
    assert saved.stat().st_size < 100_000
    monkeypatch.setattr(archive, "_MAX_BYTES", 10_000_000)
    monkeypatch.setattr(archive, "read_entry", lambda *a: pytest.fail("inflated"))
    with pytest.raises(ModelFileError, match="more than 10000000 bytes"):
        load(saved)


def test_arrays_that_grow_when_their_type_is_restored(saved, monkeypatch):
    def as_float64(header):
        header["entries"][ARRAY]["dtype"] = "<f8"

    rewrite(saved, as_float64, entries={ARRAY: npy(np.zeros(10_000, np.float16))})
    monkeypatch.setattr(archive, "_MAX_BYTES", 30_000)
    with pytest.raises(ModelFileError, match="more than 30000 bytes"):
        load(saved)


def test_too_many_entries(saved, monkeypatch):
    monkeypatch.setattr(archive, "_MAX_ENTRIES", 3)
    with pytest.raises(ModelFileError, match="other entries"):
        load(saved)


def test_a_long_json(saved, monkeypatch):
    monkeypatch.setattr(archive, "_MAX_JSON_BYTES", 1000)
    with pytest.raises(ModelFileError, match="more than 1000 bytes"):
        load(saved)


@pytest.mark.parametrize(
    ("values", "written"),
    [
        (np.array([0.5, -0.0, 1e-7]).astype(np.float16).astype(np.float64), "<f2"),
        (np.array([0.1, 1e30]).astype(np.float32).astype(np.float64), "<f4"),
        (np.array([0.1, 1e30], np.float32), "<f4"),
        (np.array([0.1, 1e300]), "<f8"),
        (np.array([1e300]), "<f8"),
        (np.array([np.nan, 0.5]), "<f8"),
        (np.array([np.inf, 0.5]), "<f2"),
        (np.arange(3, dtype=np.int64), "<i8"),
        (np.arange(3, dtype=">i4"), "<i4"),
        (np.zeros((0, 3)), "<f8"),
        (np.array([True]), "|b1"),
    ],
)
def test_arrays_are_written_in_the_smallest_float_and_come_back_the_same(tmp_path, values, written):
    parts = archive.Parts(arrays=[values])
    archive.write_archive(tmp_path / "m", {}, parts)
    (back,) = archive.read_archive(tmp_path / "m")[1].arrays
    assert back.dtype == values.dtype.newbyteorder("<")
    np.testing.assert_array_equal(back, values)
    np.testing.assert_array_equal(np.signbit(back), np.signbit(values))
    _, entries = read(tmp_path / "m")
    assert np.load(io.BytesIO(entries[ARRAY])).dtype.str == written


def test_the_file_says_what_wrote_it(saved):
    header, _ = read(saved)
    assert list(header["versions"]) == ["musigenre", "python", "numpy", "scikit-learn"]
    assert json.dumps(header["versions"])
