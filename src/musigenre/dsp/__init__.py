"""Signal processing: arrays in, arrays out.

Shapes follow librosa: a signal is ``(..., n_samples)``, a spectrogram ``(..., n_bins, n_frames)``,
where the leading axes, if any, run over clips. In memory the bins of a frame lie side by side,
as the FFT leaves them. The dtype of the signal (float32 or float64) is kept throughout.
"""
