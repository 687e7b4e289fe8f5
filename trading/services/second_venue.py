"""The second venue as a witness: asked for as little as possible, and believed only in what it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
MARKET = "a market that moves as a whole moves at a second venue too"


class Witness:
    """The second venue in one cycle. Once it did not answer it is not asked again: a cycle waits for it once.

    healthy: how many pairs' own data are right; fewer than three have no median, and the venue stands in for it.
    unconfirmed: the pairs whose height nobody has confirmed, and why.
    """

    def __init__(self, venue: SecondVenue, at: datetime, healthy: int, strategy: Strategy, memory: Memory) -> None:
        self._venue, self._at, self._strategy, self._memory = venue, at, strategy, memory
        self._few = f"only {healthy} healthy pairs, no median: " if healthy < PAIRS_MIN else ""
        self._silent = ""
        self.unconfirmed: dict[str, str] = {}

    def findings(self, pair: Pair, window: pd.DataFrame, found: Sequence[Jump], off: str = "") -> tuple[Finding, ...]:
        """What cannot be believed of a window whose own rules hold. found: its jumps.

        off: how the trading venue's price contradicts it; then its height is asked about whatever was known of it.
        """
        open_jumps = [jump for jump in found if not self._memory.is_shown(jump)]
        why_asked = self._few or (f"{off}; " if off else "")
        known = not why_asked and self._memory.level_is_known(pair.key, window)
        if known and not open_jumps:
            self._memory.note_level(pair.key, window)
            return ()
        newest = window["open_time"].iloc[-1].to_pydatetime()
        seen, why = self._ask(pair, min([newest, *(jump.before_at or jump.open_time for jump in open_jumps)]), newest)
        if seen is None:
            return self._unseen(pair, open_jumps, why, why_asked)
        return self._judged(pair, window, open_jumps, seen, why_asked)

    def unshown(self, moved: Sequence[Jump], windows: Mapping[Pair, pd.DataFrame]) -> str:
        """Why a move of the whole market is not believed; empty when the second venue shows one of its candles."""
        if any(self._memory.is_shown(jump) for jump in moved):
            return ""
        asked = {pair.key: pair for pair in windows}
        why = ""
        for jump in moved:
            pair = asked[jump.pair]
            seen, why = self._ask(pair, jump.before_at or jump.open_time, jump.open_time)
            why = f"the second venue did not answer: {why}" if seen is None else doubts(jump, seen, self._strategy)
            if not why:
                self._memory.note_shown(jump.pair, [jump], windows[pair]["open_time"].iloc[0].to_pydatetime())
                return ""
            why = f"{jump.pair}: {why}"
        return why

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

    def _unseen(self, pair: Pair, open_jumps: Sequence[Jump], why: str, why_asked: str) -> tuple[Finding, ...]:
        """What follows from its silence: a jump is not believed; a level alone is left to the basis check."""
        why = f"the second venue did not answer: {why}"
        if open_jumps:
            return (_jumped(open_jumps, why, self._few),)
        if why_asked:
            return (Finding(LEVEL, 0, f"{why_asked}{why}"),)
        self.unconfirmed[pair.key] = why
        return ()

    def _judged(
        self, pair: Pair, window: pd.DataFrame, open_jumps: Sequence[Jump], seen: pd.DataFrame, why_asked: str
    ) -> tuple[Finding, ...]:
        why = {jump: doubts(jump, seen, self._strategy) for jump in open_jumps}
        doubted = [jump for jump in open_jumps if why[jump]]
        if doubted:
            return (_jumped(doubted, why[doubted[0]], self._few),)
        if level := level_doubts(window, seen, self._strategy):
            return (Finding(LEVEL, 0, f"{why_asked}{level}"),)
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
