import numpy as np
import pandas as pd
import pytest

from musigenre.features.feature_sets import FEATURE_SETS
from musigenre.features.texture import TEXTURE_BLOCKS
from musigenre.inspection import feature_groups
from musigenre.inspection.feature_groups import resolve_columns


@pytest.mark.parametrize("name", FEATURE_SETS)
@pytest.mark.parametrize("scheme", ["natural", "mfcc"])
def test_every_column_is_in_one_group_in_its_order(name, scheme):
    names = list(FEATURE_SETS[name].names)
    groups = feature_groups(names, scheme)
    assert sorted(name for members in groups.values() for name in members) == sorted(names)
    for members in groups.values():
        assert [n for n in names if n in members] == members


def test_groups_of_the_published_columns():
    groups = feature_groups(FEATURE_SETS["gtzan57"].names)
    assert {name: len(members) for name, members in groups.items()} == {
        "chroma": 2,
        "energy": 2,
        "spectral_shape": 8,
        "harmony_percussion": 4,
        "rhythm": 1,
        "mfcc": 40,
    }
    pair = feature_groups(FEATURE_SETS["gtzan57"].names, "mfcc")
    assert {name: len(members) for name, members in pair.items()} == {"other": 17, "mfcc": 40}
    assert pair["mfcc"] == groups["mfcc"]


def test_no_known_column_is_left_over():
    for name in ("gtzan57", "tzanetakis", "texture"):
        assert "other" not in feature_groups(FEATURE_SETS[name].names)


def test_texture_falls_into_its_blocks():
    names = FEATURE_SETS["texture"].names
    assert feature_groups(names) == {
        block: list(names[places]) for block, places in TEXTURE_BLOCKS.items()
    }
    cepstral = feature_groups(names, "mfcc")["mfcc"]
    assert {name.split("__")[0] for name in cepstral} == {"mfcc", "mfcc_delta"}


def test_unknown_names():
    assert feature_groups(["lyrics", "rms_mean"]) == {"other": ["lyrics"], "energy": ["rms_mean"]}
    with pytest.raises(TypeError, match="names of features are strings; got 3"):
        feature_groups([3])
    with pytest.raises(ValueError, match="scheme must be"):
        feature_groups([], "colour")


@pytest.fixture
def table():
    return pd.DataFrame(np.zeros((2, 4)), columns=["tempo", "mfcc1_mean", "rms_mean", "mfcc1_var"])


def as_lists(positions):
    return {name: places.tolist() for name, places in positions.items()}


def test_positions(table):
    assert as_lists(resolve_columns(table, None)) == {"rhythm": [0], "mfcc": [1, 3], "energy": [2]}
    assert as_lists(resolve_columns(table, None, "mfcc")) == {"other": [0, 2], "mfcc": [1, 3]}
    named = resolve_columns(table, {"a": ["rms_mean", "tempo"], "b": "tempo", "c": [3]})
    assert as_lists(named) == {"a": [2, 0], "b": [0], "c": [3]}
    assert as_lists(resolve_columns(table.to_numpy(), {"a": range(2)})) == {"a": [0, 1]}


def test_positions_are_not_guessed(table):
    for columns, message in [
        ({"a": ["pitch"]}, r"columns\['a'\] asks for \['pitch'\]"),
        ({"a": [4]}, r"asks for \[4\]"),
        ({"a": [-1]}, r"asks for \[-1\]"),
        ({"a": []}, "one or more columns, each once"),
        ({"a": ["tempo", 0]}, "one or more columns, each once"),
        ({}, "columns is empty"),
    ]:
        with pytest.raises(ValueError, match=message):
            resolve_columns(table, columns)
    with pytest.raises(ValueError, match="X has no column names"):
        resolve_columns(table.to_numpy(), None)
    with pytest.raises(ValueError, match=r"several columns named \['tempo'\]"):
        resolve_columns(table[["tempo", "tempo"]], None)
