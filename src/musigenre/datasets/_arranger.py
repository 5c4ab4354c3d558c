"""From a style, an artist and a random generator to the waveform of one track."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musigenre.datasets._style import SCALES, Part, Style
from musigenre.datasets._synthesis import DRUMS, INSTRUMENTS, Signal, room

_BARS_PER_SECTION = 4
_PHRASE = 4  # bars after which a melody repeats
_EQUALISER_POINTS = 8
_MELODY_SPAN = 9  # scale steps
_SHARES = {"x": 0.8, "p": 0.7, "m": 0.8}  # of the loudness of a single note


@dataclass(frozen=True)
class Artist:
    """What all tracks of one synthetic artist share: instruments, studio, habits.

    Levels and equaliser gains are in dB, ``tuning`` in semitones; ``tempo`` says where in the
    style's range the artist feels at home, from 0 to 1.
    """

    instruments: dict[str, str]
    levels: dict[str, float]
    equaliser: NDArray[np.float64]
    room: float
    wet: float
    tuning: float
    tempo: float
    openness: float
    drum_tuning: float
    drum_length: float
    looseness: float
    hiss: float
    drive: float
    peak: float

    @classmethod
    def draw(cls, style: Style, rng: np.random.Generator) -> "Artist":
        """Invent an artist who plays in this style."""
        return cls(
            instruments={
                name: str(rng.choice(part.instruments)) for name, part in style.parts.items()
            },
            levels={name: float(rng.normal(0, 2.5)) for name in ("drums", *style.parts)},
            equaliser=rng.normal(0, 3, _EQUALISER_POINTS) + rng.normal(0, 1.2) * _slope(),
            room=float(np.exp(rng.uniform(*np.log(style.room)))),
            wet=style.wet * float(np.exp(rng.normal(0, 0.4))),
            tuning=float(rng.normal(0, 0.15)),
            tempo=float(rng.uniform()),
            openness=float(rng.uniform(0.9, 1.08)),
            drum_tuning=float(np.exp(rng.normal(0, 0.15))),
            drum_length=float(np.exp(rng.normal(0, 0.25))),
            looseness=float(rng.uniform(0.001, 0.012)),
            hiss=float(rng.uniform(-75, -42)),
            drive=float(rng.uniform(0.3, 2.0)),
            peak=float(rng.uniform(0.5, 0.98)),
        )


def perform(
    style: Style,
    artist: Artist,
    rng: np.random.Generator,
    n_samples: int,
    sample_rate: float,
) -> Signal:
    """Write a piece in this style, let the artist play it, and record it."""
    low, high = style.tempo
    tempo = (low + (high - low) * artist.tempo) * float(np.exp(rng.normal(0, 0.05)))
    song = _Song(style, artist, rng, n_samples, sample_rate, 60 / tempo / style.steps_per_beat)
    mix = song.record()
    mix /= max(float(np.abs(mix).max()), 1e-9)
    mix = room(
        mix,
        sample_rate,
        seconds=artist.room,
        wet=artist.wet,
        equaliser=artist.equaliser + rng.normal(0, 1.2, _EQUALISER_POINTS),
        rng=rng,
    )
    mix *= np.float32(artist.drive / max(float(np.abs(mix).max()), 1e-9))
    mix = np.tanh(mix)
    hiss = np.float32(10 ** (artist.hiss / 20) * max(float(np.abs(mix).max()), 1e-3))
    mix += hiss * rng.standard_normal(n_samples, dtype=np.float32)
    mix *= np.float32(artist.peak / float(np.abs(mix).max()))
    return mix


class _Song:
    """One piece while it is being recorded: its key, its harmony and the mixing desk."""

    def __init__(
        self,
        style: Style,
        artist: Artist,
        rng: np.random.Generator,
        n_samples: int,
        sample_rate: float,
        step: float,
    ) -> None:
        self.style, self.artist, self.rng = style, artist, rng
        self.n_samples, self.sample_rate, self.step = n_samples, sample_rate, step
        self.key = int(rng.integers(12))
        self.scale = SCALES[str(rng.choice(style.scales))]
        self.progression = style.progressions[int(rng.integers(len(style.progressions)))]
        any_part = next(iter(style.parts.values()))
        self.steps_per_bar = len(any_part.patterns[0])
        self.n_bars = int(n_samples / sample_rate / (step * self.steps_per_bar)) + 1
        self.mix = np.zeros(n_samples, dtype=np.float32)

    def record(self) -> Signal:
        for name, part in self.style.parts.items():
            self._play_part(name, part)
        for drum, patterns in self.style.drums.items():
            self._play_drum(drum, patterns)
        return self.mix

    def _play_part(self, name: str, part: Part) -> None:
        instrument = INSTRUMENTS[self.artist.instruments[name]]
        gain = self._gain(part.level + self.artist.levels[name])
        walk = self.rng.integers(-2, 3, size=(_PHRASE, self.steps_per_bar))
        sounds: dict[tuple[tuple[int, ...], int], Signal] = {}
        for bar, pattern in self._bars(part.patterns):
            melody = self._melody(bar, walk[bar % _PHRASE])
            for start, symbol, n_steps in _notes(pattern):
                pitches = self._pitches(symbol, bar, int(melody[start]), part.register)
                if (pitches, n_steps) not in sounds:
                    n_note = round((n_steps * self.step * 1.05 + 0.05) * self.sample_rate)
                    sounds[pitches, n_steps] = instrument.play(
                        [440 * 2 ** ((p - 69 + self.artist.tuning) / 12) for p in pitches],
                        n_note,
                        self.sample_rate,
                        self.artist.openness,
                        self.rng,
                    )
                share = _SHARES.get(symbol, 1.0)
                self._mix_in(sounds[pitches, n_steps], bar, start, gain * share)

    def _play_drum(self, name: str, patterns: tuple[str, ...]) -> None:
        gain = self._gain(self.style.drum_level + self.artist.levels["drums"])
        tuning, length = self.artist.drum_tuning, self.artist.drum_length
        stroke = DRUMS[name].play(self.sample_rate, tuning, length, self.rng)
        for bar, pattern in self._bars(patterns):
            for step, symbol in enumerate(pattern):
                if symbol in "xo":
                    self._mix_in(stroke, bar, step, gain * (1.0 if symbol == "x" else 0.4))

    def _bars(self, patterns: tuple[str, ...]) -> Iterator[tuple[int, str]]:
        """Give the bars this player plays, with their patterns; some sections are rested."""
        usual, other = (patterns[int(i)] for i in self.rng.integers(len(patterns), size=2))
        n_sections = -(-self.n_bars // _BARS_PER_SECTION)
        rests = self.rng.uniform(size=n_sections) < 0.12
        for bar in range(self.n_bars):
            section, place = divmod(bar, _BARS_PER_SECTION)
            if not rests[section]:
                yield bar, other if place == _BARS_PER_SECTION - 1 else usual

    def _melody(self, bar: int, walk: NDArray[np.int64]) -> NDArray[np.int64]:
        """Scale steps of a bar's melody: a walk from a tone of the chord, kept within a span."""
        line = self._degree(bar) % len(self.scale) + np.cumsum(walk) - walk[0]
        folded = np.abs(line) % (2 * _MELODY_SPAN)
        return np.minimum(folded, 2 * _MELODY_SPAN - folded)

    def _pitches(self, symbol: str, bar: int, melody: int, register: int) -> tuple[int, ...]:
        degree = self._degree(bar)
        if symbol == "m":
            return (register + (self.key - register) % 12 + self._semitones(melody),)
        root = self.key + self._semitones(degree)
        root = register + (root - register) % 12
        if symbol == "p":
            return (root, root + 7, root + 12)
        if symbol == "x":
            tones = [root + self._above(degree, tone) for tone in self.style.chord]
            return tuple(sorted({register + (tone - register) % 12 for tone in tones}))
        return (root + self._above(degree, int(symbol)),)

    def _degree(self, bar: int) -> int:
        return self.progression[bar % len(self.progression)] - 1

    def _above(self, degree: int, tone: int) -> int:
        """Semitones from a chord's root to its ``tone``-th scale step."""
        if self.style.planing:
            return self._semitones(tone - 1)
        return self._semitones(degree + tone - 1) - self._semitones(degree)

    def _semitones(self, degree: int) -> int:
        octave, step = divmod(degree, len(self.scale))
        return 12 * octave + self.scale[step]

    def _gain(self, level: float) -> float:
        return float(10 ** ((level + self.rng.normal(0, 1.5)) / 20))

    def _mix_in(self, sound: Signal, bar: int, step: int, gain: float) -> None:
        steps = bar * self.steps_per_bar + step + self.style.swing * (step % 2)
        late, soft = self.rng.normal(size=2)
        seconds = max(0.0, steps * self.step + self.artist.looseness * late)
        start = round(seconds * self.sample_rate)
        place = self.mix[start : start + sound.size]
        place += np.float32(gain * np.exp(0.12 * soft)) * sound[: place.size]


def _notes(pattern: str) -> Iterator[tuple[int, str, int]]:
    """Read a pattern as (first step, symbol, number of steps)."""
    start = 0
    while start < len(pattern):
        end = start + 1
        while end < len(pattern) and pattern[end] == "-":
            end += 1
        if pattern[start] not in ".-":
            yield start, pattern[start], end - start
        start = end


def _slope() -> NDArray[np.float64]:
    return np.linspace(-1.5, 1.5, _EQUALISER_POINTS)
