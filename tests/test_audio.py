"""Decoding: true samples from good files; audio, a warning or an `AudioError` from bad ones."""

import csv
import math
import os
import pickle
import stat
import struct
import sys
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile as sf
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from musigenre.audio import (
    AudioError,
    AudioInfo,
    AudioWarning,
    check_header,
    count_samples,
    decoding,
    foreign,
    info,
    load,
    resampled_length,
    warn_skipped,
)

RATE = 22050
with (Path(__file__).parent / "odd_audio.csv").open(newline="") as _table:
    ODD = list(csv.DictReader(_table))

# Container, encoding and the largest error that coding may leave.
FORMATS = [
    ("WAV", "PCM_16", 1e-4),
    ("WAV", "PCM_24", 1e-6),
    ("WAV", "FLOAT", 1e-7),
    ("WAV", "DOUBLE", 1e-7),
    ("WAV", "PCM_U8", 0.01),
    ("WAV", "ULAW", 0.03),
    ("WAV", "IMA_ADPCM", 0.1),
    ("WAVEX", "PCM_32", 1e-6),
    ("RF64", "PCM_16", 1e-4),
    ("W64", "PCM_16", 1e-4),
    ("AIFF", "PCM_16", 1e-4),
    ("AU", "PCM_16", 1e-4),
    ("CAF", "PCM_16", 1e-4),
    ("CAF", "ALAC_16", 1e-4),
    ("FLAC", "PCM_16", 1e-4),
    ("FLAC", "PCM_24", 1e-6),
    ("OGG", "VORBIS", 0.1),
    ("OGG", "OPUS", 0.1),
    ("MP3", "MPEG_LAYER_III", 0.1),
]


def tones(seconds, rate, channels=2):
    """Sines that fade in and out, one pitch a channel; float64 (n, channels)."""
    t = np.arange(round(seconds * rate)) / rate
    pitches = 220.0 * (1 + np.arange(channels))
    return 0.4 * np.sin(2 * np.pi * pitches * t[:, None]) * np.hanning(len(t))[:, None]


def write(path, samples, rate, container, encoding=None):
    # A plain suffix, so that the content alone tells the format.
    path = path / f"{container}_{encoding}.bin"
    sf.write(path, samples, rate, format=container, subtype=encoding)
    return path


def outcome(path, **parameters):
    """Load as the library may: samples, or an AudioError; anything else fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AudioWarning)
        try:
            samples = load(path, **parameters)
        except AudioError:
            return None
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert len(samples)
    assert np.isfinite(samples).all()
    return samples


# -- good files -------------------------------------------------------------------------------


@pytest.mark.parametrize(("container", "encoding", "tolerance"), FORMATS)
def test_round_trip(tmp_path, container, encoding, tolerance):
    rate = 48000 if encoding == "OPUS" else 44100
    signal = tones(1.5, rate)
    path = write(tmp_path, signal, rate, container, encoding)
    samples = load(path, rate)
    about = info(path)
    assert (about.sample_rate, about.channels) == (rate, 2)
    assert about.n_samples == len(samples)
    assert about.duration == len(samples) / rate
    assert 0 <= len(samples) - len(signal) < 2100  # ADPCM fills its last block
    np.testing.assert_allclose(samples[: len(signal)], signal.mean(axis=1), atol=tolerance)


@pytest.mark.parametrize(("container", "encoding", "tolerance"), FORMATS)
@pytest.mark.parametrize("sample_rate", [None, 16000])
def test_a_stretch_is_a_slice_of_the_whole(
    tmp_path, rng, container, encoding, tolerance, sample_rate
):
    rate = 48000 if encoding == "OPUS" else 44100
    noise = 0.2 * rng.uniform(-1, 1, (3 * rate, 2)) + tones(3.0, rate)
    path = write(tmp_path, noise, rate, container, encoding)
    sample_rate = sample_rate or rate
    whole = load(path, sample_rate)
    for start, duration in [(0, 0.5), (0.1, 0.3), (1.00001, 1.0), (2.2, 5.0), (2.9, None)]:
        part = load(path, sample_rate, start=start, duration=duration)
        first = round(start * sample_rate)
        last = None if duration is None else first + round(duration * sample_rate)
        atol = 0 if sample_rate == rate else 1e-5
        np.testing.assert_allclose(part, whole[first:last], rtol=0, atol=atol)


@pytest.mark.parametrize("rates", [(8000, 22050), (44101, 22050), (96000, 8000), (192000, 22050)])
def test_a_resampled_stretch_is_a_slice_of_the_whole(tmp_path, rng, rates):
    path = write(tmp_path, rng.uniform(-0.5, 0.5, 4 * rates[0]), rates[0], "WAV", "FLOAT")
    whole = load(path, rates[1])
    for start in rng.uniform(0, 3.5, 8):
        part = load(path, rates[1], start=start, duration=0.4)
        first = round(start * rates[1])
        expected = whole[first : first + round(0.4 * rates[1])]
        np.testing.assert_allclose(part, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("rate", [8000, 44100, 48000, 96000])
def test_resampling_matches_soxr_and_scipy(tmp_path, rate):
    signal = tones(2.0, rate, channels=1)[:, 0]
    samples = load(write(tmp_path, signal, rate, "WAV", "FLOAT"), RATE)
    expected = soxr.resample(signal.astype(np.float32), rate, RATE, quality="HQ")
    np.testing.assert_allclose(samples, expected, atol=1e-6)
    common = math.gcd(rate, RATE)
    reference = scipy.signal.resample_poly(signal, RATE // common, rate // common)
    np.testing.assert_allclose(samples, reference[: len(samples)], atol=1e-3)


@given(
    st.integers(1, 20_000),
    st.sampled_from([8000, 11025, 22050, 32000, 44100, 48000, 96000, 192000, 44056, 1234]),
    st.one_of(st.sampled_from([16000, 22050, 44100, 48000]), st.integers(8000, 50_000)),
)
@settings(deadline=None, max_examples=150)
def test_resampled_length_is_the_length_of_load(tmp_path_factory, n_samples, rate, target):
    path = tmp_path_factory.getbasetemp() / "length.wav"
    sf.write(path, np.zeros(n_samples), rate)
    expected = resampled_length(n_samples, rate, target)
    if expected == 0:
        with pytest.raises(AudioError, match="make no sample"):
            load(path, target)
    else:
        assert len(load(path, target)) == count_samples(path, target) == expected


def test_halves_round_as_soxr_rounds_them(tmp_path):
    # 1920 * 22050 / 192000 is 220.5 exactly, yet soxr gives 220.
    path = write(tmp_path, np.zeros(1920), 192000, "WAV")
    assert len(load(path)) == resampled_length(1920, 192000, RATE) == 220


def test_channels_are_averaged(tmp_path, rng):
    signal = rng.uniform(-1, 1, (1000, 7))
    samples = load(write(tmp_path, signal, RATE, "WAV", "FLOAT"))
    np.testing.assert_allclose(samples, signal.mean(axis=1), atol=1e-6)


def test_mono_at_its_own_rate_is_untouched(tmp_path, rng):
    signal = rng.uniform(-1, 1, 100_000).astype(np.float32)
    np.testing.assert_array_equal(load(write(tmp_path, signal, RATE, "WAV", "FLOAT")), signal)


@pytest.mark.parametrize(("container", "encoding", "tolerance"), FORMATS)
def test_blocks_join(tmp_path, rng, container, encoding, tolerance):
    rate = 48000 if encoding == "OPUS" else 44100
    signal = 0.3 * rng.uniform(-1, 1, (3 * rate, 2))
    path = write(tmp_path, signal, rate, container, encoding)
    at_once = sf.read(path, dtype="float32")[0].mean(axis=1)
    np.testing.assert_allclose(load(path, rate), at_once, atol=1e-6)


def test_silence_is_audio(tmp_path):
    samples = load(write(tmp_path, np.zeros(44100), 44100, "FLAC"))
    np.testing.assert_array_equal(samples, np.zeros(RATE, np.float32))


@pytest.mark.parametrize("name", ["Beyoncé, Déjà Vu.wav", "音楽 🎵.flac", "-i.wav", "a%d b'c.ogg"])
def test_names_of_any_kind(tmp_path, name):
    path = tmp_path / name
    sf.write(path, tones(0.5, RATE), RATE)
    np.testing.assert_array_equal(load(path), load(str(path)))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows such names")
def test_a_name_that_is_not_text(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.wav"))
    with path.open("wb") as file:
        sf.write(file, tones(0.5, RATE), RATE, format="WAV")
    assert len(load(path)) == RATE // 2


def strip_length_tag(mp3):
    """Take away the first packet of a 44.1 kHz MP3, which holds the tag with the length."""
    assert b"Xing" in mp3[:64] or b"Info" in mp3[:64]
    kbps = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)[mp3[2] >> 4]
    return mp3[144 * kbps * 1000 // 44100 + (mp3[2] >> 1 & 1) :]


def test_mp3_of_unknown_length_is_read_to_its_end(tmp_path, rng):
    # Quiet after loud at variable bitrate: libsndfile alone believes it ends before it does.
    parts = []
    for loudness, level in [(0.9, 0.0), (0.0, 0.9)]:
        signal = loudness * rng.uniform(-1, 1, (5 * 44100, 2))
        path = tmp_path / "part.mp3"
        sf.write(path, signal, 44100, bitrate_mode="VARIABLE", compression_level=level)
        parts.append(strip_length_tag(path.read_bytes()))
    path = tmp_path / "whole.mp3"
    path.write_bytes(b"".join(parts))
    assert sf.info(path).duration < 6
    assert 10 <= info(path).duration < 10.2
    assert len(load(path, 44100)) == info(path).n_samples


# -- parameters -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"sample_rate": 22050.0}, TypeError),
        ({"sample_rate": None}, TypeError),
        ({"sample_rate": 0}, ValueError),
        ({"sample_rate": True}, TypeError),
        ({"start": -0.1}, ValueError),
        ({"start": math.nan}, ValueError),
        ({"start": "1"}, TypeError),
        ({"duration": 0.0}, ValueError),
        ({"duration": math.inf}, ValueError),
        ({"max_duration": -1}, ValueError),
        ({"max_duration": math.nan}, ValueError),
    ],
)
def test_bad_parameters(tmp_path, parameters, error):
    path = write(tmp_path, tones(0.1, RATE), RATE, "WAV")
    with pytest.raises(error, match=next(iter(parameters))):
        load(path, **parameters)


@pytest.mark.parametrize("path", [3, None, b"x.wav", ["x.wav"]])
def test_bad_path_types(path):
    for function in (load, info):
        with pytest.raises(TypeError):
            function(path)


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG"])
def test_start_beyond_the_end(tmp_path, container):
    path = write(tmp_path, tones(1.2, RATE), RATE, container)
    with pytest.raises(AudioError, match=r"start=9 s is not before its end at 1\.2 s"):
        load(path, start=9, duration=1)
    with pytest.raises(AudioError, match="not before its end"):
        load(path, 16000, start=1.2)


def test_max_duration(tmp_path):
    path = write(tmp_path, tones(2.0, 44100), 44100, "FLAC")
    assert len(load(path, max_duration=2.0)) == 2 * RATE
    with pytest.raises(AudioError, match=r"longer than max_duration=1\.5 s; cut it"):
        load(path, max_duration=1.5)
    assert len(load(path, duration=1.0, max_duration=1.5)) == RATE
    assert len(load(path, start=1.0, max_duration=1.5)) == RATE
    assert len(load(path, max_duration=math.inf)) == 2 * RATE
    assert count_samples(path, max_duration=2.0) == 2 * RATE
    with pytest.raises(AudioError, match="longer than"):
        count_samples(path, max_duration=1.5)
    with pytest.raises(AudioError, match="max_duration"):
        load(path, max_duration=2 - 1 / RATE)


def test_error_crosses_processes():
    error = pickle.loads(pickle.dumps(AudioError("a.wav", "it is empty", "fetch it")))  # noqa: S301
    assert (error.path, error.cause, error.remedy) == ("a.wav", "it is empty", "fetch it")
    assert str(error) == "cannot read 'a.wav': it is empty; fetch it"
    assert isinstance(error, ValueError)


def test_skipped_files_give_one_warning():
    errors = [{"path": "a.wav", "cause": "it is empty", "remedy": "fetch it"}] * 2
    with pytest.warns(AudioWarning, match=r"2 of 9 files .* 'a\.wav': it is empty; fetch it"):
        warn_skipped(errors, 9)


# -- what is not audio ------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".au", ".snd", ".flac", ".ogg", ".m4a", ".vox"])
@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "it is empty"),
        (b"x", "text"),
        (b"just some text\n" * 500, "text"),
        (b"#EXTM3U\nhttp://localhost/a.mp3\n", "text"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
        (b"\x89PNG\r\n\x1a\n" + bytes(1000), "PNG"),
        (b"\xff\xd8\xff\xe0" + bytes(range(256)) * 9, "JPEG"),
        (bytes(5000), "no audio"),
        (np.random.default_rng(1).bytes(70_000), "no audio"),
    ],
)
def test_other_content(tmp_path, suffix, content, cause):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=cause) as caught:
        load(path)
    assert caught.value.path == str(path)
    with pytest.raises(AudioError, match=cause):
        info(path)


def test_what_is_no_file(tmp_path):
    with pytest.raises(AudioError, match="no such file"):
        load(tmp_path / "absent.wav")
    with pytest.raises(AudioError, match="directory"):
        load(tmp_path)
    with pytest.raises(AudioError, match="null"):
        load("a\0b.wav")
    with pytest.raises(AudioError, match="too long"):
        load("a" * 5000)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_fifos_and_devices_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "fifo.wav")
    for path in (tmp_path / "fifo.wav", "/dev/zero"):
        with pytest.raises(AudioError, match="not a regular file"):
            load(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_no_permission(tmp_path):
    path = write(tmp_path, tones(0.1, RATE), RATE, "WAV")
    path.chmod(0)
    with pytest.raises(AudioError, match="Permission denied"):
        load(path)


def test_no_permission_from_the_system(tmp_path, monkeypatch):
    path = write(tmp_path, tones(0.1, RATE), RATE, "WAV")

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(AudioError, match="Permission denied"):
        load(path)


def test_headerless(tmp_path):
    path = tmp_path / "a.raw"
    path.write_bytes(bytes(1000))
    with pytest.raises(AudioError, match=r"no header.*ffmpeg -f s16le"):
        load(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("encoding", ["FLOAT", "DOUBLE"])
def test_samples_that_are_no_numbers(tmp_path, bad, encoding):
    signal = tones(4.0, RATE)
    signal[3 * RATE, 1] = bad
    signal[3 * RATE + 99, 0] = bad
    path = write(tmp_path, signal, RATE, "WAV", encoding)
    with pytest.raises(AudioError, match="sample at 3 s is NaN or infinite"):
        load(path)
    with pytest.raises(AudioError, match="sample at 3 s is NaN or infinite"):
        load(path, start=2.5)
    assert len(load(path, duration=2.5)) == 2.5 * RATE


def test_no_samples(tmp_path):
    path = write(tmp_path, np.zeros(0), RATE, "WAV")
    for function in (load, info, count_samples):
        with pytest.raises(AudioError, match="no samples"):
            function(path)


# -- damage -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("container", "encoding"), [("WAV", "PCM_16"), ("AIFF", "PCM_16"), ("AU", "PCM_16"),
                                ("FLAC", "PCM_16"), ("MP3", None)]
)  # fmt: skip
def test_cut_short(tmp_path, container, encoding):
    path = write(tmp_path, tones(4.0, 44100), 44100, container, encoding)
    whole = load(path, 44100)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.warns(AudioWarning, match=r"cut short.*of the 4\.00 s|breaks off at [12]"):
        part = load(path, 44100)
    assert 1.5 * 44100 < len(part) < 2.7 * 44100
    np.testing.assert_allclose(part[:-2304], whole[: len(part) - 2304], atol=1e-6)
    with pytest.warns(AudioWarning):
        assert info(path).n_samples == len(part)
    np.testing.assert_array_equal(load(path, 44100, start=0.5, duration=1.0), part[22050:66150])


def test_damage_costs_no_more_than_a_flac_packet(tmp_path, rng):
    path = write(tmp_path, rng.uniform(-1, 1, 44100), 44100, "FLAC")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.warns(AudioWarning, match=r"breaks off at 0\.9"):
        assert len(load(path, 44100)) >= 44100 - 4096


@pytest.mark.parametrize(
    ("container", "encoding"),
    [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", None)],
)
def test_truncation_anywhere(tmp_path, rng, container, encoding):
    rate = 48000 if encoding == "OPUS" else 44100
    path = write(tmp_path, tones(0.7, rate), rate, container, encoding)
    whole = path.read_bytes()
    cuts = np.unique(np.r_[:64:3, rng.integers(0, len(whole), 40), len(whole) - np.arange(8)])
    lengths = []
    for cut in cuts:
        path.write_bytes(whole[:cut])
        samples = outcome(path, sample_rate=rate)
        lengths.append(0 if samples is None else len(samples))
    assert lengths[0] == 0
    assert lengths[-1] == round(0.7 * rate)
    assert np.all(np.diff(lengths) > -2304)  # more file, more audio, up to an MP3 packet or two


@pytest.mark.parametrize(
    ("container", "encoding"),
    [("WAV", "FLOAT"), ("WAV", "IMA_ADPCM"), ("AIFF", None), ("CAF", "ALAC_16"), ("AU", None),
     ("W64", None), ("FLAC", None), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", None)],
)  # fmt: skip
def test_corrupted_bytes(tmp_path, container, encoding):
    rng = np.random.default_rng(7)
    rate = 48000 if encoding == "OPUS" else 44100
    path = write(tmp_path, tones(0.3, rate), rate, container, encoding)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    for k in range(40):
        damaged = whole.copy()
        # Half of the damage goes to the header, where it does most.
        reach = 120 if k % 2 else len(whole)
        places = rng.integers(0, min(reach, len(whole)), rng.integers(1, 12))
        damaged[places] = rng.integers(0, 256, len(places))
        path.write_bytes(damaged.tobytes())
        with np.errstate(all="raise"):
            samples = outcome(path, max_duration=60)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AudioWarning)
            if samples is not None:
                assert count_samples(path) == len(samples)


# -- headers that lie -------------------------------------------------------------------------


def wav_header(data, rate=44100, channels=1, data_size=None):
    size = len(data) if data_size is None else data_size
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * 2 & 0xFFFFFFFF, 2, 16)
    riff = struct.pack("<4sI4s", b"RIFF", min(36 + size, 0xFFFFFFFF), b"WAVE")
    return riff + form + struct.pack("<4sI", b"data", size) + data


def flac_with(path, **fields):
    """Write one second of FLAC with other values in its STREAMINFO."""
    sf.write(path, tones(1.0, 44100), 44100, format="FLAC")
    data = bytearray(path.read_bytes())
    word = int.from_bytes(data[18:26], "big")
    if "total" in fields:
        word = word >> 36 << 36 | fields["total"]
    if "rate" in fields:
        word = fields["rate"] << 44 | word & (1 << 44) - 1
    data[18:26] = word.to_bytes(8, "big")
    path.write_bytes(data)
    return path


def peak_memory(function):
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000])
def test_wav_written_to_a_pipe(tmp_path, size):
    path = tmp_path / "pipe.wav"
    path.write_bytes(wav_header(bytes(88200), data_size=size))
    assert peak_memory(lambda: load(path)) < 5e6  # and no warning
    assert len(load(path)) == RATE


def test_flac_written_to_a_pipe(tmp_path):
    path = flac_with(tmp_path / "pipe.flac", total=0)
    assert info(path).n_samples == 44100
    np.testing.assert_allclose(load(path, 44100), tones(1.0, 44100).mean(axis=1), atol=1e-4)


def test_flac_that_promises_weeks(tmp_path):
    path = flac_with(tmp_path / "weeks.flac", total=2**36 - 1)

    def refuse():
        with pytest.raises(AudioError, match="promises 68719476735 samples"):
            load(path)

    assert peak_memory(refuse) < 5e6


@pytest.mark.parametrize("rate", [0, 1, 99, 1_000_001, 2**31, 2**32 - 1])
def test_sample_rates_out_of_range(tmp_path, rate):
    path = tmp_path / "rate.wav"
    path.write_bytes(wav_header(bytes(2000), rate=rate))
    with pytest.raises(AudioError):
        load(path)
    if rate in {1, 99}:
        with pytest.raises(AudioError, match="sample rate"):
            load(flac_with(tmp_path / "rate.flac", rate=rate))


@pytest.mark.parametrize("channels", [0, 1024, 65535])
def test_channel_counts(tmp_path, channels):
    path = tmp_path / "channels.wav"
    path.write_bytes(wav_header(bytes(2 * 1024 * 100), channels=channels))
    assert peak_memory(lambda: outcome(path)) < 1e7


def test_a_bomb_is_stopped_early(tmp_path):
    # 20 minutes of silence in some kilobytes; 200 MB as float32.
    path = tmp_path / "bomb.flac"
    with sf.SoundFile(path, "w", 44100, 1) as file:
        for _ in range(20):
            file.write(np.zeros(60 * 44100, np.int16))
    assert path.stat().st_size < 1e6

    def stop():
        with pytest.raises(AudioError, match="max_duration=10 s"):
            load(path, max_duration=10)

    assert peak_memory(stop) < 1e7
    assert peak_memory(lambda: info(path)) < 5e6
    assert peak_memory(lambda: load(path, start=1000, duration=1)) < 5e6


def test_counting_has_an_end(tmp_path, monkeypatch):
    path = write(tmp_path, tones(2.0, 44100), 44100, "OGG")
    monkeypatch.setattr(decoding, "_MOST_SAMPLES", 50_000)
    with pytest.raises(AudioError, match="promises 88200 samples"):
        info(path)


# -- FFmpeg -----------------------------------------------------------------------------------


def encode(path, signal, rate, codec, sample_format, container):
    av = pytest.importorskip("av")
    with av.open(str(path), "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout="stereo", format=sample_format)
        stream.bit_rate = 192_000
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(signal.T, np.float32), format="fltp", layout="stereo"
        )
        frame.sample_rate, frame.pts = rate, 0
        to_codec = av.AudioResampler(format=sample_format, layout="stereo", rate=rate)
        fifo = av.AudioFifo()
        for part in [*to_codec.resample(frame), *to_codec.resample(None)]:
            fifo.write(part)
        file.start_encoding()
        size = stream.codec_context.frame_size or 4096
        while part := fifo.read(size, partial=True):
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return path


def encode_aac(path):
    return encode(path, tones(0.5, 44100), 44100, "aac", "fltp", "mp4")


FOREIGN = [
    ("aac", "fltp", "mp4", 0.1),
    ("alac", "s16p", "mov", 1e-4),
    ("aac", "fltp", "adts", 0.1),
    ("wmav2", "fltp", "asf", 0.1),
    ("libopus", "flt", "matroska", 0.1),
    ("flac", "s16", "ogg", 1e-4),
    ("wavpack", "s16p", "wv", 1e-4),
]


@pytest.mark.parametrize(("codec", "sample_format", "container", "tolerance"), FOREIGN)
def test_foreign_round_trip(tmp_path, codec, sample_format, container, tolerance):
    rate = 48000
    signal = tones(2.0, rate)
    path = encode(tmp_path / "a.bin", signal, rate, codec, sample_format, container)
    samples = load(path, rate)
    about = info(path)
    assert (about.sample_rate, about.channels, about.n_samples) == (rate, 2, len(samples))
    assert abs(len(samples) - len(signal)) < 5000
    mono = signal.mean(axis=1)
    # Not every container tells the delay of a lossy encoder; WMA loses its first packet.
    lags = scipy.signal.correlate(samples, mono, mode="full", method="fft")
    lag = int(lags.argmax()) - (len(mono) - 1)
    assert lag == 0 if tolerance < 0.1 else abs(lag) < 4096
    samples, mono = samples[max(0, lag) :], mono[max(0, -lag) :]
    n = min(len(samples), len(mono))
    np.testing.assert_allclose(samples[:n], mono[:n], atol=tolerance)
    np.testing.assert_array_equal(
        load(path, rate, start=0.5, duration=0.5), load(path, rate)[24000:48000]
    )


def test_foreign_damage(tmp_path, rng):
    path = encode_aac(tmp_path / "a.m4a")
    whole = path.read_bytes()
    for k in range(40):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 5):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged if k % 2 else whole[: rng.integers(len(whole))])
        outcome(path, max_duration=60)


def test_a_film_without_sound(tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        file.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        file.mux(stream.encode(None))
    with pytest.raises(AudioError, match="no audio track"):
        load(path)


def test_without_codecs(tmp_path, monkeypatch):
    path = encode_aac(tmp_path / "a.m4a")
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AudioError, match=r"'mov' file; pip install 'musigenre\[codecs\]'"):
        load(path)


@pytest.fixture
def fake_ffmpeg(tmp_path, monkeypatch):
    """Put a Python script on the PATH as ffmpeg; it logs its arguments and runs `body`."""
    if os.name != "posix":
        pytest.skip("a script is no program here")

    def make(body):
        folder = tmp_path / "bin"
        folder.mkdir()
        script = folder / "ffmpeg"
        script.write_text(
            f"#!{sys.executable}\n"
            "import struct, sys, time\n"
            f"open({str(tmp_path / 'arguments')!r}, 'w').write('\\n'.join(sys.argv[1:]))\n"
            "assert not sys.stdin.read()\n"
            "out = sys.stdout.buffer\n"
            "header = struct.pack('>4s5I', b'.snd', 28, 0xFFFFFFFF, 6, 44100, 2) + bytes(4)\n"
            "second = struct.pack('>2f', 0.5, 0.25) * 44100\n"
            f"{body}\n"
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setitem(sys.modules, "av", None)
        monkeypatch.setenv("PATH", str(folder))
        path = tmp_path / "song.m4a"
        path.write_bytes(b"\0\0\0\x18ftypM4A " + bytes(100))
        return path

    return make


def test_ffmpeg_program(tmp_path, fake_ffmpeg):
    path = fake_ffmpeg("out.write(header + second * 2)")
    samples = load(path, 44100)
    np.testing.assert_array_equal(samples, np.full(88200, 0.375, np.float32))
    assert info(path) == AudioInfo(44100, 2, 88200, 2.0, "mov")
    arguments = (tmp_path / "arguments").read_text().split("\n")
    assert arguments[arguments.index("-i") + 1] == f"file:{path}"
    assert arguments[arguments.index("-f") + 1] == "mov"
    assert arguments[arguments.index("-protocol_whitelist") + 1] == "file,pipe"
    assert "-nostdin" in arguments


def test_ffmpeg_program_that_breaks_off(fake_ffmpeg):
    path = fake_ffmpeg(
        "out.write(header + second + b'odd'); out.flush()\n"
        "sys.stderr.write('first\\nbad packet\\n' * 5000)\n"
        "sys.exit(1)"
    )
    with pytest.warns(AudioWarning, match=r"breaks off at 1\.00 s"):
        assert len(load(path, 44100)) == 44100


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("sys.stderr.write('moov atom not found'); sys.exit(1)", "moov atom not found"),
        ("sys.exit(0)", "no samples"),
        ("out.write(header)", "no samples"),
        ("out.write(b'x' * 100)", "answers with no audio"),
        ("out.write(header[:20] + bytes(8))", "answers with no audio"),
    ],
)
def test_ffmpeg_program_that_fails(fake_ffmpeg, body, cause):
    with pytest.raises(AudioError, match=cause):
        load(fake_ffmpeg(body))


def test_ffmpeg_program_that_hangs(fake_ffmpeg, monkeypatch):
    monkeypatch.setattr(foreign, "FFMPEG_TIME_LIMIT", 0.5)
    with pytest.raises(AudioError, match=r"took more than 0\.5 s"):
        load(fake_ffmpeg("time.sleep(60)"))


def test_ffmpeg_program_that_never_ends_is_stopped(fake_ffmpeg):
    path = fake_ffmpeg("out.write(header)\nwhile True: out.write(second)")
    assert len(load(path, 44100, duration=1.5)) == 66150
    with pytest.raises(AudioError, match="max_duration=3 s"):
        load(path, max_duration=3)


@pytest.mark.parametrize(
    "head",
    [
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\n",
        b"<?xml version='1.0'?><MPD></MPD>",
        b"RIFF\0\0\0\0WAVEfmt ",
    ],
)
def test_ffmpeg_never_sees_what_refers_to_other_files(head):
    assert foreign.find_demuxer(head) is None


# -- real files -------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ODD, ids=[row["file"] for row in ODD])
def test_odd_files(real_data, row, monkeypatch):
    path = real_data("odd_audio") / row["file"]
    if row["decoder"] == "codecs":
        pytest.importorskip("av")
    else:
        monkeypatch.setattr(decoding, "open_foreign", None)  # libsndfile alone
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if "early-eof" in row["file"] else "error", AudioWarning)
        if row["outcome"] == "error":
            for function in (load, info):
                with pytest.raises(AudioError, match=row["error"]):
                    function(path)
            return
        about = info(path)
        samples = load(path, about.sample_rate)
        assert about.sample_rate == int(row["sample_rate"])
        assert about.duration == pytest.approx(float(row["seconds"]), abs=0.01, rel=1e-5)
        assert about.n_samples == len(samples)
        assert np.isfinite(samples).all()
        n = resampled_length(about.n_samples, about.sample_rate, RATE)
        if n:
            assert len(load(path)) == n


def test_all_odd_files_are_listed(real_data):
    files = {path.name for path in real_data("odd_audio").iterdir()} - {"LISTING.csv"}
    assert files == {row["file"] for row in ODD}


@pytest.mark.parametrize("name", ["stereo_sample.flac", "stereo_sample.m4a"])
def test_formats_of_one_recording_agree(real_data, name):
    if name.endswith("m4a"):
        pytest.importorskip("av")
    expected = load(real_data("odd_audio/madmom__stereo_sample.wav"))
    samples = load(real_data(f"odd_audio/madmom__{name}"))
    n = min(len(samples), len(expected))
    assert abs(len(samples) - len(expected)) < 300
    assert np.corrcoef(samples[:n], expected[:n])[0, 1] > 0.9999


@pytest.mark.parametrize("folder", ["open_audio", "gtzan/lossless"])
def test_real_recordings(real_data, folder):
    for path in sorted(real_data(folder).glob("*.[of][gl]*")):
        about = info(path)
        middle = load(path, start=about.duration / 2, duration=1.0)
        assert len(middle) == RATE
        assert 0.001 < middle.std() < 1
        if folder == "gtzan/lossless":
            assert about.sample_rate == RATE
            assert about.duration == pytest.approx(30, abs=0.2)


@pytest.mark.parametrize("value", [1e25, -1e10, np.nan, np.inf])
def test_samples_that_no_audio_has(tmp_path, value):
    samples = np.zeros(RATE, dtype=np.float32)
    samples[RATE // 2] = value
    sf.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    for read in (load, info, count_samples):
        with pytest.raises(AudioError, match=r"the sample at 0\.5 s is"):
            read(tmp_path / "a.wav")


def test_a_long_file_is_held_in_memory_once(tmp_path):
    path = tmp_path / "long.flac"
    sf.write(path, np.zeros(600 * 1000), 1000)
    tracemalloc.start()
    samples = load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert samples.shape == (600 * RATE,)
    assert peak < 1.4 * samples.nbytes


def test_check_header(tmp_path):
    sf.write(tmp_path / "a.flac", np.zeros(10), RATE)
    check_header(tmp_path / "a.flac")
    sf.write(tmp_path / "b.wav", np.zeros(0), RATE)
    (tmp_path / "c.snd").write_bytes(bytes(range(200)))
    for name in ("b.wav", "c.snd", "missing"):
        with pytest.raises(AudioError, match=name):
            check_header(tmp_path / name)
