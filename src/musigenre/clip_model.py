"""The models that have a name: scikit-learn Pipelines over clips."""

from typing import Any

import numpy as np
from sklearn.pipeline import FeatureUnion, Pipeline

from musigenre.classifiers import AugmentedClassifier, CoupledSVC
from musigenre.clips import SAMPLE_RATE, spans
from musigenre.features import AudioFeatures, SpectrogramExtractor
from musigenre.features.texture import TEXTURE_BLOCKS
from musigenre.preprocessing import BlockScaler, MfccCMVN, RobustScaler

#: The models that have a name.
MODELS = ("mlp", "tuned-mlp", "cnn-stft", "cnn-mel", "cnn-mfcc", "mmnn", "best")

#: How much of a track the model "best" hears at a time, in seconds.
BEST_DURATION = 30.0


def make_clip_model(
    name: str = "mlp",
    *,
    clip_duration: float | None = 3.0,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Pipeline | AugmentedClassifier:
    """Build the scikit-learn estimator over clips that a model's name stands for.

    Parameters
    ----------
    name : {"mlp", "tuned-mlp", "cnn-stft", "cnn-mel", "cnn-mfcc", "mmnn", "best"}, default="mlp"
        - ``"mlp"`` is the paper's multi-layer perceptron on 57 features, with four hidden layers
          for clips and three for whole tracks;
        - ``"tuned-mlp"`` is its perceptron whose layers are found by Bayesian optimisation;
        - ``"cnn-stft"``, ``"cnn-mel"`` and ``"cnn-mfcc"`` are its convolutional networks on
          spectrograms, those on MFCC after cepstral normalisation;
        - ``"mmnn"`` is its multi-modal network on the 57 features and MFCC of clips;
        - ``"best"`` is the most accurate model of whole tracks known here: a support vector machine
          on the twelve texture blocks (docs/best.md). It needs no TensorFlow, and wants clips of
          30 s: of a longer one it hears the beginning, and a shorter one it repeats.
    clip_duration : float or None, default=3.0
        Length of the clips in seconds; ``None`` for whole tracks.
    random_state : int, RandomState instance or None
    n_jobs : int, optional
        Tracks whose features are computed at a time; of ``"tuned-mlp"`` also the trials.
    verbose : int, default=0

    Returns
    -------
    sklearn.pipeline.Pipeline, or for "best" AugmentedClassifier around one
        Its X is a clip table, paths or waveforms; its last step is called ``classifier``. The
        steps before are ``features``, ``scaler`` and ``selector`` (MLP), or ``spectrogram`` and,
        for MFCC, ``cmvn`` (CNN). The MMNN has one step before, ``features``, a FeatureUnion of
        both. Change it as any Pipeline and hand it to ``GenrePipeline(model=...)``.

    Raises
    ------
    ValueError
        If the name is unknown, or ``"mmnn"`` is to take whole tracks, which differ in length.

    Examples
    --------
    >>> from musigenre import make_clip_model
    >>> list(make_clip_model("mlp").named_steps)
    ['features', 'scaler', 'selector', 'classifier']
    >>> list(make_clip_model("cnn-mfcc").named_steps)
    ['spectrogram', 'cmvn', 'classifier']
    """
    if name not in MODELS:
        raise ValueError(f"model must be an estimator or one of {', '.join(MODELS)}; got {name!r}")
    extraction: dict[str, Any] = {"n_jobs": n_jobs, "verbose": verbose}
    if name == "best":
        return _best(extraction, random_state)
    from musigenre.networks import (
        CNNClassifier,
        MLPClassifier,
        MMNNClassifier,
        TunedMLPClassifier,
    )

    training: dict[str, Any] = {"random_state": random_state, "verbose": verbose}
    if name == "mlp":
        design = "30s" if clip_duration is None else "3s"
        return Pipeline([*_features(extraction), ("classifier", MLPClassifier(design, **training))])
    if name == "tuned-mlp":
        tuned = TunedMLPClassifier(n_jobs=n_jobs, **training)
        return Pipeline([*_features(extraction), ("classifier", tuned)])
    if name == "mmnn":
        if clip_duration is None:
            raise ValueError(
                "the model 'mmnn' wants clips of one length: give clip_duration in seconds"
            )
        spectrogram = SpectrogramExtractor(
            "mfcc", duration=_n_samples(clip_duration) / SAMPLE_RATE, flatten=True, **extraction
        )
        mfcc = [
            ("spectrogram", spectrogram),
            ("cmvn", MfccCMVN(n_coefficients=spectrogram.n_mfcc)),
        ]
        union = FeatureUnion(
            [("features", Pipeline(_features(extraction))), ("mfcc", Pipeline(mfcc))]
        )
        n_frames = 1 + _n_samples(clip_duration) // spectrogram.hop_length
        classifier = MMNNClassifier(n_bins=spectrogram.n_mfcc, n_frames=n_frames, **training)
        return Pipeline([("features", union), ("classifier", classifier)])
    kind = name.removeprefix("cnn-")
    return Pipeline(
        [
            ("spectrogram", SpectrogramExtractor(kind, **extraction)),
            *([("cmvn", MfccCMVN())] if kind == "mfcc" else []),
            ("classifier", CNNClassifier(**training)),
        ]
    )


def _best(extraction: dict, random_state: Any) -> AugmentedClassifier:
    # Two tracks are, on average, at a squared distance of one in each block.
    machine = CoupledSVC(
        4.0, gamma=0.5 / len(TEXTURE_BLOCKS), precision="half", random_state=random_state
    )
    return AugmentedClassifier(
        Pipeline(
            [
                ("features", AudioFeatures("texture", **extraction)),
                ("scaler", BlockScaler(TEXTURE_BLOCKS, n_quantiles=50)),
                ("classifier", machine),
            ]
        ),
        n_copies=1,
        random_state=random_state,
    )


def _features(extraction: dict) -> list[tuple]:
    from musigenre.selection import CorrelationSelector

    return [
        ("features", AudioFeatures(**extraction)),
        ("scaler", RobustScaler()),
        ("selector", CorrelationSelector()),
    ]


def _n_samples(clip_duration: float) -> int:
    """Give the length of a clip, which is a sample less than its duration."""
    ((_, length),) = spans(round(clip_duration * SAMPLE_RATE), clip_duration)
    return length
