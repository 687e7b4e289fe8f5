"""False alarms: real days without a fault, judged hour by hour as a running desk judges them; and real crashes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.quality.stage import PAIRS, STRATEGY, VALIDATOR, WINDOW, Perpetual, Venue, recorded
from trading.candles import COLUMNS, INTERVAL, candle_file
from trading.quality.memory import Memory
from trading.services.looks import Outcomes
from trading.services.quality import Gate, check_pair, gate
from trading.services.replay import PastCandles

LATE = timedelta(seconds=20)
DAY = timedelta(days=1)
HALT = (datetime(2023, 3, 24, 11, 30, tzinfo=UTC), datetime(2023, 3, 24, 15, 5, tzinfo=UTC))
"""From the first candle without a trade until the gap is an hour old."""

EVENTS: Sequence[tuple[str, str, datetime]] = (
    ("candles", "SOL +19.8 % in a candle", datetime(2023, 1, 2, 7, 10, tzinfo=UTC)),
    ("candles", "the exchange halts", datetime(2023, 3, 24, 11, 30, tzinfo=UTC)),
    ("candles", "AVAX -17.0 %, SOL -15.2 %", datetime(2023, 6, 10, 4, 20, tzinfo=UTC)),
    ("candles", "XRP -21.8 %, all others down", datetime(2023, 8, 17, 21, 40, tzinfo=UTC)),
    ("candles-2024", "SOL -13.4 %, XRP -11.4 %", datetime(2024, 1, 3, 12, 5, tzinfo=UTC)),
    ("candles-2024", "XRP -11.9 %, DOGE -10.6 %", datetime(2024, 4, 13, 20, 5, tzinfo=UTC)),
)


class Many:
    """A CandleStore and a MarketData over all pairs: at a time they show what had closed by then."""

    def __init__(self, everything: Mapping[str, Any]) -> None:
        self.past = {key: PastCandles(rows) for key, rows in everything.items()}
        self.venue = Venue(everything)

    def window(self, pair: Any, at: datetime, count: int) -> Any:
        """What had closed."""
        return self.past[pair.key].window(pair, at, count)

    def read(self, pair: Any, at: datetime, count: int) -> Any:
        """The same."""
        return self.past[pair.key].read(pair, at, count)

    def fetch(self, pair: Any, since: datetime, limit: int) -> Any:
        """What a gap is asked for with."""
        return self.venue.fetch(pair, since, limit)


class RealPerpetual(Perpetual):
    """The recorded perpetual in the weeks that have one, else the right candles up to 30 bp away."""

    def __init__(self, everything: Mapping[str, Any], folder: Path | None, dice: np.random.Generator) -> None:
        super().__init__(everything, dice)
        self.real = {} if folder is None else {pair.key: _perpetual(folder, pair) for pair in PAIRS}
        self.really = 0

    def candles(self, pair: Any, since: datetime, until: datetime) -> Any:
        """Real where it reaches."""
        rows = self.real.get(pair.key)
        if rows is None or since < rows["open_time"].iloc[0] or until > rows["open_time"].iloc[-1]:
            return super().candles(pair, since, until)
        self.asked, self.really = self.asked + 1, self.really + 1
        return rows[rows["open_time"].between(since, until)].reset_index(drop=True)


def _perpetual(folder: Path, pair: Any) -> Any:
    file = candle_file(folder, pair.binance)
    return pd.read_parquet(file.with_name(f"{pair.binance}-perp-5m.parquet"))[list(COLUMNS)]


@dataclass
class Quiet:
    """What real days gave: pair-cycles, how many sat out by rule, and how often the second venue was asked."""

    cycles: int = 0
    days: int = 0
    asked: int = 0
    really: int = 0
    alarms: Counter[str] = field(default_factory=Counter)
    where: list[str] = field(default_factory=list)
    halted: Counter[str] = field(default_factory=Counter)

    @property
    def per_thousand(self) -> float:
        """False alarms in 1,000 pair-cycles, without the halt's."""
        return sum(self.alarms.values()) * 1000 / max(self.cycles, 1)


class Desk:
    """One process that judges all pairs again and again."""

    def __init__(self, market: Path, folder: str, dice: np.random.Generator) -> None:
        everything = recorded(market / folder)
        self.many: Any = Many(everything)
        perpetual = market / "context/perp-5m-2023-07" if folder == "candles" else None
        self.second = RealPerpetual(everything, perpetual, dice)
        self.memory = Memory()

    def cycle(self, at: datetime) -> Gate:
        """Check and gate."""
        values = {
            pair.key: check_pair(pair, at, self.many, self.many, VALIDATOR, STRATEGY, self.memory) for pair in PAIRS
        }
        windows = {pair: self.many.window(pair, at, WINDOW) for pair in PAIRS}
        return gate(Outcomes(values, {}), windows, self.second, at, STRATEGY, self.memory)


def quiet_days(market: Path, days: Sequence[tuple[str, datetime]], every: timedelta, seed: int = 2) -> Quiet:
    """Judge whole real days, a process a day, at every so many minutes."""
    dice, found = np.random.default_rng(seed), Quiet()
    for folder, day in days:
        desk = Desk(market, folder, dice)
        for number in range(DAY // every):
            at = day + number * every + LATE
            found.cycles += len(PAIRS)
            for pair, findings in desk.cycle(at).quarantined.items():
                halted = folder == "candles" and HALT[0] <= at <= HALT[1]
                (found.halted if halted else found.alarms).update([findings[0].rule])
                found.where += [] if halted else [f"{at:%Y-%m-%d %H:%M} {pair}: {findings[0].words}"]
        found.days += 1
        found.asked += desk.second.asked
        found.really += desk.second.really
    return found


def real_days(market: Path, count: int, seed: int = 2) -> list[tuple[str, datetime]]:
    """So many days of both periods, drawn once each, those of the events always among them."""
    every: list[tuple[str, datetime]] = []
    for folder in ("candles", "candles-2024"):
        times = recorded(market / folder)["btc_usdt"]["open_time"]
        first = times.iloc[0].to_pydatetime() + 2 * DAY
        every += [(folder, first + number * DAY) for number in range((times.iloc[-1].to_pydatetime() - first) // DAY)]
    must = {(folder, datetime(at.year, at.month, at.day, tzinfo=UTC)) for folder, _, at in EVENTS}
    rest = [day for day in every if day not in must]
    drawn = np.random.default_rng(seed).permutation(len(rest))[: max(count - len(must), 0)]
    return sorted([*must, *(rest[int(number)] for number in drawn)], key=lambda day: day[1])[:count]


def event_days(market: Path, slots: int = 24) -> Iterator[tuple[str, datetime, str, Counter[str], int]]:
    """Every five minutes from ten minutes before each event on: who sat out, why, and how often the venue was asked."""
    for folder, words, opened in EVENTS:
        desk = Desk(market, folder, np.random.default_rng(3))
        desk.cycle(opened - 2 * INTERVAL + LATE)
        before, sat_out = desk.second.asked, Counter[str]()
        many = 60 if "halt" in words else slots
        for number in range(-1, many):
            for pair, findings in desk.cycle(opened + number * INTERVAL + LATE).quarantined.items():
                sat_out.update([f"{findings[0].rule} ({pair})"])
        yield folder, opened, words, sat_out, desk.second.asked - before
