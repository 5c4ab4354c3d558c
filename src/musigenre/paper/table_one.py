"""The eleven rows of the paper's Table I."""

from functools import partial
from types import MappingProxyType

from musigenre.paper import models
from musigenre.paper.row import Row

CORTIS = "P. Cortis, Music genre classification with deep neural networks, Table I"

_FIGURES = (
    "train_accuracy",
    "train_auroc",
    "train_auprc",
    "test_accuracy",
    "test_auroc",
    "test_auprc",
)

_STOPPING = (
    "What early stopping watches is not said: here the loss on the training part, all of which is"
    " trained on"
)
_PERCEPTRON = (
    "The number of hidden layers is the paper's; their widths ({widths}), a dropout of .3 and"
    f" Nadam's rate of .001 are this library's. {_STOPPING}, with a patience of 10 epochs."
)
_TUNED = (
    "What is tuned, and how, is the paper's; the bounds of the search, its 20 trials unless told"
    " otherwise and the up to 40 epochs of each are this library's. Trials are judged on a fifth of"
    " the training part; the best network is trained on all of it, as the fixed ones are."
)
_NETWORK = (
    "The kinds of layers are the paper's; filters, widths, and averages over time before the dense"
    " layer are this library's, as is Adam's rate of .001, which is what Keras takes."
    f" {_STOPPING}, with a patience of 5 epochs."
)


def _table_one(key, title, kinds, make, figures, cost, *, note, clip_duration=3.0) -> Row:
    return Row(
        key,
        title,
        kinds,
        make,
        CORTIS,
        MappingProxyType(dict(zip(_FIGURES, figures, strict=True))),
        clip_duration=clip_duration,
        table_one=True,
        cost=cost,
        note=note,
    )


TABLE_ONE = (
    _table_one(
        "mlp-30s",
        "Fixed MLP 30s",
        ("features_30s",),
        partial(models.fixed_mlp, design="30s"),
        (0.750, 0.970, 0.832, 0.641, 0.937, 0.706),
        8,
        clip_duration=None,
        note=_PERCEPTRON.format(widths="256, 128 and 64"),
    ),
    _table_one(
        "mlp-3s",
        "Fixed MLP 3s",
        ("features",),
        partial(models.fixed_mlp, design="3s"),
        (0.962, 0.999, 0.993, 0.879, 0.989, 0.947),
        35,
        note=_PERCEPTRON.format(widths="512, 256, 128 and 64"),
    ),
    _table_one(
        "tuned-mlp-30s",
        "Tuned MLP 30s",
        ("features_30s",),
        models.tuned_mlp,
        (0.812, 0.980, 0.887, 0.675, 0.946, 0.746),
        60,
        clip_duration=None,
        note=_TUNED,
    ),
    _table_one(
        "tuned-mlp-3s",
        "Tuned MLP 3s",
        ("features",),
        models.tuned_mlp,
        (0.951, 0.998, 0.988, 0.864, 0.988, 0.936),
        230,
        note=_TUNED,
    ),
    _table_one(
        "tuned-mlp-no-mfcc-30s",
        "Tuned MLP no Mfccs 30s",
        ("features_30s",),
        partial(models.tuned_mlp, mfcc=False),
        (0.552, 0.904, 0.596, 0.496, 0.879, 0.521),
        60,
        clip_duration=None,
        note=_TUNED,
    ),
    _table_one(
        "tuned-mlp-no-mfcc-3s",
        "Tuned MLP no Mfccs 3s",
        ("features",),
        partial(models.tuned_mlp, mfcc=False),
        (0.717, 0.958, 0.798, 0.679, 0.948, 0.757),
        230,
        note=_TUNED,
    ),
    _table_one(
        "cnn-mel-30s",
        "CNN Mel Spectrogram 30s",
        ("mel_picture",),
        models.cnn,
        (0.476, 0.871, 0.522, 0.405, 0.840, 0.443),
        130,
        clip_duration=None,
        note=_NETWORK,
    ),
    _table_one(
        "cnn-stft-3s",
        "CNN Spectrogram 3s",
        ("stft",),
        models.cnn,
        (0.870, 0.990, 0.941, 0.705, 0.951, 0.787),
        700,
        note=_NETWORK,
    ),
    _table_one(
        "cnn-mel-3s",
        "CNN Mel Spectrogram 3s",
        ("mel",),
        models.cnn,
        (0.856, 0.988, 0.935, 0.724, 0.954, 0.804),
        300,
        note=_NETWORK,
    ),
    _table_one(
        "cnn-mfcc-3s",
        "CNN Mfccs 3s",
        ("mfcc",),
        partial(models.cnn, cmvn=True),
        (0.926, 0.997, 0.978, 0.789, 0.970, 0.868),
        110,
        note=_NETWORK,
    ),
    _table_one(
        "mmnn",
        "MMNN",
        ("features", "mfcc"),
        models.mmnn,
        (0.942, 0.997, 0.983, 0.863, 0.986, 0.932),
        120,
        note=_NETWORK,
    ),
)
