"""Candles that have left the tables: by day from the cold tier; from the exchange what it lacks or cannot say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from adapters.cold.candles import day_end, day_start
from trading import candles as frames
from trading.errors import Halt, Transient
from trading.pairs import Pair
from trading.ports.candles import ColdCandles
from trading.ports.payloads import Payload
from trading.ports.venues import MarketData

PAGE = 1_000

type Keep = Callable[[Sequence[Payload], bool], str]
"""Keeps what the exchange sent: the payloads, and whether they are believed. Why it could not, or nothing."""
type Row = tuple[datetime, float, float, float, float, float]


@dataclass(slots=True)
class Known:
    """Candles by open time, each with the tier that gave it first; and which tiers could not, in words."""

    rows: dict[datetime, tuple[str, Row]] = field(default_factory=dict)
    slower: list[str] = field(default_factory=list)

    def add(self, tier: str, candles: pd.DataFrame, since: datetime, until: datetime) -> None:
        """Take the candles that opened between two times, both included; those already there stay."""
        for row in rows_of(candles):
            if since <= row[0] <= until:
                self.rows.setdefault(row[0], (tier, row))

    def count(self, since: datetime) -> int:
        """How many opened at a time or later."""
        return sum(at >= since for at in self.rows)


def rows_of(candles: pd.DataFrame) -> list[Row]:
    """A frame as rows."""
    times = [at.to_pydatetime().astimezone(UTC) for at in candles["open_time"]]
    return list(zip(times, *(candles[name].tolist() for name in frames.COLUMNS[1:]), strict=True))


class Past:
    """The cold tier and the exchange, as one past. keep: None where nobody keeps payloads."""

    def __init__(self, cold: ColdCandles, market: MarketData, keep: Keep | None = None) -> None:
        self._cold, self._market, self._keep = cold, market, keep

    def extend(self, known: Known, pair: Pair, since: datetime, until: datetime, count: int) -> datetime:
        """Go back from ``until``, day by day, until ``count`` candles are known; the time since when all are.

        At least to ``since``; over a gap further, as far as the cold tier goes. Raises when a day is to be had from
        nobody, or when nobody can say how far the cold tier goes.
        """
        covered, day = until + frames.INTERVAL, until.date()
        oldest: date | None = None
        while known.count(covered) < count:
            if day < since.date():
                oldest = oldest or min(self._cold.days(pair), default=date.max)
                if day < oldest:
                    break
            self._add_day(known, pair, day, until)
            covered, day = day_start(day), day - timedelta(days=1)
        return covered

    def _add_day(self, known: Known, pair: Pair, day: date, until: datetime) -> None:
        try:
            candles = self._cold.get(pair, day)
        except (Transient, Halt) as error:
            known.slower.append(f"cold: {error}")
            candles = None
        if candles is None:
            self.add_exchange(known, pair, day_start(day), min(day_end(day), until))
        else:
            known.add("cold", candles, day_start(day), until)

    def add_exchange(self, known: Known, pair: Pair, since: datetime, until: datetime) -> None:
        """Add what the exchange has between two open times, page after page, until one brings nothing.

        Raises what the exchange raises, and Transient when what it sends is no candles.
        """
        at = since
        while at <= until:
            page = self._page(known, pair, at, min(PAGE, (until - at) // frames.INTERVAL + 1))
            if page.empty:
                return
            known.add("exchange", page, at, until)
            at = max(at, page["open_time"].iloc[-1].to_pydatetime()) + frames.INTERVAL

    def _page(self, known: Known, pair: Pair, since: datetime, limit: int) -> pd.DataFrame:
        try:
            page, payloads = self._asked(pair, since, limit)
        except Transient as error:
            raise Transient("; ".join([*known.slower, f"exchange: {error}"])) from error
        faults = [] if page.empty else frames.problems(page)
        if self._keep and payloads and (trouble := self._keep(payloads, not faults)) and trouble not in known.slower:
            known.slower.append(trouble)
        if faults:
            msg = f"candles of {pair.key} from the exchange {', '.join(faults)}; ask again"
            raise Transient(msg)
        return page

    def _asked(self, pair: Pair, since: datetime, limit: int) -> tuple[pd.DataFrame, Sequence[Payload]]:
        if self._keep is None:
            return self._market.candles(pair, since, limit), ()
        fetched = self._market.fetch(pair, since, limit)
        return fetched.candles, fetched.payloads
