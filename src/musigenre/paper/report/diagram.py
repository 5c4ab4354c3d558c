"""Fig. 1: how data are processed, drawn as the library does it."""

import html
from dataclasses import dataclass

_STYLES = {
    "data": ("#eef3f8", "#5b7c99"),
    "step": ("#ffffff", "#444444"),
    "model": ("#fdf1e0", "#b9770e"),
    "result": ("#e9f5ec", "#2e7d4f"),
}
_SIZE = 1120, 470


@dataclass(frozen=True)
class Box:
    """A rectangle with one to three lines of text; x and y are its centre."""

    x: float
    y: float
    lines: tuple[str, ...]
    style: str = "step"
    width: float = 150
    height: float = 56


_BOXES = {
    "audio": Box(80, 235, ("audio files", "22,050 Hz, mono"), "data", 130),
    "clips": Box(235, 235, ("clips", "3 s, or 30 s"), "step", 110),
    "features": Box(415, 90, ("AudioFeatures", "57 numbers"), "step", 150),
    "spectrograms": Box(415, 300, ("SpectrogramExtractor", "STFT, mel, MFCC"), "step", 170),
    "scaler": Box(590, 90, ("RobustScaler",), "step", 120),
    "selector": Box(755, 90, ("CorrelationSelector", "Pearson, Spearman"), "step", 160),
    "cmvn": Box(625, 300, ("MfccCMVN", "MFCC only"), "step", 120),
    "mlp": Box(940, 60, ("MLP", "fixed or tuned"), "model", 130, 50),
    "mmnn": Box(940, 195, ("MMNN", "both kinds"), "model", 130, 50),
    "cnn": Box(940, 330, ("CNN", "(LSTM, CRNN)"), "model", 130, 50),
    "vote": Box(1030, 435, ("mean over clips", "of a track: vote"), "result", 150, 52),
    "proba": Box(840, 435, ("probabilities", "of each clip"), "result", 130, 52),
    "picture": Box(415, 400, ("mel picture", "whole track, 216 by 334"), "step", 170),
}

# From, to, and the points between.
_ARROWS: tuple[tuple[str, str, tuple[tuple[float, float], ...]], ...] = (
    ("audio", "clips", ()),
    ("clips", "features", ((310, 235), (310, 90))),
    ("clips", "spectrograms", ((310, 235), (310, 300))),
    ("clips", "picture", ((310, 235), (310, 400))),
    ("features", "scaler", ()),
    ("scaler", "selector", ()),
    ("selector", "mlp", ((866, 90), (866, 60))),
    ("selector", "mmnn", ((866, 90), (866, 185))),
    ("spectrograms", "cmvn", ()),
    ("cmvn", "cnn", ((740, 300), (740, 330))),
    ("cmvn", "mmnn", ((740, 300), (740, 205))),
    ("picture", "cnn", ((770, 400), (770, 345))),
)


def processing_diagram() -> str:
    """Draw Fig. 1 as an SVG element.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> svg = processing_diagram()
    >>> svg.startswith("<svg"), "CorrelationSelector" in svg
    (True, True)
    """
    width, height = _SIZE
    parts = [
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Processing diagram: audio is '
        "cut into clips; features are scaled and selected for the perceptron, spectrograms go to "
        'convolutional networks, both to the multi-modal network; clips of a track vote." '
        'font-family="sans-serif" font-size="14">',
        '<defs><marker id="diagram-tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#555"/></marker></defs>',
        '<rect x="508" y="20" width="350" height="120" rx="10" fill="none" stroke="#b33" '
        'stroke-dasharray="6 5"/>',
        '<text x="683" y="40" text-anchor="middle" fill="#b33" font-size="12">'
        "learned from the training part alone, as the networks are</text>",
    ]
    parts += [_arrow(*arrow) for arrow in _ARROWS]
    parts += [
        _line([(1005, 60), (1050, 60), (1050, 330), (1050, 380), (840, 380), (840, 409)]),
        _line([(1005, 195), (1050, 195)], tip=False),
        _line([(1005, 330), (1050, 330)], tip=False),
        _line([(905, 435), (955, 435)]),
    ]
    parts += [_box(box) for box in _BOXES.values()]
    return "".join([*parts, "</svg>"])


def _arrow(start: str, end: str, between: tuple[tuple[float, float], ...]) -> str:
    first, last = _BOXES[start], _BOXES[end]
    y = between[-1][1] if between else last.y
    return _line([(first.x + first.width / 2, first.y), *between, (last.x - last.width / 2, y)])


def _line(points: list[tuple[float, float]], *, tip: bool = True) -> str:
    path = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    end = ' marker-end="url(#diagram-tip)"' if tip else ""
    return f'<path d="{path}" fill="none" stroke="#555" stroke-width="1.4"{end}/>'


def _box(box: Box) -> str:
    fill, stroke = _STYLES[box.style]
    parts = [
        f'<rect x="{box.x - box.width / 2:g}" y="{box.y - box.height / 2:g}" '
        f'width="{box.width:g}" height="{box.height:g}" rx="6" fill="{fill}" stroke="{stroke}"/>'
    ]
    top = box.y - 9 * (len(box.lines) - 1) + 5
    for i, line in enumerate(box.lines):
        weight = ' font-weight="600"' if i == 0 else ' fill="#555" font-size="12.5"'
        parts.append(
            f'<text x="{box.x:g}" y="{top + 18 * i:g}" text-anchor="middle"{weight}>'
            f"{html.escape(line)}</text>"
        )
    return "".join(parts)
