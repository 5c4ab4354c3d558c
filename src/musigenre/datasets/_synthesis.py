"""Sounds made of nothing: harmonic tones, plucked strings, drums, and the room they sound in.

Everything here is a pure function of its arguments and a random generator, float32 throughout.
Levels are linear, frequencies in Hz, times in seconds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Signal = NDArray[np.float32]

_RELEASE = 0.04
_FULL_BRIGHTNESS = 0.995


@dataclass(frozen=True)
class Tone:
    """A harmonic tone whose loudness and brightness move in time.

    Partial ``k`` has the amplitude ``partials[k - 1] * brightness(t) ** k``: brightness 1 is the
    open spectrum, smaller values close it as a low-pass filter would.
    """

    partials: tuple[float, ...]
    attack: float = 0.01
    decay: float = math.inf
    brightness: tuple[float, float] = (1.0, 1.0)
    sweep: float = 0.2
    detune: float = 0.0
    vibrato: float = 0.0
    drive: float = 0.0

    def play(
        self,
        frequencies: Sequence[float],
        n_samples: int,
        sample_rate: float,
        openness: float,
        rng: np.random.Generator,
    ) -> Signal:
        """Sound a note or a chord; ``openness`` scales the brightness."""
        t = np.arange(n_samples, dtype=np.float32) / np.float32(sample_rate)
        first, last = self.brightness
        brightness = last + (first - last) * np.exp(-t / np.float32(self.sweep))
        brightness = np.minimum(brightness * np.float32(openness), np.float32(_FULL_BRIGHTNESS))
        wobble = t + np.float32(_cents(self.vibrato) - 1) * np.sin(35.0 * t) / 35.0
        sound = np.zeros(n_samples, dtype=np.float32)
        voices = (-self.detune, self.detune) if self.detune else (0.0,)
        for frequency in frequencies:
            for cents in voices:
                phase = 2 * math.pi * frequency * _cents(cents) * wobble
                phase += np.float32(rng.uniform(0, 2 * math.pi))
                n_partials = max(1, min(len(self.partials), int(0.45 * sample_rate / frequency)))
                sound += _harmonics(phase, brightness, self.partials[:n_partials])
        sound *= np.minimum(t / np.float32(self.attack), 1) * np.exp(-t / np.float32(self.decay))
        return _finish(sound, self.drive, sample_rate)


@dataclass(frozen=True)
class Pluck:
    """A plucked string after Karplus and Strong (1983): a noise burst in a damped loop."""

    decay: float = 1.2
    damping: float = 0.3
    softness: float = 0.5
    drive: float = 0.0
    strum: float = 0.012

    def play(
        self,
        frequencies: Sequence[float],
        n_samples: int,
        sample_rate: float,
        openness: float,
        rng: np.random.Generator,
    ) -> Signal:
        """Sound a note or a strummed chord; ``openness`` scales the brightness."""
        sound = np.zeros(n_samples, dtype=np.float32)
        for i, frequency in enumerate(frequencies):
            start = round(i * self.strum * sample_rate)
            if start < n_samples:
                n_left = n_samples - start
                sound[start:] += self._string(frequency, n_left, sample_rate, openness, rng)
        return _finish(sound, self.drive, sample_rate)

    def _string(
        self,
        frequency: float,
        n_samples: int,
        sample_rate: float,
        openness: float,
        rng: np.random.Generator,
    ) -> Signal:
        period = max(4, round(sample_rate / frequency))
        pace = frequency * period / sample_rate  # makes up for the rounding of the period
        n_loops = math.ceil(n_samples * pace / period) + 2
        angle = np.arange(period // 2 + 1, dtype=np.float32) * np.float32(2 * math.pi / period)
        burst = fft.rfft(rng.standard_normal(period, dtype=np.float32))
        burst *= np.exp(-angle * np.float32(2 * self.softness / openness))
        burst[0] = 0
        # Each turn of the loop multiplies the spectrum of the period by the loop's filter.
        loop = np.log(1 - self.damping * (1 - np.cos(angle)) / 2) - 1 / (frequency * self.decay)
        turns = np.arange(n_loops, dtype=np.float32)[:, None]
        string = fft.irfft(burst * np.exp(turns * loop.astype(np.float32)), n=period).ravel()
        where = np.arange(n_samples) * pace
        return np.interp(where, np.arange(string.size), string).astype(np.float32)


@dataclass(frozen=True)
class Drum:
    """A sine whose pitch falls, plus a band of noise, each dying away at its own pace."""

    seconds: float
    pitch: float = 0.0
    fall: float = 0.0
    tone_decay: float = 0.1
    band: tuple[float, float] = (200.0, 8000.0)
    noise: float = 0.0
    noise_decay: float = 0.1
    noise_attack: float = 0.001

    def play(
        self, sample_rate: float, tuning: float, length: float, rng: np.random.Generator
    ) -> Signal:
        """Sound one stroke; ``tuning`` scales the pitch and ``length`` the decays."""
        n_samples = max(2, round(self.seconds * length * sample_rate))
        t = np.arange(n_samples, dtype=np.float32) / np.float32(sample_rate)
        falling = self.fall * 0.03 * (1 - np.exp(-t / np.float32(0.03)))
        tone = np.sin(np.float32(2 * math.pi * self.pitch * tuning) * (t + falling))
        tone *= np.exp(-t / np.float32(self.tone_decay * length))
        spectrum = fft.rfft(rng.standard_normal(n_samples, dtype=np.float32))
        low, high = self.band
        frequency = fft.rfftfreq(n_samples, 1 / sample_rate).astype(np.float32)
        spectrum *= 1 / (1 + (low / np.maximum(frequency, 1)) ** 4) / (1 + (frequency / high) ** 4)
        hiss = fft.irfft(spectrum, n=n_samples)
        hiss *= np.exp(-t / np.float32(self.noise_decay * length))
        hiss *= np.minimum(t / np.float32(self.noise_attack), 1)
        hiss *= self.noise / max(float(np.abs(hiss).max()), 1e-9)
        return _finish(tone + hiss, 0.0, sample_rate)


def room(
    dry: Signal,
    sample_rate: float,
    *,
    seconds: float,
    wet: float,
    equaliser: NDArray[Any],
    rng: np.random.Generator,
) -> Signal:
    """Put a mix in a room and through an equaliser, by one fast convolution.

    The room is decaying noise, 60 dB down after ``seconds``. The equaliser gives gains in dB at
    frequencies spaced evenly in octaves from 60 Hz on; what lies below 25 Hz is removed.
    """
    n_tail = max(1, round(seconds * sample_rate))
    n_fft = fft.next_fast_len(dry.size + n_tail, real=True)
    tail = rng.standard_normal(n_tail, dtype=np.float32)
    tail *= np.exp(np.linspace(0, math.log(1e-3), n_tail, dtype=np.float32))
    tail *= np.float32(wet / np.linalg.norm(tail))
    frequency = fft.rfftfreq(n_fft, 1 / sample_rate).astype(np.float32)
    response = fft.rfft(tail, n=n_fft)
    response *= 1 / (1 + (frequency / np.float32(5000)) ** 2)  # walls swallow the treble
    response += 1
    points = 60.0 * 2.0 ** np.arange(len(equaliser))
    # A curve this smooth needs few points; interpolation in dB over every bin would cost more.
    coarse = np.linspace(0, sample_rate / 2, 2048)
    gain = 10 ** (np.interp(np.log(coarse + 1), np.log(points + 1), equaliser) / 20)
    response *= np.interp(frequency, coarse, gain).astype(np.float32)
    response *= frequency**4 / (frequency**4 + np.float32(25.0**4))
    return fft.irfft(fft.rfft(dry, n=n_fft) * response, n=n_fft)[: dry.size]


def _harmonics(phase: Signal, brightness: Signal, partials: Sequence[float]) -> Signal:
    """Sum ``partials[k - 1] * brightness**k * sin(k * phase)`` by Horner's scheme."""
    z = np.empty(phase.size, dtype=np.complex64)
    z.real = np.cos(phase) * brightness
    z.imag = np.sin(phase) * brightness
    total = np.zeros_like(z)
    for partial in reversed(partials):
        total += np.float32(partial)
        total *= z
    return total.imag


def _finish(sound: Signal, drive: float, sample_rate: float) -> Signal:
    """Overdrive a sound if asked to, bring its peak to 1 and let its end fade."""
    sound = sound.astype(np.float32, copy=False)
    peak = max(float(np.abs(sound).max(initial=0.0)), 1e-9)
    sound /= np.float32(peak)
    if drive:
        sound = np.tanh(np.float32(drive) * sound)
    n_fade = min(sound.size, round(_RELEASE * sample_rate))
    sound[sound.size - n_fade :] *= np.linspace(1, 0, n_fade, dtype=np.float32)
    return sound


def _cents(cents: float) -> float:
    return 2 ** (cents / 1200)


def _series(slope: float, n: int = 20, even: float = 1.0) -> tuple[float, ...]:
    """Amplitudes falling as ``1 / k**slope``, even partials scaled by ``even``."""
    return tuple((1.0 if k % 2 else even) / k**slope for k in range(1, n + 1))


_SAW, _SQUARE = _series(1.0), _series(1.0, even=0.08)

INSTRUMENTS: dict[str, Tone | Pluck] = {
    "piano": Tone(_series(1.1, 14), attack=0.004, decay=0.9, brightness=(0.95, 0.55), sweep=0.3),
    "electric piano": Tone(
        (1, 0.35, 0.05, 0.22, 0, 0.05), attack=0.005, decay=1.2, brightness=(1, 0.6), vibrato=4
    ),
    "organ": Tone((1, 0.8, 0.5, 0.6, 0, 0.25, 0, 0.3), attack=0.015, vibrato=9),
    "strings": Tone(_SAW, attack=0.12, brightness=(0.7, 0.86), detune=7, vibrato=8),
    "fiddle": Tone(_series(0.8), attack=0.05, brightness=(0.8, 0.9), vibrato=16),
    "choir": Tone((1, 0.7, 0.55, 0.2, 0.1, 0.05), attack=0.2, detune=9, vibrato=14),
    "flute": Tone((1, 0.25, 0.12, 0.03), attack=0.06, vibrato=12),
    "clarinet": Tone(_series(0.9, 12, even=0.12), attack=0.04, brightness=(0.7, 0.85), vibrato=6),
    "brass": Tone(_series(0.6, 18), attack=0.03, brightness=(0.55, 0.88), sweep=0.08, vibrato=5),
    "pad": Tone(_SAW, attack=0.3, brightness=(0.5, 0.8), sweep=1.0, detune=11),
    "bowed glass": Tone((1, 0.1, 0.3, 0.02, 0.12), attack=1.2, detune=4, vibrato=3),
    "deep pad": Tone(_SAW, attack=1.5, brightness=(0.5, 0.75), sweep=3.0, detune=8),
    "synth lead": Tone(_SQUARE, attack=0.008, brightness=(0.98, 0.8), sweep=0.15, vibrato=9),
    "synth stab": Tone(
        _SAW, attack=0.004, decay=0.22, brightness=(0.98, 0.5), sweep=0.1, detune=10
    ),
    "synth bass": Tone(_SAW, attack=0.004, decay=0.5, brightness=(0.97, 0.45), sweep=0.07),
    "square bass": Tone(_SQUARE, attack=0.004, decay=0.8, brightness=(0.9, 0.55), sweep=0.12),
    "sub bass": Tone((1, 0.18, 0.05), attack=0.01, decay=1.5),
    "finger bass": Tone(_series(1.2, 10), attack=0.008, decay=0.7, brightness=(0.9, 0.55)),
    "upright bass": Pluck(decay=0.6, damping=0.6, softness=2.5),
    "acoustic guitar": Pluck(decay=1.4, damping=0.25, softness=0.5),
    "nylon guitar": Pluck(decay=0.9, damping=0.45, softness=1.2),
    "banjo": Pluck(decay=0.35, damping=0.2, softness=0.2),
    "clean guitar": Pluck(decay=1.0, damping=0.35, softness=0.8, drive=0.8, strum=0.006),
    "crunch guitar": Pluck(decay=1.4, damping=0.3, softness=0.6, drive=3.0, strum=0.006),
    "distorted guitar": Tone(
        _SAW, attack=0.004, decay=1.8, brightness=(0.97, 0.85), detune=3, drive=9
    ),
    "muted guitar": Tone(
        _SAW, attack=0.003, decay=0.15, brightness=(0.95, 0.6), sweep=0.06, drive=7
    ),
}

DRUMS: dict[str, Drum] = {
    "kick": Drum(0.4, 52, 3.0, 0.14, (1500, 5000), 0.15, 0.006),
    "boom": Drum(0.6, 46, 2.5, 0.28, (800, 3000), 0.1, 0.008),
    "tom": Drum(0.4, 105, 0.8, 0.14, (300, 2000), 0.2, 0.03),
    "snare": Drum(0.3, 185, 0.6, 0.06, (900, 8000), 1.0, 0.09),
    "brush": Drum(0.3, 190, 0.0, 0.02, (1500, 7000), 1.6, 0.10, 0.02),
    "clap": Drum(0.3, 0, 0, 0.1, (900, 4500), 1.0, 0.08, 0.012),
    "rim": Drum(0.1, 1650, 0.0, 0.012, (1200, 6000), 0.5, 0.01),
    "hat": Drum(0.12, 0, 0, 0.1, (6500, 11000), 1.0, 0.025),
    "open hat": Drum(0.4, 0, 0, 0.1, (6000, 11000), 1.0, 0.16),
    "ride": Drum(0.6, 3150, 0.0, 0.12, (5000, 10000), 2.0, 0.22),
    "shaker": Drum(0.12, 0, 0, 0.1, (4000, 9000), 1.0, 0.03, 0.03),
    "crash": Drum(1.2, 0, 0, 0.1, (2500, 10000), 1.0, 0.45),
}
