"""How often `sound_note` is right: on GTZAN, on noise and tones, and on a folder of speech.

    python benchmarks/sound_check.py [FOLDER OF SPEECH]

Real recordings are looked for in $MUSIGENRE_TEST_DATA (see CONTRIBUTING.md).
"""

import io
import os
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import scipy.signal
import soundfile

from musigenre import audio
from musigenre.datasets import find_audio
from musigenre.features import sound_note

SR = 22050
DATA = Path(os.environ.get("MUSIGENRE_TEST_DATA", "shared"))
COLOURS = {"white": 0, "pink": 1, "brown": 2, "blue": -1, "violet": -2}


def noise(rng, seconds, slope):
    """Gaussian noise whose power falls as frequency to the power of ``slope``."""
    n = seconds * SR
    frequency = np.fft.rfftfreq(n)
    frequency[0] = frequency[1]
    spectrum = rng.normal(size=(2, len(frequency))) * frequency ** (-slope / 2)
    y = np.fft.irfft(spectrum[0] + 1j * spectrum[1], n)
    return y / np.abs(y).max() / 2


def coded(y, rate=SR, **options):
    """The signal behind a codec."""
    file = io.BytesIO()
    soundfile.write(file, np.clip(y, -1, 1), rate, **options)
    file.seek(0)
    return soundfile.read(file)[0]


def noises(rng):
    yield "noise", [noise(rng, n, slope) for slope in COLOURS.values() for n in (2, 3, 5, 10, 30)]
    codecs = [
        {"format": name, "subtype": subtype, "compression_level": level}
        for name, subtype, level in (
            ("MP3", "MPEG_LAYER_III", 0.9),
            ("MP3", "MPEG_LAYER_III", 0.5),
            ("OGG", "VORBIS", 0.9),
            ("OGG", "VORBIS", 0.3),
        )
    ]
    yield (
        "coded noise",
        [coded(noise(rng, 20, slope), **codec) for slope in (0, 1, 2) for codec in codecs],
    )


def tones():
    t = np.arange(30 * SR) / SR
    sines = {f: np.sin(2 * np.pi * f * t) for f in (50, 100, 350, 440, 554, 659, 1000, 5000)}
    hum = sum(np.sin(2 * np.pi * 50 * k * t) / k for k in range(1, 20))
    yield "tone", [*sines.values(), sines[350] + sines[440], hum]
    yield "chord", [(sines[440] + sines[554] + sines[659]) / 3]
    yield "beeps", [(t % 2 < 1) * sines[440]]
    yield "sweep", [scipy.signal.chirp(t, 20, 30, 10000, "log")]


def speech(rng, files):
    voices = [audio.load(file) for file in files]
    # A short sentence is repeated: five seconds at least are judged.
    voices = [np.tile(y, max(1, -(-6 * SR // len(y)))) if len(y) < 5 * SR else y for y in voices]
    level = [np.sqrt(np.mean(y**2)) for y in voices]
    yield "speech", voices
    for name, options in {
        "telephone": {"rate": 8000, "format": "WAV", "subtype": "ULAW"},
        "MP3": {"rate": SR, "format": "MP3", "compression_level": 0.8},
    }.items():
        rate = options["rate"]
        narrow = [scipy.signal.resample_poly(y, rate, SR) for y in voices]
        wide = [scipy.signal.resample_poly(coded(y, **options), SR, rate) for y in narrow]
        yield f"speech, {name}", wide
    for db in (30, 20, 10):
        factor = 10 ** (-db / 20)
        yield (
            f"speech, noise {db} dB below",
            [y + a * factor * rng.normal(size=len(y)) for y, a in zip(voices, level, strict=True)],
        )
    for seconds in (0.3, 0.6, 1.0):
        n = round(seconds * SR)
        echo = rng.normal(size=n) * 10 ** (-3 * np.arange(n) / n)
        echo *= 0.7 / np.sqrt((echo**2).sum())
        echo[0] = 1
        yield (
            f"speech, echo of {seconds} s",
            [scipy.signal.fftconvolve(y, echo)[: len(y)] for y in voices],
        )


def main():
    rng = np.random.default_rng(0)
    gtzan = DATA / "gtzan" / "audio"
    groups = [*noises(rng), *tones()]
    if gtzan.is_dir():
        groups += [(f.name, map(audio.load, find_audio([f]))) for f in sorted(gtzan.iterdir())]
    voices = [DATA / "open_audio" / "198-209-0000.ogg"]
    voices = [file for file in voices if file.exists()] + [
        file for folder in sys.argv[1:] for file in find_audio([folder])
    ]
    if voices:
        groups += speech(rng, voices)
    seconds, spent = 0.0, 0.0
    for name, signals in groups:
        notes = Counter()
        for y in signals:
            start = time.process_time()
            notes[sound_note(y) or "-"] += 1
            spent += time.process_time() - start
            seconds += len(y) / SR
        print(f"{name:<26}", ", ".join(f"{note} {n}" for note, n in notes.most_common()))
    print(f"{1000 * spent / seconds * 30:.1f} ms of processor time for 30 s of audio")


if __name__ == "__main__":
    main()
