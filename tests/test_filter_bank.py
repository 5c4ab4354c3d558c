"""Filter banks against the full matrix product, and librosa's mel bank."""

import librosa
import numpy as np
import pytest

from musigenre.dsp.filter_bank import FilterBank, mel_bank, semitone_bank


@pytest.mark.parametrize("group", [1, 3, 16, 100])
def test_a_bank_is_a_matrix_product(rng, group):
    weights = np.triu(np.tril(rng.uniform(0.1, 1, size=(20, 50)), 25), 3).astype(np.float32)
    spectrum = rng.uniform(size=(50, 7)).astype(np.float32)
    bank = FilterBank(weights, group)
    np.testing.assert_allclose(bank(spectrum), weights @ spectrum, rtol=1e-5)
    assert bank.n_bins == 45
    np.testing.assert_array_equal(bank(spectrum[:45]), bank(spectrum))


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_mel_bank_is_librosas(rng, dtype, rtol):
    power = rng.uniform(size=(1025, 5)).astype(dtype)
    expected = librosa.filters.mel(sr=22050, n_fft=2048, n_mels=128, fmin=30, dtype=dtype) @ power
    bank = mel_bank(22050, 2048, 128, 30.0, power.dtype)
    np.testing.assert_allclose(bank(power), expected, rtol=rtol)


def test_a_tone_sounds_in_its_semitone():
    bank = semitone_bank(22050, 8192, 33, 108, np.dtype(np.float32))
    for note in (40, 69, 100):
        bin_ = round(440 * 2 ** ((note - 69) / 12) * 8192 / 22050)
        spectrum = np.zeros((4097, 1), dtype=np.float32)
        spectrum[bin_] = 1
        assert bank(spectrum).argmax() == note - 33
    flat = bank(np.ones((4097, 1), dtype=np.float32))
    np.testing.assert_allclose(flat, 1, rtol=1e-6)
