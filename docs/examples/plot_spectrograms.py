"""
Spectrograms, and what normalisation takes away
===============================================

Three pictures of one clip, and MFCC before and after cepstral mean and variance normalisation.
"""

# %%
# One clip of three seconds of synthetic swing. A tuple of kinds shares one STFT.

import matplotlib.pyplot as plt

from musigenre import SpectrogramExtractor
from musigenre.datasets import make_track
from musigenre.features import SpectrogramDisplay

clip = make_track("synthetic-swing", duration=3.0, random_state=0)[None, :]
extractor = SpectrogramExtractor(("stft", "mel", "mfcc")).fit(clip)

figure, axes = plt.subplots(3, 1, figsize=(8, 9), layout="constrained")
for kind, ax in zip(extractor.kind, axes, strict=True):
    SpectrogramDisplay.from_estimator(extractor, clip, kind=kind, ax=ax)
    ax.set_title(kind)

# %%
# The mel spectrogram has fewer bins where the ear tells less apart; MFCC are the cosine transform
# of its levels, of which the first twenty say what the shape of the spectrum is.
#
# The same clip through a telephone
# ---------------------------------
# A recording has a colour that says nothing of the genre: a microphone, an equaliser, a codec. Here
# a band-pass filter stands for it. In MFCC a filter is nearly a constant that is added to each
# coefficient, and what is constant falls out when mean and variance are normalised over a sliding
# window.

from scipy.signal import butter, sosfilt

from musigenre import MfccCMVN

telephone = sosfilt(butter(2, (300, 3400), "bandpass", fs=22050, output="sos"), clip)
mfcc = SpectrogramExtractor("mfcc")
plain = mfcc.fit_transform(clip)[0], mfcc.transform(telephone)[0]
normalised = [MfccCMVN().fit_transform(each[None])[0] for each in plain]

figure, axes = plt.subplots(2, 1, figsize=(8, 6), sharex=True, layout="constrained")
for ax, pair, title in zip(axes, (plain, normalised), ("MFCC", "after MfccCMVN"), strict=True):
    ax.plot(extractor.times_, pair[0][1], color="#0072B2", label="as recorded")
    ax.plot(extractor.times_, pair[1][1], color="#D55E00", label="through a telephone")
    ax.set(ylabel="coefficient 2", title=title)
    ax.spines[["top", "right"]].set_visible(False)
axes[0].legend(frameon=False)
axes[1].set_xlabel("time [s]")
figure.show()

# %%
# How far the two are apart, in units of their own spread, over all coefficients:

import numpy as np

for name, (one, other) in {"MFCC": plain, "MfccCMVN": normalised}.items():
    distance = np.abs(one - other).mean(axis=1) / one.std(axis=1)
    print(f"{name:<9} {np.median(distance):.2f}")

# %%
# What is lost is the colour where it *is* the music. Measure which matters more on your own data.
