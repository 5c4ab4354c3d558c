"""The rows of this library's own."""

from collections.abc import Callable
from functools import partial

from musigenre.paper import models
from musigenre.paper.row import Row
from musigenre.paper.table_one import TABLE_ONE

LIBRARY = "musigenre"


def _one_cycle(key: str, make: Callable, cost: float) -> Row:
    """Give a row of Table I again, with this library's training in place of the paper's."""
    row = next(row for row in TABLE_ONE if row.key == key)
    return Row(
        f"{key}-cycle",
        f"{row.title}, one cycle",
        row.kinds,
        make,
        f"{LIBRARY}: the network of Table I, trained by one cycle of the learning rate",
        row.reported,
        clip_duration=row.clip_duration,
        ours=True,
        cost=cost,
    )


def _conv1d(kind: str, name: str, cost: float) -> Row:
    """Give the row of the fast network over one kind of spectrogram."""
    make = partial(models.quick_cnn, architecture="conv1d", cmvn=kind == "mfcc")
    return Row(f"conv1d-{kind}", f"Conv1d on {name}", (kind,), make, LIBRARY, ours=True, cost=cost)


OURS = (
    _one_cycle("cnn-mel-30s", models.quick_cnn, 60),
    _one_cycle("cnn-stft-3s", models.quick_cnn, 300),
    _one_cycle("cnn-mel-3s", models.quick_cnn, 120),
    _one_cycle("cnn-mfcc-3s", partial(models.quick_cnn, cmvn=True), 65),
    _one_cycle("mmnn", models.quick_mmnn, 65),
    _conv1d("stft", "STFT", 75),
    _conv1d("mel", "mel", 35),
    _conv1d("mfcc", "MFCC", 35),
    Row(
        "mmnn-blended",
        "Blended MMNN",
        ("features", "mfcc"),
        partial(models.quick_mmnn, blending=True),
        f"{LIBRARY}, after W. Wang, D. Tran and M. Feiszli, CVPR 2020",
        ours=True,
        cost=180,
    ),
    Row(
        "mmnn-crnn",
        "CRNN multi-modal network",
        ("features", "mfcc"),
        partial(models.quick_mmnn, branch="crnn"),
        f"{LIBRARY}, the paper's future work",
        ours=True,
        cost=120,
    ),
    Row(
        "best",
        "Best: texture blocks, coupled SVM",
        ("texture", "texture_copies"),
        models.best,
        LIBRARY,
        clip_duration=None,
        ours=True,
        cost=12,
    ),
)
