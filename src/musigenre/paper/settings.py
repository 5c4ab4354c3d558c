"""What a reproduction is made with: everything that its numbers depend on."""

import hashlib
from dataclasses import dataclass
from typing import Literal

#: Keras backends that networks run on.
BACKENDS = ("tensorflow", "jax", "torch")


@dataclass(frozen=True)
class Settings:
    """Set-up of all experiments; the defaults are the paper's (section IV.A).

    Parameters
    ----------
    data : {"audio", "published"}, default="audio"
        Whether everything is computed from the audio, or the published tables of features and the
        published mel pictures are used where the copy has them.
    test_size : float, default=0.2
        Share of the rows to test on.
    epochs : int, default=100
        Largest number of epochs of the paper's networks.
    short_epochs : int, default=12
        Epochs of the networks that are trained by one cycle of the learning rate: those of this
        library, and of prior work.
    n_trials : int, default=20
        Networks that the tuner tries.
    backend : {"tensorflow", "jax", "torch"}, default="tensorflow"
        What Keras runs on.
    random_state : int, default=0
        Draws the holdouts, and seeds each unit of work.

    Examples
    --------
    >>> from musigenre.paper import Settings
    >>> Settings().seed("mlp-3s", "paper", 0) == Settings().seed("mlp-3s", "paper", 0)
    True
    >>> Settings().seed("mlp-3s", "paper", 0) == Settings().seed("mlp-3s", "track", 0)
    False
    """

    data: Literal["audio", "published"] = "audio"
    test_size: float = 0.2
    epochs: int = 100
    short_epochs: int = 12
    n_trials: int = 20
    backend: str = "tensorflow"
    random_state: int = 0

    def __post_init__(self) -> None:
        if self.data not in {"audio", "published"}:
            raise ValueError(f"data must be 'audio' or 'published', got {self.data!r}")
        if self.backend not in BACKENDS:
            raise ValueError(f"backend must be one of {', '.join(BACKENDS)}; got {self.backend!r}")
        if not 0 < self.test_size < 1:
            raise ValueError(f"test_size must lie between 0 and 1, got {self.test_size}")
        for name in ("epochs", "short_epochs", "n_trials"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, got {getattr(self, name)}")
        if not 0 <= self.random_state < 2**32:
            raise ValueError(f"random_state must lie in 0 to 2**32 - 1, got {self.random_state}")

    def seed(self, row: str, protocol: str, holdout: int) -> int:
        """Give the seed of a unit, which does not depend on any other unit.

        Parameters
        ----------
        row, protocol : str
        holdout : int

        Returns
        -------
        int
            From 1 to 2**31 - 1.
        """
        name = f"{self.random_state}/{row}/{protocol}/{holdout}"
        digest = hashlib.sha256(name.encode()).digest()
        return 1 + int.from_bytes(digest[:4], "big") % (2**31 - 1)
