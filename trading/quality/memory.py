"""What one process has found out about candles already, so that it asks once and not for 28 hours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pandas as pd

from trading.candles import COLUMNS
from trading.quality.jumps import Jump


class Memory:
    """One per desk and process; empty it is right, too: then everything is asked again.

    Each pair's part is only touched by whoever checks that pair, and single writes are whole: threads need no lock.
    """

    def __init__(self) -> None:
        self._absent: dict[str, frozenset[datetime]] = {}
        self._shown: set[Jump] = set()
        self._level: dict[str, pd.DataFrame] = {}

    def absent(self, pair: str) -> frozenset[datetime]:
        """The slots of a pair that the exchange itself has no candle of."""
        return self._absent.get(pair, frozenset())

    def note_absent(self, pair: str, slots: Iterable[datetime], since: datetime) -> None:
        """The exchange has these not; those that opened before ``since`` are forgotten."""
        self._absent[pair] = frozenset(at for at in {*self.absent(pair), *slots} if at >= since)

    def is_shown(self, jump: Jump) -> bool:
        """Whether the second venue showed exactly this jump before."""
        return jump in self._shown

    def note_shown(self, jumps: Iterable[Jump], since: datetime) -> None:
        """The second venue shows them; those before ``since`` are forgotten."""
        self._shown = {jump for jump in {*self._shown, *jumps} if jump.open_time >= since}

    def level_is_known(self, pair: str, window: pd.DataFrame) -> bool:
        """Whether this window goes on from one whose level was right: the candles that both hold are the same.

        A window that was replaced as a whole, by another pair's or in another unit, does not go on from it.
        """
        before = self._level.get(pair)
        if before is None:
            return False
        old, new = (frame.set_index("open_time")[list(COLUMNS[1:])] for frame in (before, window))
        both = old.index.intersection(new.index)
        return len(both) > 0 and bool((old.loc[both].to_numpy() == new.loc[both].to_numpy()).all())

    def note_level(self, pair: str, window: pd.DataFrame) -> None:
        """This window passed."""
        self._level[pair] = window
