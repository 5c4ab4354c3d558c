import struct
import zlib

import matplotlib as mpl
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.image import imsave

from musigenre import AudioError, AudioWarning, SpectrogramExtractor, audio
from musigenre.features import mel_picture, read_mel_picture

SR = 22050


def draw(path, steps, cmap="magma", *, height=288):
    """Draw a picture of steps of the colour map, lowest row first, with margin and frame."""
    image = np.ones((height, 432, 4))
    image[35:253, 54:390] = (0, 0, 0, 1)
    image[36:252, 55:389] = mpl.colormaps[cmap](steps[::-1])
    imsave(path, np.rint(image * 255).astype(np.uint8))
    return path


@pytest.fixture(scope="module")
def steps():
    return np.random.default_rng(0).integers(0, 256, size=(216, 334))


@pytest.fixture(scope="module")
def png(steps, tmp_path_factory):
    return draw(tmp_path_factory.mktemp("pictures") / "picture.PNG", steps)


def published(real_data):
    """Give the published pictures of which lossless audio exists, and that audio."""
    images, lossless = real_data("gtzan/images"), real_data("gtzan/lossless")
    pairs = [(p, lossless / f"{p.stem[:-5]}.{p.stem[-5:]}.flac") for p in images.glob("*/*.png")]
    pairs = [(picture, sound) for picture, sound in pairs if sound.exists()]
    assert len(pairs) >= 2
    return pairs


# --- the published pictures -------------------------------------------------------------------


def test_lossless_audio_gives_every_pixel_of_the_published_pictures(real_data):
    for picture, sound in published(real_data):
        y, _ = soundfile.read(sound, dtype="float32")
        levels = mel_picture(y)
        steps = np.rint(read_mel_picture(picture) * (255 / 40)) + 255
        drawn = np.minimum((levels + 40) / 40 * 256, 255).astype(int)
        # Rounding may carry a level over the edge of a step.
        assert np.abs(drawn - steps).max() <= 1
        assert np.mean(drawn == steps) > 0.999


def test_lossy_audio_gives_nearly_the_published_pictures(real_data):
    images, sounds = real_data("gtzan/images"), real_data("gtzan/audio")
    for picture in sorted(images.glob("*/*.png"))[::15]:
        found = list(sounds.glob(f"**/{picture.stem[:-5]}.{picture.stem[-5:]}.ogg"))
        if found:
            levels = mel_picture(audio.load(found[0], SR))
            both = np.corrcoef(levels.ravel(), read_mel_picture(picture).ravel())
            assert both[0, 1] > 0.98


def test_all_published_pictures_are_read(real_data):
    for picture in sorted(real_data("gtzan/images").glob("*/*.png"))[::5]:
        levels = read_mel_picture(picture)
        assert levels.shape == (216, 334)
        assert levels.dtype == np.float32
        assert levels.min() == -40
        # Of four frames one is seen: seldom the loudest.
        assert -12 < levels.max() <= 0
        # Low bands are louder than high ones.
        assert levels[:20].mean() > levels[-20:].mean() + 1


def test_extractor_takes_pictures_and_audio_alike(real_data):
    pairs = published(real_data)
    extractor = SpectrogramExtractor("mel_picture")
    pictures, sounds = (
        extractor.fit_transform([str(pair[side]) for pair in pairs]) for side in (0, 1)
    )
    assert pictures.shape == (len(pairs), 216, 334)
    np.testing.assert_allclose(pictures, sounds, atol=40 / 255)
    mixed = extractor.transform([pairs[0][0], pairs[1][1]])
    np.testing.assert_array_equal(mixed[0], pictures[0])
    np.testing.assert_array_equal(mixed[1], sounds[1])


# --- reading ----------------------------------------------------------------------------------


def test_colours_are_turned_back_into_levels(png, steps):
    np.testing.assert_allclose(read_mel_picture(png), steps / 255 * 40 - 40, atol=1e-5)
    assert read_mel_picture(str(png)).dtype == np.float32


def test_colours_a_little_off_are_read(tmp_path, steps):
    path = draw(tmp_path / "a.png", steps)
    image = np.rint(mpl.image.imread(path)[..., :3] * 255)
    shade = np.random.default_rng(0).integers(-2, 3, size=image.shape)
    imsave(path, np.clip(image + shade, 0, 255).astype(np.uint8))
    # Dark colours lie close together.
    np.testing.assert_allclose(read_mel_picture(path), steps / 255 * 40 - 40, atol=1.2)


def grey(path, steps):
    """Write a PNG of one channel."""
    rows = b"".join(b"\0" + bytes(432) for _ in range(288))
    header = struct.pack(">IIBBBBB", 432, 288, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    parts = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def truncated(path, steps):
    whole = draw(path, steps).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def bomb(path, steps):
    """Promise more pixels than any memory holds."""
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 2**31 - 1, 2**31 - 1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path, steps: None, "there is no such file"),
        (lambda path, steps: path.mkdir(), "it cannot be opened"),
        (lambda path, steps: path.write_bytes(b""), "it is not a PNG file"),
        (lambda path, steps: path.write_bytes(b"\xff\xd8\xff" + bytes(40)), "it is not a PNG file"),
        (lambda path, steps: draw(path, steps, height=300), "432 x 300 pixels, not 432 x 288"),
        (bomb, "2147483647 x 2147483647 pixels"),
        (truncated, "it is damaged"),
        (grey, "it has no colours"),
        (lambda path, steps: draw(path, steps, "viridis"), "% of its pixels have colours"),
    ],
)
def test_anything_else_is_refused(tmp_path, steps, make, message):
    path = tmp_path / "picture.png"
    make(path, steps)
    with pytest.raises(AudioError, match=message) as caught:
        read_mel_picture(path)
    assert "picture.png" in str(caught.value)
    assert caught.value.remedy


def test_a_bad_picture_among_good_ones(png, tmp_path):
    paths = [png, tmp_path / "missing.png"]
    with pytest.raises(AudioError, match="missing"):
        SpectrogramExtractor("mel_picture").fit_transform(paths)
    with pytest.warns(AudioWarning, match="1 of 2 files"):
        pictures = SpectrogramExtractor("mel_picture", on_error="warn").fit_transform(paths)
    assert np.isfinite(pictures[0]).all()
    assert np.isnan(pictures[1]).all()


# --- computing --------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None, derandomize=True)
@given(n=st.integers(1, 100_000), gain=st.sampled_from([1e-3, 1.0]))
def test_any_length_fills_the_picture(n, gain):
    y = gain * np.random.default_rng(0).normal(size=n)
    levels = mel_picture(y)
    assert levels.shape == (216, 334)
    assert levels.min() >= -40
    assert levels.max() <= 0


def test_silence_is_black():
    assert (mel_picture(np.zeros(SR)) == -40).all()


def test_waveforms_make_pictures_and_labels_fit():
    t = np.arange(30 * SR) / SR
    y = (np.sin(2 * np.pi * 3000 * t) * (t > 20)).astype(np.float32)
    extractor = SpectrogramExtractor("mel_picture").fit([y])
    (levels,) = extractor.transform([y])
    np.testing.assert_allclose(levels, mel_picture(y), atol=1e-4)
    assert np.all(np.diff(extractor.frequencies_) > 0)
    assert extractor.frequencies_[levels[:, 300].argmax()] == pytest.approx(3000, rel=0.03)
    level = levels.max(axis=0)
    assert extractor.times_[np.argmax(level > -20)] == pytest.approx(20, abs=0.2)
    assert len(extractor.get_feature_names_out()) == 216


def test_flat_pictures():
    y = np.random.default_rng(0).normal(size=(1, SR))
    extractor = SpectrogramExtractor("mel_picture", flatten=True).set_output(transform="pandas")
    frame = extractor.fit_transform(y)
    assert frame.shape == (1, 216 * 334)
    assert frame.columns[-1] == "mel_picture215_f333"
