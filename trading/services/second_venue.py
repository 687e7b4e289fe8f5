"""The second venue as a witness: asked for as little as possible, and believed only in what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from trading.errors import Rejected, TradingError
from trading.pairs import Pair
from trading.ports.candles import SecondVenue
from trading.quality.findings import Finding
from trading.quality.jumps import PAIRS_MIN, Jump, doubts, level_doubts
from trading.quality.memory import Memory
from trading.strategy import Strategy

SHOWN = 5
"""Rows that a finding carries."""
JUMPED = "moves with the market, or at a second venue too"
LEVEL = "is as high as at a second venue"


class Witness:
    """The second venue in one cycle. Once it did not answer it is not asked again: a cycle waits for it once.

    healthy: how many pairs' own data are right; fewer than three have no median, and the venue stands in for it.
    """

    def __init__(self, venue: SecondVenue, at: datetime, healthy: int, strategy: Strategy, memory: Memory) -> None:
        self._venue, self._at, self._strategy, self._memory = venue, at, strategy, memory
        self._few = f"only {healthy} healthy pairs, no median: " if healthy < PAIRS_MIN else ""
        self._silent = ""

    def findings(self, pair: Pair, window: pd.DataFrame, found: Sequence[Jump]) -> tuple[Finding, ...]:
        """What cannot be believed of a window whose own rules hold. found: its jumps."""
        open_jumps = [jump for jump in found if not self._memory.is_shown(jump)]
        known = not self._few and self._memory.level_is_known(pair.key, window)
        if known and not open_jumps:
            self._memory.note_level(pair.key, window)
            return ()
        newest = window["open_time"].iloc[-1].to_pydatetime()
        seen, why = self._ask(pair, min([newest, *(jump.before_at or jump.open_time for jump in open_jumps)]), newest)
        if seen is None:
            return self._unseen(open_jumps, why)
        return self._judged(pair, window, open_jumps, seen)

    def _ask(self, pair: Pair, since: datetime, until: datetime) -> tuple[pd.DataFrame | None, str]:
        """Its candles by open time; None, and why, when they cannot be had."""
        if self._silent:
            return None, self._silent
        try:
            return self._venue.candles(pair, since, until).set_index("open_time"), ""
        except Rejected as error:  # about this pair alone
            return None, str(error)
        except TradingError as error:
            self._silent = str(error)
            return None, self._silent

    def _unseen(self, open_jumps: Sequence[Jump], why: str) -> tuple[Finding, ...]:
        """What follows from its silence: a jump is not believed; a level alone is left to the basis check."""
        if open_jumps:
            return (_jumped(open_jumps, f"the second venue did not answer: {why}", self._few),)
        if self._few:
            return (Finding(LEVEL, 0, f"{self._few}the second venue did not answer: {why}"),)
        return ()

    def _judged(
        self, pair: Pair, window: pd.DataFrame, open_jumps: Sequence[Jump], seen: pd.DataFrame
    ) -> tuple[Finding, ...]:
        why = {jump: doubts(jump, seen, self._strategy) for jump in open_jumps}
        doubted = [jump for jump in open_jumps if why[jump]]
        if doubted:
            return (_jumped(doubted, why[doubted[0]], self._few),)
        if level := level_doubts(window, seen, self._strategy):
            return (Finding(LEVEL, 0, f"{self._few}{level}"),)
        self._memory.note_shown(pair.key, open_jumps, window["open_time"].iloc[0].to_pydatetime())
        self._memory.note_level(pair.key, window)
        return ()


def _jumped(doubted: Sequence[Jump], why: str, few: str) -> Finding:
    first = doubted[0]
    candles = "1 candle that moved" if len(doubted) == 1 else f"{len(doubted)} candles that moved"
    where = f"first {first.open_time:%Y-%m-%d %H:%M} by {first.beyond_pct:g} % beyond the others"
    words = f"{few}{candles} alone, {where}; {why}"
    return Finding(JUMPED, len(doubted), words, tuple(_row(jump) for jump in doubted[:SHOWN]))


def _row(jump: Jump) -> dict[str, object]:
    opened, high, low, close = jump.prices
    return {
        "open_time": jump.open_time.isoformat(),
        "close_before": jump.before,
        "open": opened,
        "high": high,
        "low": low,
        "close": close,
        "beyond_pct": jump.beyond_pct,
    }
