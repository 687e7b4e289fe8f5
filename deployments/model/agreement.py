"""How far two answers of one model are apart: the largest difference, in units of each series' own scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LIMIT = 1e-3
"""Of the scale: an export that is further off than this does not answer as the checkpoint does."""
STILL = 1e-5
"""A series that strays less than this share of its level stands still: a float32 knows little more of it."""


def errors(
    found: NDArray[np.float32], expected: NDArray[np.float32], contexts: NDArray[np.float32]
) -> NDArray[np.float64]:
    """The largest difference in each series, in units of its scale."""
    scale = np.array([_scale(row[~np.isnan(row)].astype(np.float64)) for row in contexts])
    return np.asarray(np.abs(found.astype(np.float64) - expected).max(axis=(1, 2)) / scale)


def _scale(known: NDArray[np.float64]) -> float:
    """How far a series strays; of one that stands still its level, of an empty one 1."""
    if not len(known):
        return 1.0
    strays, level = float(known.std()), float(np.abs(known).max())
    return strays if strays > STILL * level else level
