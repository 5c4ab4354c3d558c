import tracemalloc

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from musigenre import AudioError, AudioWarning, clip_table
from musigenre.clips import SAMPLE_RATE, cut_stream, spans


@pytest.fixture
def write(tmp_path):
    def write(name, seconds, rate=SAMPLE_RATE):
        path = tmp_path / name
        noise = np.random.default_rng(0).normal(scale=0.1, size=round(seconds * rate))
        soundfile.write(path, noise, rate)
        return str(path)

    return write


def test_the_gtzan_convention(write):
    table = clip_table([write("a.wav", 661794 / SAMPLE_RATE)])
    samples = (table[["start", "duration"]] * SAMPLE_RATE).round().astype(int)
    assert samples["start"].tolist() == [66150 * k for k in range(10)]
    assert (samples["duration"] == 66149).all()


def test_columns_and_ids(write):
    paths = [write("a.wav", 7), write("b.flac", 3)]
    table = clip_table(paths)
    assert list(table.columns) == ["path", "start", "duration", "track"]
    assert table["track"].tolist() == [paths[0], paths[0], paths[1]]
    named = clip_table(paths, tracks=["x", "y"])
    assert named["track"].tolist() == ["x", "x", "y"]
    with pytest.raises(ValueError, match="1 ids for 2 paths"):
        clip_table(paths, tracks=["x"])


def test_whole_tracks(write):
    table = clip_table([write("a.wav", 5.5), write("b.wav", 1.0)], duration=None)
    assert table["start"].tolist() == [0, 0]
    assert table["duration"].tolist() == [5.5, 1.0]


def test_length_is_counted_at_the_rate_of_the_clips(write):
    assert len(clip_table([write("a.wav", 6.0, 44100), write("b.wav", 6.0, 8000)])) == 4


def test_resampled_clips_can_be_read(write):
    from musigenre import AudioFeatures

    table = clip_table([write("a.wav", 6.0, 44100)], partial="keep", hop=0.7)
    assert np.isfinite(AudioFeatures().fit_transform(table)).all()


@pytest.mark.parametrize(
    ("partial", "expected"),
    [
        ("drop", [(0, 66149), (66150, 66149)]),
        ("keep", [(0, 66149), (66150, 66149), (132300, 22050)]),
        ("overlap", [(0, 66149), (66150, 66149), (88201, 66149)]),
    ],
)
def test_partial(partial, expected):
    assert spans(7 * SAMPLE_RATE, 3.0, partial=partial) == expected


def test_a_remainder_under_a_tenth_of_a_second_is_no_clip():
    for partial in ("keep", "overlap"):
        assert len(spans(6 * SAMPLE_RATE + 2000, 3.0, partial=partial)) == 2


def test_short():
    assert spans(SAMPLE_RATE, 3.0) == [(0, SAMPLE_RATE)]
    assert spans(SAMPLE_RATE, 3.0, short="drop") == []
    # A track of exactly three seconds is not short.
    assert spans(3 * SAMPLE_RATE, 3.0, short="drop") == [(0, 66149)]


def test_hop():
    assert [first for first, _ in spans(6 * SAMPLE_RATE, 3.0, hop=1.0)] == [0, 22050, 44100, 66150]


@given(
    n=st.integers(1, 500_000),
    duration=st.floats(0.01, 10),
    hop=st.none() | st.floats(0.01, 10),
    partial=st.sampled_from(["drop", "keep", "overlap"]),
)
def test_clips_lie_inside_the_track_in_order(n, duration, hop, partial):
    cut = spans(n, duration, hop=hop, partial=partial)
    assert cut
    starts = [first for first, _ in cut]
    assert starts == sorted(set(starts))
    assert all(first >= 0 and length > 0 and first + length <= n for first, length in cut)


@given(
    n=st.integers(0, 3_000_000),
    cuts=st.lists(st.integers(0, 3_000_000), max_size=5),
    duration=st.none() | st.floats(0.5, 100),
    hop=st.none() | st.floats(0.5, 100),
    partial=st.sampled_from(["drop", "keep", "overlap"]),
    short=st.sampled_from(["keep", "drop"]),
)
@settings(max_examples=50, deadline=None)
def test_a_stream_is_cut_like_the_whole(n, cuts, duration, hop, partial, short):
    options = {"duration": duration, "hop": hop, "partial": partial, "short": short}
    track = np.arange(n, dtype=np.float32)
    blocks = np.split(track, sorted(cut for cut in cuts if cut < n))
    clips = list(cut_stream(blocks, **options))
    assert [(first, len(clip)) for first, clip in clips] == (spans(n, **options) if n else [])
    assert all(clip[0] == first and clip[-1] == first + len(clip) - 1 for first, clip in clips)


def test_a_stream_of_hours_needs_the_memory_of_minutes():
    blocks = (np.ones(SAMPLE_RATE, np.float32) for _ in range(3 * 3600))
    tracemalloc.start()
    n_clips = sum(1 for _ in cut_stream(blocks, 3.0, partial="overlap"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n_clips == 3600
    assert peak < 30e6  # the three hours are 950 MB


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"duration": 0}, "duration must be a positive number of seconds, got 0"),
        ({"duration": float("nan")}, "duration must be a positive"),
        ({"hop": -1.0}, "hop must be a positive"),
        ({"partial": "pad"}, "partial must be one of drop, keep, overlap; got 'pad'"),
        ({"short": "pad"}, "short must be one of"),
        ({"on_error": "ignore"}, "on_error must be one of"),
    ],
)
def test_bad_options_are_refused_before_anything_is_read(options, message):
    with pytest.raises(ValueError, match=message):
        clip_table(["missing.wav"], **options)


def test_a_single_path_is_refused(write):
    with pytest.raises(TypeError, match="must be a list of files"):
        clip_table(write("a.wav", 1))


def test_unreadable_files(write, tmp_path):
    good, bad = write("a.wav", 3), tmp_path / "bad.wav"
    bad.write_text("not audio")
    with pytest.raises(AudioError, match=r"bad\.wav"):
        clip_table([good, bad])
    with pytest.warns(AudioWarning, match="1 of 2 files"):
        table = clip_table([good, bad], on_error="warn")
    assert table["path"].tolist() == [good]
    assert [e["path"] for e in table.attrs["errors"]] == [str(bad)]
    skipped = clip_table([good, bad], on_error="skip")
    pd.testing.assert_frame_equal(skipped, table)


def test_nan_in_a_file_shows_when_it_is_cut(tmp_path):
    path = tmp_path / "nan.wav"
    samples = np.zeros(3 * SAMPLE_RATE, dtype=np.float32)
    samples[100] = np.nan
    soundfile.write(path, samples, SAMPLE_RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match="NaN"):
        clip_table([path])


def test_n_jobs_changes_nothing(write):
    paths = [write(f"{i}.wav", 3 + i) for i in range(4)]
    pd.testing.assert_frame_equal(clip_table(paths), clip_table(paths, n_jobs=2))
