"""Tell silence, noise, tones and what sounds like speech from music, by the signal alone."""

from dataclasses import dataclass

import numpy as np
import scipy.fft

from musigenre.dsp.mel import mel_spectrogram
from musigenre.dsp.spectral import rms
from musigenre.dsp.stft import stft
from musigenre.dsp.window import symmetric_hann

#: Changes whenever a note may.
VERSION = 2

#: The rate, in Hz, at which the measures are defined.
SAMPLE_RATE = 22050

# Frames of 46 ms, every 23 ms; windows of 10 s are measured one by one.
_N_FFT, _HOP = 1024, 512
_FRAME_RATE = SAMPLE_RATE / _HOP
_WINDOW = 430 * _HOP
_SHORTEST = 2 * SAMPLE_RATE
_BLOCK = 22  # frames of half a second
_N_MELS = 40

# The thresholds; `sound_note` says what was measured with them.
_SILENCE = -60.0
_STEADY = 1.0
_TONE = 0.5
_NOISE = (0.54, 0.6)
_LOW_ENERGY, _MODULATION, _JOINT_MODULATION, _REGULARITY = 0.2, 0.6, 0.4, 0.25
_SHORTEST_SPEECH = 5.0


@dataclass(frozen=True)
class SoundMeasures:
    """What `SoundCheck` measures; means over the windows that are not silent.

    Attributes
    ----------
    duration : float
        Seconds measured: those of windows that are neither silent nor shorter than 2 s.
    level : float
        Root mean square of the loudest second, in dB of full scale; the mean is left out of
        account.
    flatness : float
        Spectral flatness of a frame divided by the mean spectrum of its window, over the bins
        within 30 dB of the strongest. Gaussian noise of any colour has exp(-0.577) = 0.56, since
        its power is distributed exponentially in each bin.
    fluctuation : float
        Standard deviation over mean of the share that a bin has in the power of a frame, over time;
        mean over bins, weighted by power. Near 0 for steady tones, 1 for noise.
    spread : float
        Standard deviation, in dB, over half-seconds, of the share that a mel band has in the
        power; mean over the bands within 40 dB of the strongest. It is measured over the whole
        track.
    low_energy : float
        Share of frames whose root mean square is less than half the mean of the second around it.
    modulation : float
        Modulation of each of 40 mel bands between 2.5 and 6 Hz, the rate of syllables: root mean
        square over mean of the magnitude; mean over bands.
    joint_modulation : float
        The same for all bands together.
    regularity : float
        Share that the strongest rate has in the modulation of the bands between 2.5 and 6 Hz: high
        for a beat, low for syllables, which come at uneven times.
    """

    duration: float
    level: float
    flatness: float
    fluctuation: float
    spread: float
    low_energy: float
    modulation: float
    joint_modulation: float
    regularity: float

    @property
    def note(self) -> str:
        """What the measures say; see :func:`sound_note`."""
        if self.level < _SILENCE:
            return "silence"
        if not self.duration:
            return "short"
        if self.spread < _STEADY:
            return "tone" if self.fluctuation < _TONE else "noise"
        if _NOISE[0] < self.flatness < _NOISE[1]:
            return "noise"
        if (
            self.duration >= _SHORTEST_SPEECH
            and self.low_energy > _LOW_ENERGY
            and self.modulation > _MODULATION
            and self.joint_modulation > _JOINT_MODULATION
            and self.regularity < _REGULARITY
        ):
            return "speech-like"
        return ""


def sound_note(y: np.ndarray) -> str:
    """Say if a signal is silence, noise, a tone, or sounds like speech.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Mono audio at 22,050 Hz.

    Returns
    -------
    {"", "silence", "short", "noise", "tone", "speech-like"}
        Empty if it is none of them, as music is.

    Notes
    -----
    Nothing is learned: each rule is a threshold on a measure of `SoundMeasures`.

    ============ ===================================================================================
    silence      ``level`` below -60 dB: nothing, or the hiss of a dead channel
    short        ``duration`` 0: not silent, but nowhere 2 s long, of which nothing can be told
    tone         ``spread`` below 1 dB, ``fluctuation`` below 0.5: the same spectrum all along, made
                 of lines: test tones, dial tones, hum, a steady chord
    noise        ``spread`` below 1 dB, ``fluctuation`` above 0.5, or ``flatness`` between 0.54 and
                 0.6: white, pink, brown, steady or not, also coded as MP3 or Vorbis
    speech-like  ``low_energy`` above 0.2, ``modulation`` above 0.6, ``joint_modulation`` above 0.4,
                 ``regularity`` below 0.25, in 5 s at least: one voice with pauses, and nothing
                 beside it. The first three are after Scheirer and Slaney [1]_.
    ============ ===================================================================================

    Of 721 tracks of GTZAN, 2 are called speech-like (blues sung almost without accompaniment), and
    none anything else. White, pink, brown, blue and violet noise of 2 to 30 s is found, and so is
    white, pink and brown noise coded at 24 to 66 kbit/s, in 11 of 12 cases; pure tones, dial tones,
    hum and chords are found, beeps and sweeps are not. All of 33 recordings of speech are found: a
    reader of LibriSpeech, two of CMU ARCTIC, and 30 passages in five languages spoken by the
    synthesiser eSpeak NG; 32 of them through a telephone, and as MP3, 32 with white noise 20 dB
    below the voice but none with 10 dB, 33 with an echo of 0.3 s, 19 with one of 0.6 s and 2 with
    one of 1 s. The thresholds were chosen on these recordings, which therefore flatter them;
    ``benchmarks/sound_check.py`` repeats the measurement.

    Not told from music: sounds that change (rain, applause, engines, animals, sweeps), several
    voices at once, a voice over music, in much echo or in noise. The other way round, drones whose
    spectrum stands still are called tone or noise, and a voice may be music: rap or recitation
    without accompaniment.

    References
    ----------
    .. [1] E. Scheirer and M. Slaney, "Construction and evaluation of a robust multifeature
       speech/music discriminator", ICASSP, 1997.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre.features import sound_note
    >>> noise = np.random.default_rng(0).normal(size=5 * 22050)
    >>> sound_note(noise / 10), sound_note(noise / 1e5)
    ('noise', 'silence')
    >>> sound_note(np.sin(2 * np.pi * 440 * np.arange(5 * 22050) / 22050))
    'tone'
    """
    check = SoundCheck()
    check.add(np.asarray(y, dtype=np.float32))
    return check.measures().note


class SoundCheck:
    """Measure a signal that comes block by block, in bounded memory; see :func:`sound_note`.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre.features.sound_check import SoundCheck
    >>> check = SoundCheck()
    >>> for second in np.random.default_rng(0).normal(size=(20, 22050)).astype(np.float32):
    ...     check.add(second / 10)
    >>> measures = check.measures()
    >>> round(measures.level), round(measures.flatness, 2), measures.note
    (-20, 0.56, 'noise')
    """

    def __init__(self) -> None:
        self._held: list[np.ndarray] = []
        self._n_held = 0
        self._loudest = 0.0
        self._seconds: list[float] = []
        self._rows: list[tuple[float, ...]] = []
        self._bands: list[np.ndarray] = []

    def add(self, block: np.ndarray) -> None:
        """Take the next samples.

        Parameters
        ----------
        block : ndarray of shape (n,)
            Float32, at 22,050 Hz.
        """
        self._held.append(np.array(block, dtype=np.float32))
        self._n_held += len(block)
        while self._n_held >= _WINDOW:
            joined = np.concatenate(self._held)
            self._measure(joined[:_WINDOW])
            self._held, self._n_held = [joined[_WINDOW:]], len(joined) - _WINDOW

    def measures(self) -> SoundMeasures:
        """Give the measures of all that was added; nothing may be added after.

        Returns
        -------
        SoundMeasures
        """
        rest = np.concatenate([np.empty(0, np.float32), *self._held])
        self._held, self._n_held = [], 0
        if len(rest):
            self._measure(rest)
        level = 10 * np.log10(max(self._loudest, 1e-20))
        if not self._rows:
            return SoundMeasures(0.0, float(level), *[float("nan")] * 7)
        means = np.average(self._rows, axis=0, weights=self._seconds)
        flatness, fluctuation, low_energy, modulation, joint, regularity = map(float, means)
        spread = _spread(np.concatenate(self._bands))
        return SoundMeasures(
            sum(self._seconds),
            float(level),
            flatness,
            fluctuation,
            spread,
            low_energy,
            modulation,
            joint,
            regularity,
        )

    def _measure(self, y: np.ndarray) -> None:
        y = y - y.mean(dtype=float).astype(np.float32)
        per_second = np.add.reduceat(y.astype(float) ** 2, np.arange(0, len(y), SAMPLE_RATE))
        # A last second that is not whole counts for what it holds.
        loudest = per_second.max() / min(len(y), SAMPLE_RATE)
        self._loudest = max(self._loudest, float(loudest))
        if len(y) < _SHORTEST or 10 * np.log10(max(loudest, 1e-20)) < _SILENCE:
            return
        # Not the frames at the edges, half of which are reflections.
        power = np.abs(stft(y, _N_FFT, _HOP)[:, 2:-2]) ** 2
        mel = mel_spectrogram(power, SAMPLE_RATE, _N_MELS)
        modulation = _modulation(np.sqrt(mel))
        joint_modulation = _modulation(np.sqrt(mel.sum(axis=0, keepdims=True)))
        self._seconds.append(len(y) / SAMPLE_RATE)
        self._rows.append(
            (
                _flatness(power),
                _fluctuation(power),
                _low_energy(rms(y, _N_FFT, _HOP)),
                np.sqrt(modulation.sum(axis=1)).mean(),
                np.sqrt(joint_modulation.sum()),
                _regularity(modulation.sum(axis=0)),
            )
        )
        n_blocks = mel.shape[1] // _BLOCK
        blocks = mel[:, : n_blocks * _BLOCK].reshape(_N_MELS, n_blocks, _BLOCK)
        self._bands.append(blocks.mean(axis=-1, dtype=float).T)


def _flatness(power: np.ndarray) -> float:
    # Not the lowest bins, where the mean was taken away, nor the highest, which may be empty.
    power = power[4:-20]
    mean = power.mean(axis=1, keepdims=True)
    # Faint bins hold the hiss of a recording, whatever is recorded.
    strong = mean[:, 0] > 1e-3 * mean.max()
    if strong.sum() < 10:
        return 0.0
    ratio = np.maximum(power[strong] / mean[strong], 1e-12)
    return float(np.median(np.exp(np.log(ratio).mean(axis=0)) / ratio.mean(axis=0)))


def _fluctuation(power: np.ndarray) -> float:
    total = power.sum(axis=0)
    share = power[:, total > 1e-4 * total.max()]
    share = share / share.sum(axis=0)
    # The sum over bins of mean * (deviation / mean).
    return float(share.std(axis=1).sum())


def _spread(bands: np.ndarray) -> float:
    total = bands.sum(axis=1)
    bands = bands[total > 1e-4 * total.max()]
    share = bands / bands.sum(axis=1, keepdims=True)
    mean = share.mean(axis=0)
    strong = share[:, mean > 1e-4 * mean.max()]
    return float((10 * np.log10(np.maximum(strong, 1e-12))).std(axis=0).mean())


def _low_energy(level: np.ndarray) -> float:
    second = np.ones(round(_FRAME_RATE))
    around = np.convolve(level, second, "same") / np.convolve(np.ones(len(level)), second, "same")
    return float(np.mean(level < 0.5 * around))


def _modulation(magnitude: np.ndarray) -> np.ndarray:
    """Energy of each row at the rates between 2.5 and 6 Hz, over its squared mean."""
    n = magnitude.shape[1]
    mean = magnitude.mean(axis=1, keepdims=True)
    window = symmetric_hann(n, magnitude.dtype)
    spectrum = np.abs(scipy.fft.rfft((magnitude - mean) * window, axis=1)) ** 2
    rate = scipy.fft.rfftfreq(n, 1 / _FRAME_RATE)
    energy = 2 * spectrum[:, (rate >= 2.5) & (rate <= 6)] / (n * (window**2).sum())
    return energy / np.maximum(mean**2, np.finfo(magnitude.dtype).tiny)


def _regularity(energy: np.ndarray) -> float:
    # The window spreads a rate over three bins.
    around = np.convolve(energy, np.ones(3), "same")
    return float(around.max() / max(energy.sum(), np.finfo(float).tiny))
