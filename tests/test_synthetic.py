import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from joblib import parallel_config
from scipy.fft import rfft, rfftfreq
from scipy.signal import find_peaks

from musigenre.datasets import KINDS, make_track, make_tracks, synthetic
from musigenre.datasets._style import SCALES
from musigenre.datasets._styles import STYLES
from musigenre.datasets._synthesis import DRUMS, INSTRUMENTS, Pluck, Tone, room

RATE = 22050


def digests(paths):
    return [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("duration", [0.1, 4.0])
def test_a_track_is_sound_audio(kind, duration):
    y = make_track(kind, duration=duration, random_state=1)
    assert y.dtype == np.float32
    assert y.shape == (round(duration * RATE),)
    assert np.isfinite(y).all()
    assert 0.3 < np.abs(y).max() < 1
    assert abs(y.mean()) < 0.02


def test_ten_kinds_say_that_they_are_synthetic():
    assert len(KINDS) == 10
    assert all(kind.startswith("synthetic-") for kind in KINDS)


def test_same_number_same_track_and_another_another():
    make = {"kind": "synthetic-folk", "duration": 2.0}
    first = make_track(**make, random_state=3)
    np.testing.assert_array_equal(first, make_track(**make, random_state=3))
    assert not np.allclose(first, make_track(**make, random_state=4))


def test_no_random_state_is_a_new_track_and_leaves_the_global_generator_alone():
    np.random.seed(0)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (make_track("synthetic-pop", duration=1.0) for _ in range(2))
    assert not np.allclose(first, second)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_a_random_state_instance_is_drawn_from():
    tracks = [
        make_track("synthetic-pop", duration=0.5, random_state=np.random.RandomState(seed))
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(tracks[0], tracks[1])
    assert not np.allclose(tracks[0], tracks[2])


def test_collection_has_the_layout_of_gtzan(tmp_path):
    kinds = ["synthetic-waltz", "synthetic-blues"]
    bunch = make_tracks(tmp_path / "new", 3, duration=1.0, kinds=kinds, n_artists=2, random_state=0)
    names = [Path(path).relative_to(tmp_path / "new").as_posix() for path in bunch.data]
    assert names[0] == "synthetic-blues/synthetic-blues.00000.wav"
    assert names[-1] == "synthetic-waltz/synthetic-waltz.00002.wav"
    assert bunch.target_names == sorted(kinds)
    assert bunch.target.tolist() == [name.partition("/")[0] for name in names]
    assert bunch.groups["track"].tolist() == [Path(name).stem for name in names]
    assert bunch.groups["artist"].tolist()[:3] == [f"synthetic-blues-{i}" for i in (0, 1, 0)]
    assert "says nothing about real music" in bunch.DESCR
    y, rate = soundfile.read(bunch.data[0])
    assert (y.shape, rate) == ((RATE,), RATE)


def test_files_depend_on_neither_jobs_nor_other_kinds_nor_how_many(tmp_path):
    made = {"duration": 0.5, "n_artists": 2, "random_state": 7}
    alone = make_tracks(tmp_path / "a", 2, kinds=["synthetic-techno"], **made)
    both = ["synthetic-drone", "synthetic-techno"]
    with parallel_config("threading"):  # quicker to start than processes
        among = make_tracks(tmp_path / "b", 3, kinds=both, n_jobs=2, **made)
    same = [path for path in among.data if "techno.00000" in path or "techno.00001" in path]
    assert digests(alone.data) == digests(same)
    assert len(set(digests(among.data))) == len(among.data)


def test_artists_of_different_kinds_are_strangers(monkeypatch):
    draws = []
    monkeypatch.setattr(
        synthetic.Artist, "draw", lambda style, rng: draws.append(rng.integers(1 << 62))
    )
    monkeypatch.setattr(synthetic, "perform", lambda *rest: None)
    for kind in ("synthetic-waltz", "synthetic-swing", "synthetic-waltz"):
        make_track(kind, duration=0.1, random_state=0)
    assert draws[0] == draws[2] != draws[1]


def test_the_file_holds_what_make_track_makes(tmp_path):
    made = {"duration": 1.0, "random_state": 5}
    (path,) = make_tracks(tmp_path, 1, kinds=["synthetic-reggae"], **made).data
    y, _ = soundfile.read(path)
    np.testing.assert_allclose(y, make_track("synthetic-reggae", **made), atol=1 / 32767)


@pytest.mark.parametrize("format", ["wav", "flac", "ogg"])
@pytest.mark.parametrize("rate", [8000, 44100])
def test_formats_and_rates(tmp_path, format, rate):
    made = {"duration": 3.0, "random_state": 0, "sample_rate": rate}
    bunch = make_tracks(tmp_path, 1, kinds=["synthetic-swing"], format=format, **made)
    y, got_rate = soundfile.read(bunch.data[0], dtype="float32")
    expected = make_track("synthetic-swing", **made)
    assert Path(bunch.data[0]).suffix == f".{format}"
    assert (y.shape, got_rate) == (expected.shape, rate)
    assert np.corrcoef(y, expected)[0, 1] > 0.95


def test_own_files_are_overwritten_and_others_kept(tmp_path):
    folder = tmp_path / "synthetic-pop"
    folder.mkdir()
    (folder / "mine.wav").write_bytes(b"mine")
    (folder / "synthetic-pop.00000.wav").write_bytes(b"old")
    (path,) = make_tracks(tmp_path, 1, kinds=["synthetic-pop"], duration=0.5).data
    assert (folder / "mine.wav").read_bytes() == b"mine"
    assert soundfile.info(path).duration == 0.5


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"kinds": ["blues"]}, "'blues' is no kind of synthetic music. Choose from: synthetic-bl"),
        ({"kinds": []}, "kinds is empty"),
        ({"kinds": ["synthetic-pop", "synthetic-pop"]}, "names a kind twice"),
        ({"n_tracks": 2, "n_artists": 3}, "n_artists=3 is more than n_tracks=2"),
        ({"n_tracks": 0}, "'n_tracks'"),
        ({"duration": 0.0}, "'duration'"),
        ({"format": "mp3"}, "'format'"),
        ({"sample_rate": 100}, "'sample_rate'"),
    ],
)
def test_bad_parameters(tmp_path, parameters, message):
    with pytest.raises(ValueError, match=message):
        make_tracks(tmp_path / "x", **parameters)
    assert not (tmp_path / "x").exists()


def test_unknown_kind_of_a_track():
    with pytest.raises(ValueError, match="'kind' parameter of make_track must be a str among"):
        make_track("waltz")


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES.keys())
def test_styles_are_written_in_the_notation(style):
    parts = [pattern for part in style.parts.values() for pattern in part.patterns]
    drums = [pattern for patterns in style.drums.values() for pattern in patterns]
    assert len({len(pattern) for pattern in parts + drums}) == 1
    assert set("".join(parts)) <= set("123456789xpm-.")
    assert set("".join(drums)) <= set("xo.")
    assert set(style.drums) <= set(DRUMS)
    assert {name for part in style.parts.values() for name in part.instruments} <= set(INSTRUMENTS)
    assert set(style.scales) <= set(SCALES)
    assert all(1 <= degree <= 7 for chords in style.progressions for degree in chords)


@pytest.mark.parametrize("kind", ["synthetic-techno", "synthetic-waltz", "synthetic-metal"])
def test_tempo_lies_in_the_range_of_the_style(kind):
    # The loudness of the low end repeats with the beat or a multiple of it.
    low, high = STYLES[kind].tempo
    y = make_track(kind, duration=20.0, random_state=2)
    hop = 256
    loudness = np.abs(y[: y.size // hop * hop]).reshape(-1, hop).max(axis=1)
    onsets = np.maximum(np.diff(loudness), 0)
    spectrum = np.abs(rfft(onsets - onsets.mean(), n=1 << 16))
    bpm = rfftfreq(1 << 16, hop / RATE) * 60
    steps = (0.5, 1, 2, 4) if STYLES[kind].steps_per_beat == 4 else (1 / 3, 1, 2)
    peak = bpm[spectrum[bpm > 40].argmax() + np.count_nonzero(bpm <= 40)]
    assert any(0.85 * low <= peak / step <= 1.15 * high for step in steps)


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_instruments_play_in_tune(name, rng):
    frequency = 220.0
    y = INSTRUMENTS[name].play([frequency], RATE, RATE, 1.0, rng)
    spectrum = np.abs(rfft(y * np.hanning(y.size), n=1 << 17))
    hertz = rfftfreq(1 << 17, 1 / RATE)
    near = (hertz > 200) & (hertz < 240)
    peaks, _ = find_peaks(spectrum[near], height=0.5 * spectrum[near].max())
    cents = 1200 * np.log2(hertz[near][peaks] / frequency)
    assert np.abs(y).max() <= 1
    assert cents.size
    assert np.abs(cents).max() < 20  # vibrato and detuned voices included


def test_brightness_scales_partials_as_documented(rng):
    bright, dull = (
        Tone((1.0, 1.0, 1.0), brightness=(level, level), attack=1e-4).play(
            [441.0], RATE, RATE, 1.0, rng
        )
        for level in (0.99, 0.5)
    )
    ratios = [np.abs(rfft(y))[[441, 882, 1323]] for y in (bright, dull)]
    np.testing.assert_allclose(ratios[1][1:] / ratios[1][0], [0.5, 0.25], rtol=0.02)
    np.testing.assert_allclose(ratios[0][1:] / ratios[0][0], [0.99, 0.99**2], rtol=0.02)


@pytest.mark.parametrize("frequency", [97.3, 745.0])
def test_strings_are_in_tune_between_whole_periods(frequency, rng):
    y = Pluck(decay=3.0, damping=0.0).play([frequency], RATE, RATE, 1.0, rng)
    spectrum = np.abs(rfft(y * np.hanning(y.size), n=1 << 20))
    hertz = rfftfreq(1 << 20, 1 / RATE)
    near = np.abs(np.log2(hertz.clip(1) / frequency)) < 0.1
    assert 1200 * np.log2(hertz[near][spectrum[near].argmax()] / frequency) == pytest.approx(
        0, abs=2
    )


def test_a_string_dies_away_as_asked(rng):
    y = Pluck(decay=0.5, damping=0.0).play([110.0], RATE * 2, RATE, 1.0, rng)
    early, late = (np.sqrt(np.mean(y[i : i + 2205] ** 2)) for i in (2205, 2205 + RATE // 2))
    assert late / early == pytest.approx(np.exp(-1), rel=0.05)


def test_a_dry_flat_room_changes_nothing_but_the_lowest_end(rng):
    t = np.arange(RATE) / RATE
    y = np.sin(2 * np.pi * 1000 * t).astype(np.float32)
    low = np.sin(2 * np.pi * 10 * t).astype(np.float32)
    same = {"seconds": 0.1, "wet": 0.0, "equaliser": np.zeros(8), "rng": rng}
    np.testing.assert_allclose(room(y, RATE, **same)[2000:-2000], y[2000:-2000], atol=1e-3)
    assert np.abs(room(low, RATE, **same)[2000:-2000]).max() < 0.1
    louder = room(y, RATE, **(same | {"equaliser": np.full(8, 6.0)}))
    np.testing.assert_allclose(louder[2000:-2000], 10**0.3 * y[2000:-2000], atol=5e-3)


def test_kinds_can_be_told_apart_and_artists_matter(tmp_path):
    # Crude spectra suffice to recognise a kind; less so when its artist was never heard.
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    bunch = make_tracks(tmp_path, 10, duration=6.0, random_state=0)
    rows = []
    for path in bunch.data:
        y, _ = soundfile.read(path)
        frames = np.lib.stride_tricks.sliding_window_view(y, 1024)[::512] * np.hanning(1024)
        edges = np.geomspace(1, 512, 25).astype(int)
        power = np.add.reduceat(np.abs(rfft(frames)) ** 2, np.unique(edges)[:-1], axis=1)
        decibels = 10 * np.log10(power + 1e-6)
        change = np.diff(decibels, axis=0).std(axis=0)
        rows.append(np.r_[decibels.mean(axis=0), decibels.std(axis=0), change])
    model = make_pipeline(
        StandardScaler(), LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
    )
    cv = StratifiedGroupKFold(5, shuffle=True, random_state=0)

    def accuracy(y, groups):
        return cross_val_score(model, rows, y, cv=cv, groups=groups).mean()

    by_track = accuracy(bunch.target, bunch.groups["track"])
    by_artist = accuracy(bunch.target, bunch.groups["artist"])
    shuffled = accuracy(np.random.default_rng(0).permutation(bunch.target), bunch.groups["track"])
    assert by_track > 0.65
    assert 0.4 < by_artist < 0.9
    assert by_artist < by_track
    assert shuffled < 0.25
