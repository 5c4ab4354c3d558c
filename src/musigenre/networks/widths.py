"""Checks of the widths of layers."""

from collections.abc import Iterable
from numbers import Integral


def check_widths(widths: Iterable, name: str, *, example: str) -> list[int]:
    """Give the widths of layers as a list of int, fit for JSON.

    Parameters
    ----------
    widths : iterable
        Values of a parameter.
    name : str
        What the parameter is called.
    example : str
        What one might give.

    Returns
    -------
    list of int

    Raises
    ------
    ValueError
        If one is not a whole number above 0.
    """
    widths = list(widths)
    if not all(isinstance(width, Integral) and int(width) > 0 for width in widths):
        raise ValueError(
            f"{name}={tuple(widths)!r}: the width of a layer is a whole number above 0; give for "
            f"example {example}"
        )
    return [int(width) for width in widths]
