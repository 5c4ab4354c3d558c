import numpy as np
import pandas as pd
import pytest

from musigenre.model_selection import PROTOCOLS, get_protocols, resolve_groups, resolve_tracks


@pytest.fixture
def groups():
    """Rows of five tracks; two are by one artist, two by nobody known."""
    return pd.DataFrame(
        {
            "track": ["t1", "t1", "t2", "t3", "t3", "t4", "t5"],
            "artist": ["x", "x", "x", None, None, "", "y"],
        },
        index=[9, 8, 7, 6, 5, 4, 3],
    )


def test_names_keys_and_meanings_agree():
    assert list(PROTOCOLS) == ["paper", "track", "artist"]
    for name, protocol in PROTOCOLS.items():
        assert protocol.name == name
        assert protocol.meaning
    assert [protocol.apart for protocol in PROTOCOLS.values()] == [None, "track", "artist"]


def test_get_protocols_keeps_the_order_asked():
    assert [item.name for item in get_protocols(("artist", "paper"))] == ["artist", "paper"]
    assert [item.name for item in get_protocols("track")] == ["track"]


@pytest.mark.parametrize("names", ["album", ["paper", "album"]])
def test_unknown_protocol(names):
    with pytest.raises(ValueError, match=r"unknown protocol 'album'; choose from \['paper'"):
        get_protocols(names)


@pytest.mark.parametrize("names", [[], ["track", "track"]])
def test_protocols_are_named_once(names):
    with pytest.raises(ValueError, match="each once"):
        get_protocols(names)


def test_codes_follow_the_columns(groups):
    assert resolve_groups("paper", groups) is None
    assert resolve_groups("track", groups).tolist() == [0, 0, 1, 2, 2, 3, 4]
    assert resolve_tracks("artist", groups).tolist() == [0, 0, 1, 2, 2, 3, 4]
    assert resolve_tracks("paper", groups).tolist() == [0, 0, 1, 2, 2, 3, 4]


@pytest.mark.parametrize("unknown", [None, np.nan, pd.NA, "", "  "])
def test_a_track_of_unknown_artist_is_an_artist_of_its_own(groups, unknown):
    groups.loc[[6, 5, 4], "artist"] = unknown
    with pytest.warns(UserWarning, match="artist of 2 of 5 tracks is unknown"):
        assert resolve_groups("artist", groups).tolist() == [0, 0, 0, 1, 1, 2, 3]


def test_without_any_artist_the_protocol_is_refused(groups):
    groups["artist"] = np.nan
    with pytest.raises(
        ValueError, match=r"knows none; .*genre/artist/track.* use protocol 'track'"
    ):
        resolve_groups("artist", groups)


def test_an_artist_named_like_a_track_stays_apart(groups):
    groups.loc[3, "artist"] = "t3"
    with pytest.warns(UserWarning, match="unknown"):
        assert resolve_groups("artist", groups).tolist() == [0, 0, 0, 1, 1, 2, 3]


@pytest.mark.parametrize("kind", [list, np.array, pd.Series])
def test_a_vector_holds_the_groups_of_the_protocol(kind):
    vector = kind(["b", "b", "a"])
    assert resolve_groups("track", vector).tolist() == [0, 0, 1]
    assert resolve_groups("artist", vector).tolist() == [0, 0, 1]
    assert resolve_tracks("track", vector).tolist() == [0, 0, 1]
    assert resolve_tracks("artist", vector) is None


def test_numbers_serve_as_groups():
    assert resolve_groups("track", np.array([7, 7, 0])).tolist() == [0, 0, 1]


def test_paper_needs_no_groups_and_refuses_a_vector():
    assert resolve_groups("paper", None) is None
    assert resolve_tracks("paper", None) is None
    with pytest.raises(ValueError, match="'paper' holds nothing apart, so it would ignore groups"):
        resolve_groups("paper", ["a", "b"])


@pytest.mark.parametrize("protocol", ["track", "artist"])
def test_groups_are_needed(protocol):
    with pytest.raises(ValueError, match=f"protocol '{protocol}' keeps each {protocol} on one"):
        resolve_groups(protocol, None)


def test_a_column_is_missing(groups):
    with pytest.raises(
        ValueError,
        match=r"protocol 'artist' needs the column 'artist' in groups; columns are \['track'\]",
    ):
        resolve_groups("artist", groups[["track"]])


def test_unknown_artists_need_a_track_column(groups):
    with pytest.raises(ValueError, match=r"artist of 3 rows is unknown, the first of them row 3.*"
                       "DataFrame with a 'track' column"):  # fmt: skip
        resolve_groups("artist", groups[["artist"]])
    with pytest.raises(ValueError, match="artist of 1 rows is unknown"):
        resolve_groups("artist", ["x", None])


def test_tracks_must_be_known(groups):
    groups.loc[7, "track"] = None
    for resolve in (resolve_groups, resolve_tracks):
        with pytest.raises(ValueError, match="track of 1 rows is unknown, the first of them row 2"):
            resolve("track", groups)
    with pytest.raises(ValueError, match="track of 1 rows is unknown"):
        resolve_groups("artist", groups)


def test_a_track_has_one_artist(groups):
    groups.loc[5, "artist"] = "z"
    with pytest.raises(ValueError, match="track 't3' has 2 artists in groups, an unknown one"):
        resolve_groups("artist", groups)


def test_gtzan_artists(real_data):
    tracks = pd.read_csv(real_data("gtzan/tracks.csv"))
    codes = resolve_groups("artist", tracks)
    assert codes.max() + 1 == tracks["artist"].nunique()
    assert np.array_equal(resolve_groups("track", tracks), np.arange(len(tracks)))
