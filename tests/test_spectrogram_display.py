import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import soundfile

from musigenre import SpectrogramExtractor, clip_table
from musigenre.features import SpectrogramDisplay

SR = 22050
ALL = ("stft", "mel", "mfcc")


@pytest.fixture(autouse=True)
def _close_figures():
    mpl.use("Agg")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def clips():
    t = np.arange(3 * SR) / SR
    rng = np.random.default_rng(0)
    return np.array(
        [np.sin(2 * np.pi * f * t) + 0.01 * rng.normal(size=len(t)) for f in (500, 4000)]
    )


def colour_bar(display):
    (bar,) = (ax for ax in display.figure_.axes if ax is not display.ax_)
    return bar.get_ylabel()


@pytest.mark.parametrize(
    ("kind", "scale", "rows", "values"),
    [
        ("stft", "db", "frequency [Hz]", "level [dB]"),
        ("stft", "linear", "frequency [Hz]", "magnitude"),
        ("mel", "db", "frequency [Hz]", "level [dB]"),
        ("mel", "linear", "frequency [Hz]", "power"),
        ("mfcc", "db", "MFCC", "value"),
        ("mel_picture", "linear", "frequency [Hz]", "level [dB]"),
    ],
)
def test_axes_say_what_they_show(clips, kind, scale, rows, values):
    extractor = SpectrogramExtractor(kind, scale=scale).fit(clips)
    display = SpectrogramDisplay.from_estimator(extractor, clips)
    assert display.ax_.get_xlabel() == "time [s]"
    assert display.ax_.get_ylabel() == rows
    assert colour_bar(display) == values


@pytest.mark.parametrize("kind", ALL)
def test_the_picture_shows_the_clip_asked_for(clips, kind):
    extractor = SpectrogramExtractor(kind).fit(clips)
    display = SpectrogramDisplay.from_estimator(extractor, clips, clip=1)
    expected = extractor.transform(clips)[1]
    np.testing.assert_allclose(display.mesh_.get_array(), expected, atol=1e-4)
    last = SpectrogramDisplay.from_estimator(extractor, clips, clip=-1)
    np.testing.assert_array_equal(last.spectrogram, display.spectrogram)


@pytest.mark.parametrize("kind", ["stft", "mel"])
@pytest.mark.parametrize(("clip", "frequency"), [(0, 500), (1, 4000)])
def test_a_tone_is_drawn_at_its_tick(clips, kind, clip, frequency):
    extractor = SpectrogramExtractor(kind).fit(clips)
    display = SpectrogramDisplay.from_estimator(extractor, clips, clip=clip)
    display.figure_.canvas.draw()
    ticks = {
        label.get_text(): position
        for label, position in zip(
            display.ax_.get_yticklabels(), display.ax_.get_yticks(), strict=True
        )
    }
    assert ticks[f"{frequency:,}"] == frequency
    row = display.spectrogram.mean(axis=1).argmax()
    # The corners of the cells of that row lie about the frequency, in the data's own units.
    corners = display.mesh_.get_coordinates()[row : row + 2, 0, 1]
    assert corners[0] <= frequency * 1.05
    assert corners[1] >= frequency * 0.95


def test_frequency_is_drawn_on_the_mel_scale(clips):
    display = SpectrogramDisplay.from_estimator(SpectrogramExtractor("mel").fit(clips), clips)
    display.figure_.canvas.draw()
    heights = display.ax_.transData.transform([(0, f) for f in display.frequencies])[:, 1]
    np.testing.assert_allclose(np.diff(heights), np.diff(heights).mean(), rtol=1e-6)
    assert heights[0] == pytest.approx(display.ax_.bbox.y0)
    assert heights[-1] == pytest.approx(display.ax_.bbox.y1)


@pytest.mark.parametrize("kind", ALL)
def test_one_of_several_kinds(clips, kind):
    several = SpectrogramExtractor(ALL, flatten=True).set_output(transform="pandas").fit(clips)
    alone = SpectrogramExtractor(kind).fit(clips)
    display = SpectrogramDisplay.from_estimator(several, clips, kind=kind)
    expected = SpectrogramDisplay.from_estimator(alone, clips)
    np.testing.assert_array_equal(display.spectrogram, expected.spectrogram)
    np.testing.assert_array_equal(display.frequencies, expected.frequencies)
    assert several.flatten
    assert isinstance(several.transform(clips), pd.DataFrame)


def test_rows_of_clip_tables_and_paths(tmp_path, clips):
    paths = [tmp_path / f"{i}.wav" for i in range(2)]
    for path, y in zip(paths, clips, strict=True):
        soundfile.write(path, y / 2, SR)
    table = clip_table(paths, 1.0).iloc[::-1]
    extractor = SpectrogramExtractor("mel").fit(table)
    display = SpectrogramDisplay.from_estimator(extractor, table, clip=0)
    loudest = display.frequencies[display.spectrogram.mean(axis=1).argmax()]
    assert loudest == pytest.approx(4000, rel=0.05)
    display = SpectrogramDisplay.from_estimator(extractor, [str(path) for path in paths], clip=0)
    loudest = display.frequencies[display.spectrogram.mean(axis=1).argmax()]
    assert loudest == pytest.approx(500, rel=0.05)


def test_plot_draws_on_given_axes_and_returns_itself(clips):
    _, ax = plt.subplots()
    extractor = SpectrogramExtractor("mfcc").fit(clips)
    display = SpectrogramDisplay.from_estimator(extractor, clips, ax=ax)
    assert display.ax_ is ax
    assert display.plot() is display
    assert display.ax_ is not ax


@pytest.mark.parametrize("kind", [*ALL, "mel_picture"])
def test_silence_can_be_drawn(kind):
    silence = np.zeros((1, SR))
    extractor = SpectrogramExtractor(kind, n_mels=2, n_mfcc=1).fit(silence)
    SpectrogramDisplay.from_estimator(extractor, silence).figure_.canvas.draw()


def test_one_frame_can_be_drawn():
    clip = np.random.default_rng(0).normal(size=(1, 300))
    extractor = SpectrogramExtractor("mel").fit(clip)
    SpectrogramDisplay.from_estimator(extractor, clip).figure_.canvas.draw()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "kind must be one of mel, mfcc"),
        ({"kind": "stft"}, "got 'stft'"),
        ({"kind": "mel", "clip": 2}, "X, which has 2; got 2"),
    ],
)
def test_bad_choices(clips, options, message):
    extractor = SpectrogramExtractor(("mel", "mfcc")).fit(clips)
    with pytest.raises(ValueError, match=message):
        SpectrogramDisplay.from_estimator(extractor, clips, **options)
