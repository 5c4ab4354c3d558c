"""Cepstral mean and variance normalisation over a sliding window."""

from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import validate_data

from musigenre.dsp.cmvn import sliding_cmvn

# Clips normalised at a time; it bounds the memory of the double precision inside.
_BATCH = 64


class MfccCMVN(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Normalise each cepstral coefficient of a clip by the frames around each frame.

    Cepstral mean and variance normalisation over a sliding window, as the paper does with MFCC
    (section III.B) after Viikki and Laurila [1]_: each coefficient has locally zero mean and unit
    variance. What does not change, such as the colouring of a recording, falls out.

    Parameters
    ----------
    window : int, default=101
        Length of the window in frames. The default, 2.3 s with 512 samples at 22,050 Hz from frame
        to frame, is shorter than the 130 frames of a clip of three seconds.
    center : bool, default=True
        Whether the frame stands in the middle of its window (the later of two middle frames, if
        `window` is even), or at its end, as where sound is normalised while it comes in.
    normalize_variance : bool, default=True
        Whether to divide by the standard deviation, too.
    variance_floor : float, default=1e-6
        A smaller variance is raised to it, so that rounding noise is not blown up.
    n_coefficients : int, optional
        With it, X is flat: (n_clips, n_coefficients * n_frames), the frames of one coefficient
        side by side, as :class:`musigenre.SpectrogramExtractor` gives with ``flatten=True``.

    Attributes
    ----------
    n_features_in_ : int
        Length of the second axis of X in :meth:`fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X was a DataFrame.

    See Also
    --------
    musigenre.SpectrogramExtractor : Gives the MFCC of clips.

    Notes
    -----
    With :math:`W_t` the window of frame :math:`t`, of :math:`N` frames, and :math:`\epsilon` the
    floor,

    .. math::

        z_t = \frac{x_t - \mu_t}{\sqrt{\max(\sigma_t^2, \epsilon)}}, \qquad
        \mu_t = \frac{1}{N} \sum_{i \in W_t} x_i, \qquad
        \sigma_t^2 = \frac{1}{N} \sum_{i \in W_t} (x_i - \mu_t)^2

    At the ends of a clip the window does not shrink: it is shifted inside, so that all frames are
    normalised by equally many. With ``center=False`` the first frames therefore know what follows.
    A clip shorter than the window is normalised as a whole. A constant coefficient becomes zero.

    The transformer is stateless: clips are normalised one by one and nothing is learned. Sums are
    cumulated in double precision, so that the time taken does not depend on `window`, and anew
    after each window, so that a loud passage costs the rest no digits. NaN makes those frames of
    its coefficient NaN whose window it lies in; an infinity is an error.

    References
    ----------
    .. [1] O. Viikki and K. Laurila, "Cepstral domain segmental feature vector normalization for
       noise robust speech recognition", Speech Communication 25(1-3), 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre import MfccCMVN
    >>> mfcc = np.random.default_rng(0).normal(-500, 50, size=(2, 20, 130))
    >>> normalised = MfccCMVN(window=301).fit_transform(mfcc)
    >>> normalised.shape
    (2, 20, 130)
    >>> bool(np.allclose(normalised.mean(axis=-1), 0, atol=1e-6))
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "window": [Interval(Integral, 1, None, closed="left")],
        "center": ["boolean"],
        "normalize_variance": ["boolean"],
        "variance_floor": [Interval(Real, 0, None, closed="neither")],
        "n_coefficients": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        window: int = 101,
        *,
        center: bool = True,
        normalize_variance: bool = True,
        variance_floor: float = 1e-6,
        n_coefficients: int | None = None,
    ) -> None:
        self.window = window
        self.center = center
        self.normalize_variance = normalize_variance
        self.variance_floor = variance_floor
        self.n_coefficients = n_coefficients

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Check the parameters and X; nothing is learned.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_coefficients, n_frames)
            Or (n_clips, n_coefficients * n_frames), if the parameter `n_coefficients` is given.
        y : ignored
            Present for the convention.

        Returns
        -------
        self : MfccCMVN

        Raises
        ------
        ValueError
            If X has another form, or holds an infinity.
        """
        self._check_X(X, reset=True)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Normalise the coefficients of each clip.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_coefficients, n_frames)
            Or (n_clips, n_coefficients * n_frames), if the parameter `n_coefficients` is given.

        Returns
        -------
        ndarray of the shape of X
            Float32, free of units.

        Raises
        ------
        ValueError
            If X has another form than in `fit`, or holds an infinity; or if a DataFrame is wanted
            of X with three axes.
        """
        self._validate_params()
        container = _get_output_config("transform", self)["dense"]
        if container != "default" and self.n_coefficients is None:
            raise ValueError(
                f"X has three axes, so a {container} table has no place for it: give "
                'n_coefficients and flat rows, or set_output(transform="default")'
            )
        values = self._check_X(X, reset=False)
        result = np.empty(values.shape, dtype=np.float32)
        clips = (len(values), self.n_coefficients or values.shape[1], -1)
        given, normalised = values.reshape(clips), result.reshape(clips)
        for first in range(0, len(given), _BATCH):
            batch = slice(first, first + _BATCH)
            normalised[batch] = sliding_cmvn(
                given[batch],
                self.window,
                center=self.center,
                normalize_variance=self.normalize_variance,
                variance_floor=self.variance_floor,
            )
        return result

    def _check_X(self, X: ArrayLike, reset: bool) -> NDArray[np.floating]:
        values = validate_data(
            self,
            X,
            reset=reset,
            dtype=[np.float32, np.float64],
            order="C",
            ensure_all_finite="allow-nan",
            allow_nd=True,
        )
        if self.n_coefficients is None:
            if values.ndim != 3 or 0 in values.shape:
                raise ValueError(
                    "X must have three axes, clips, coefficients and frames, none of them empty; "
                    f"got shape {values.shape}. Give n_coefficients if its rows are flat."
                )
        elif values.ndim != 2 or values.shape[1] % self.n_coefficients:
            raise ValueError(
                f"with n_coefficients={self.n_coefficients}, X must have two axes and a multiple "
                f"of {self.n_coefficients} columns, got shape {values.shape}"
            )
        return values

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.allow_nan = True
        tags.input_tags.two_d_array = self.n_coefficients is not None
        tags.input_tags.three_d_array = self.n_coefficients is None
        tags.transformer_tags.preserves_dtype = []
        return tags
