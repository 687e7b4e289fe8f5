"""Collect: closed candles of one pair into the store, and the rule that starts an analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from trading import candles as frames
from trading.errors import Transient
from trading.pairs import Pair
from trading.ports import CandleStore, MarketData
from trading.strategy import Strategy


@dataclass(frozen=True, slots=True)
class Collected:
    """What one collection of one pair did. ``change_pct`` is the 1-hour change of the last closed candle."""

    pair: str
    stored: int
    newest: datetime | None
    change_pct: float | None


@dataclass(frozen=True, slots=True)
class Trigger:
    """Why an analysis of all pairs is due: ``volatility`` or ``periodic``, and the pair that said so."""

    kind: str
    pair: str
    text: str


HOUR_OF_CANDLES = 13
"""The last closed candle and the twelve before it: what a 1-hour change needs."""


def collect(pair: Pair, at: datetime, market: MarketData, store: CandleStore, strategy: Strategy) -> Collected:
    """Fetch the candles of a pair that closed since the newest stored one, check them and store them.

    ``at`` is the market's time, never later than now: what forms then is left out of what is stored (I19).
    Raises Transient when the reply is not usable: nothing of it is stored.
    """
    newest = store.newest(pair)
    since = newest + frames.INTERVAL if newest else frames.floor_time(at) - strategy.candles_window * frames.INTERVAL
    fresh = frames.empty()
    if since + frames.INTERVAL <= at:
        fresh = frames.closed(market.candles(pair, since, 1000), at)
        fresh = fresh[fresh["open_time"] >= since].reset_index(drop=True)
    if not fresh.empty and (found := frames.problems(fresh)):
        msg = f"{pair.binance}: the reply {', '.join(found)}; nothing of it was stored"
        raise Transient(msg)
    stored = store.put(pair, fresh) if not fresh.empty else 0
    last_hour = store.window(pair, at, HOUR_OF_CANDLES)
    latest = None if last_hour.empty else last_hour["open_time"].iloc[-1].to_pydatetime()
    return Collected(pair.key, stored, latest, frames.one_hour_change_pct(last_hour))


def analysis_due(
    changes_pct: Mapping[str, float | None],
    analysed_at: Mapping[str, datetime | None],
    at: datetime,
    strategy: Strategy,
) -> Trigger | None:
    """Whether an analysis of all pairs starts now, and why (strategy.md, "When an analysis runs")."""
    for pair, change in changes_pct.items():
        if change is not None and abs(change) >= strategy.trigger_change_pct:
            text = f"{pair} moved {change:+.2f} % in an hour (trigger {strategy.trigger_change_pct} %)"
            return Trigger("volatility", pair, text)
    patience = timedelta(minutes=strategy.trigger_after_minutes)
    for pair in changes_pct:
        last = analysed_at.get(pair)
        if last is None or at - last >= patience:
            ago = "never analysed" if last is None else f"last analysed {last:%H:%M} UTC"
            return Trigger("periodic", pair, f"{pair} {ago}")
    return None
