"""Randomness that is a function of its arguments: the same seed and the same name always give the same numbers."""

from __future__ import annotations

from zlib import crc32

import numpy as np


def rng(seed: int, *names: str | int) -> np.random.Generator:
    """A generator that depends on the seed and on the names only, not on what was drawn before."""
    words = [name if isinstance(name, int) else crc32(name.encode()) for name in names]
    return np.random.default_rng([seed & 0xFFFFFFFF, *(word & 0xFFFFFFFFFFFFFFFF for word in words)])


def smooth(seed: int, name: str, at: float) -> float:
    """A smooth seeded curve in [-1, 1] over real numbers: anchors at the integers, cosine between them.

    Slow indices (fear and greed, dominance) are read from it, so that any time can be asked without a history.
    """
    left = int(np.floor(at))
    low, high = (float(rng(seed, name, anchor).uniform(-1, 1)) for anchor in (left, left + 1))
    weight = (1 - float(np.cos((at - left) * np.pi))) / 2
    return low + (high - low) * weight
