"""What one process has found out about candles already, so that it asks once and not for 28 hours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading.candles import COLUMNS
from trading.quality.jumps import Jump

type Arrays = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]
"""Open times, and the values of each."""

APART = timedelta(minutes=20)
"""Answers that were refused further apart are two troubles: several collections were missed, or were fine."""


class Memory:
    """One per desk and process; an empty one is right, too: then everything is asked again.

    What is known of a pair is replaced as a whole, by whoever checks that pair: threads need no lock.
    """

    def __init__(self) -> None:
        self._absent: dict[str, frozenset[datetime]] = {}
        self._lacked: dict[str, tuple[datetime, frozenset[datetime]]] = {}
        self._shown: dict[str, frozenset[Jump]] = {}
        self._level: dict[str, Arrays] = {}
        self._refused: dict[str, tuple[datetime, datetime]] = {}

    def absent(self, pair: str) -> frozenset[datetime]:
        """The slots of a pair that the exchange itself has no candle of."""
        return self._absent.get(pair, frozenset())

    def note_absent(self, pair: str, slots: Iterable[datetime], since: datetime) -> None:
        """The exchange lacks these; those known that opened before ``since`` are forgotten."""
        self._absent[pair] = frozenset({*slots, *(at for at in self.absent(pair) if at >= since)})

    def note_lacking(self, pair: str, slots: Iterable[datetime], at: datetime, since: datetime) -> None:
        """A reply of the exchange at a time lacks these. What two replies, of two cycles, lack it does not have."""
        now, (said_at, said) = frozenset(slots), self._lacked.get(pair, (None, frozenset()))
        if at == said_at:
            return
        if both := now & said:
            self.note_absent(pair, both, since)
        self._lacked[pair] = (at, now)

    def note_refused(self, pair: str, at: datetime) -> timedelta:
        """What the venue says of a pair is not believed at a time; for how long that has been so, again and again."""
        first, last = self._refused.get(pair, (at, at))
        first = at if at - last > APART else first
        self._refused[pair] = (first, at)
        return at - first

    def note_believed(self, pair: str, at: datetime) -> None:
        """What the venue says of a pair is fine, unless some of it was refused at this very time."""
        if pair in self._refused and self._refused[pair][1] != at:
            del self._refused[pair]

    def is_shown(self, jump: Jump) -> bool:
        """Whether the second venue showed exactly this jump before."""
        return jump in self._shown.get(jump.pair, ())

    def note_shown(self, pair: str, jumps: Iterable[Jump], since: datetime) -> None:
        """The second venue shows these; those known that opened before ``since`` are forgotten."""
        known = (jump for jump in self._shown.get(pair, ()) if jump.open_time >= since)
        self._shown[pair] = frozenset({*jumps, *known})

    def level_is_known(self, pair: str, window: pd.DataFrame) -> bool:
        """Whether a window goes on from one whose level was right: the candles that both hold are the same.

        A window that was replaced as a whole, by another pair's or in another unit, does not go on from it.
        """
        if pair not in self._level:
            return False
        (old_at, old), (new_at, new) = self._level[pair], _arrays(window)
        _, was, now = np.intersect1d(old_at, new_at, assume_unique=True, return_indices=True)
        return was.size > 0 and bool((old[was] == new[now]).all())

    def note_level(self, pair: str, window: pd.DataFrame) -> None:
        """This window's level is right."""
        self._level[pair] = _arrays(window)


def _arrays(window: pd.DataFrame) -> Arrays:
    times = np.asarray(window["open_time"].astype("int64"), dtype=np.int64)
    return times, np.asarray(window[list(COLUMNS[1:])], dtype=np.float64)
