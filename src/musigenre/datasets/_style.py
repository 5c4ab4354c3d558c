"""How a kind of synthetic music is written down.

A pattern is one bar, one character a step. In a drum pattern ``x`` is a stroke and ``o`` a soft
one. In a part's pattern ``1`` to ``9`` is a note so many scale steps above the chord's root
(1 the root itself), ``x`` the chord in close position, ``p`` root, fifth and octave, ``m`` the
next note of a melody, ``-`` holds what sounds, ``.`` is a rest. The last bar of every four may
take another pattern.
"""

from dataclasses import dataclass

SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
}


@dataclass(frozen=True)
class Part:
    """One player: instruments to choose from, patterns, lowest pitch (MIDI), level in dB."""

    instruments: tuple[str, ...]
    patterns: tuple[str, ...]
    register: int
    level: float = 0.0


@dataclass(frozen=True)
class Style:
    """A kind of music.

    ``tempo`` is a range in beats a minute; ``swing`` delays every second step by that share of
    a step; ``progressions`` are scale steps, one chord a bar; ``planing`` moves the whole scale
    with the chord's root instead of staying in the key; ``room`` is a range in seconds and
    ``wet`` its share.
    """

    tempo: tuple[float, float]
    steps_per_beat: int
    scales: tuple[str, ...]
    progressions: tuple[tuple[int, ...], ...]
    parts: dict[str, Part]
    drums: dict[str, tuple[str, ...]]
    chord: tuple[int, ...] = (1, 3, 5)
    swing: float = 0.0
    planing: bool = False
    room: tuple[float, float] = (0.3, 0.9)
    wet: float = 0.25
    drum_level: float = 0.0
