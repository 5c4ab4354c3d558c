"""Models that come with the package, and the cards that say what they can do.

A model NAME is a file ``NAME.musigenre`` in this folder, its card a file ``NAME.json`` beside it.
The sha256 of the model stands here, in the code, so that nothing else is loaded in its place.
"""

import hashlib
import json
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

from musigenre.archive import ModelFileError

if TYPE_CHECKING:
    from musigenre.pipeline import GenrePipeline

#: The sha256 of each model; None stands for one that this version comes without.
MODELS: dict[str, str | None] = {
    "gtzan": "9070baaa5a087d835ae537ff67d233c50e045ba9444b767d632f0ef134b2fec8"
}


def card(name: str = "gtzan") -> dict[str, Any]:
    """Give what is known of a model that comes with the package.

    Parameters
    ----------
    name : str, default="gtzan"

    Returns
    -------
    dict
        Its data, protocols, accuracies and limits, and the versions that made it.

    Raises
    ------
    ValueError
        If there is no such model.
    """
    text = _resource(name, ".json").read_text(encoding="utf-8")
    return json.loads(text)


def load(name: str = "gtzan") -> "GenrePipeline":
    """Load a model that comes with the package.

    Parameters
    ----------
    name : str, default="gtzan"

    Returns
    -------
    GenrePipeline
        Fitted; see :meth:`musigenre.GenrePipeline.from_pretrained`.
    """
    from musigenre.pipeline import GenrePipeline

    resource = _resource(name, ".musigenre")
    with as_file(resource) as path:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != MODELS[name]:
            raise ModelFileError(
                path,
                f"is not the one that this version of musigenre came with (sha256 {digest})",
                "install musigenre again",
            )
        return GenrePipeline.load(path)


def _resource(name: str, ending: str):
    if name not in MODELS:
        raise ValueError(f"there is no model {name!r}; there is {', '.join(map(repr, MODELS))}")
    resource = files(__name__).joinpath(f"{name}{ending}")
    if MODELS[name] is None or not resource.is_file():
        raise ValueError(
            f"this installation of musigenre comes without the model {name!r}; install a release, "
            "or train a model of your own ('musigenre train', GenrePipeline.fit)"
        )
    return resource
