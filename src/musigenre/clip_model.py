"""The models that have a name: scikit-learn Pipelines over clips."""

import numpy as np
from sklearn.pipeline import Pipeline

from musigenre.features import AudioFeatures
from musigenre.preprocessing import RobustScaler
from musigenre.selection import CorrelationSelector

#: The models that have a name.
MODELS = ("mlp", "tuned-mlp")


def make_clip_model(
    name: str = "mlp",
    *,
    clip_duration: float | None = 3.0,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Pipeline:
    """Build the scikit-learn Pipeline over clips that a model's name stands for.

    Parameters
    ----------
    name : {"mlp", "tuned-mlp"}, default="mlp"
        ``"mlp"`` is the paper's multi-layer perceptron on 57 features, with four hidden layers for
        clips and three for whole tracks. ``"tuned-mlp"`` finds its layers by Bayesian optimisation.
    clip_duration : float or None, default=3.0
        Length of the clips in seconds; ``None`` for whole tracks.
    random_state : int, RandomState instance or None
    n_jobs : int, optional
        Tracks whose features are computed at a time; of ``"tuned-mlp"`` also the trials.
    verbose : int, default=0

    Returns
    -------
    sklearn.pipeline.Pipeline
        Steps ``features``, ``scaler``, ``selector``, ``classifier``; its X is a clip table, paths
        or waveforms. Change it as any Pipeline and hand it to ``GenrePipeline(model=...)``.

    Examples
    --------
    >>> from musigenre import make_clip_model
    >>> list(make_clip_model("mlp").named_steps)
    ['features', 'scaler', 'selector', 'classifier']
    """
    if name not in MODELS:
        raise ValueError(f"model must be an estimator or one of {', '.join(MODELS)}; got {name!r}")
    from musigenre.networks import MLPClassifier, TunedMLPClassifier

    classifier: MLPClassifier | TunedMLPClassifier
    if name == "mlp":
        layers = "30s" if clip_duration is None else "3s"
        classifier = MLPClassifier(layers, random_state=random_state, verbose=verbose)
    else:
        classifier = TunedMLPClassifier(random_state=random_state, n_jobs=n_jobs, verbose=verbose)
    return Pipeline(
        [
            ("features", AudioFeatures(n_jobs=n_jobs, verbose=verbose)),
            ("scaler", RobustScaler()),
            ("selector", CorrelationSelector()),
            ("classifier", classifier),
        ]
    )
