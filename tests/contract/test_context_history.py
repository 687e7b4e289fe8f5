"""Eleven years of real fear and greed, funding and dominance, day by day through our clients and the judge.

Every day is looked at at 04:00 UTC: the index of the day is out, the share of yesterday's end is four hours old.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import httpx
import pandas as pd
import pytest

from adapters.context import context_sources
from trading.errors import Rejected, TradingError
from trading.pairs import parse_pairs
from trading.ports.context import ContextSource, Measured
from trading.services.context import Outcomes, measure, row_of
from trading.signals.context import (
    DOMINANCE,
    FEAR_GREED,
    FUNDING,
    SCORED,
    ContextSignal,
    context_signal,
    dominance_value,
    fear_greed_value,
    funding_value,
)
from trading.strategy import Strategy

PAIRS, S = parse_pairs(None), Strategy()
FIRST, LAST = date(2013, 4, 30), date(2024, 12, 31)
INDEX_SINCE, FUNDING_SINCE = date(2018, 2, 1), date(2020, 1, 7)  # three of six symbols from then on
IMPOSSIBLE = 11
NOT_LISTED = timedelta(hours=9)


@dataclass(frozen=True)
class Day:
    """One day: what the sources gave, why others did not, and the judgement."""

    came: dict[str, Measured]
    errors: dict[str, str]
    signal: ContextSignal
    by_hand: float


class History:
    """What the three providers would have answered at a time, from the recorded series."""

    def __init__(self, folder: Any) -> None:
        index = pd.read_csv(folder / "fear-greed-daily.csv")
        self.index = dict(zip(index["timestamp"], index["value"], strict=True))
        self.stamps = sorted(self.index)
        share = pd.read_csv(folder / "btc-dominance-daily.csv")
        self.share = {date.fromisoformat(d): v for d, v in zip(share["date"], share["btc_dominance"], strict=True)}
        self.rates: dict[str, list[tuple[datetime, float]]] = defaultdict(list)
        rates = pd.read_parquet(folder / "funding-rates.parquet").sort_values("funding_time")
        for symbol, at, rate in zip(rates["symbol"], rates["funding_time"], rates["funding_rate"], strict=True):
            self.rates[symbol].append((at.to_pydatetime(), float(rate)))
        self.times = {symbol: [at for at, _ in rows] for symbol, rows in self.rates.items()}
        self.at = datetime(2013, 1, 1, tzinfo=UTC)
        http = httpx.Client(transport=httpx.MockTransport(self))
        self.sources: tuple[ContextSource, ...] = context_sources(
            "https://a", "https://b", "https://c", PAIRS, http=http
        )[: len(SCORED)]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        body = self._figures() if "global" in path else self._index() if "fng" in path else self._rates(path)
        return httpx.Response(200, content=json.dumps(body).encode())

    def _index(self) -> Any:
        known = bisect_right(self.stamps, self.at.timestamp())
        stamp = self.stamps[known - 1] if known else 0
        rows = [{"value": str(self.index[stamp]), "timestamp": str(stamp)}] if known else []
        return {"name": "Fear and Greed Index", "data": rows}

    def _figures(self) -> Any:
        share = self.share.get(self.at.date() - timedelta(days=1))
        stamp = datetime.combine(self.at.date(), time(), UTC).timestamp()
        return {"data": {"market_cap_percentage": {} if share is None else {"btc": share}, "updated_at": int(stamp)}}

    def _rates(self, path: str) -> Any:
        now_ms = int(self.at.timestamp() * 1000)
        listed = {symbol: found for symbol in self.rates if (found := self.newest(symbol)) is not None}
        if path.endswith("fundingInfo"):
            return [{"symbol": s, "fundingIntervalHours": hours} for s, (_, hours) in listed.items() if hours != 8]
        return [{"symbol": s, "lastFundingRate": f"{rate:.8f}", "time": now_ms} for s, (rate, _) in listed.items()]

    def newest(self, symbol: str) -> tuple[float, int] | None:
        """The last rate paid and the hours it was for; None when the symbol is not recorded then."""
        known = bisect_right(self.times[symbol], self.at)
        if not known or self.at - self.times[symbol][known - 1] > NOT_LISTED:
            return None
        last, before = self.times[symbol][known - 1], self.times[symbol][max(known - 2, 0)]
        return self.rates[symbol][known - 1][1], min(round((last - before).total_seconds() / 3600) or 8, 8)

    def day(self, when: date) -> Day:
        """One day through the clients and the judge, and the score worked out by hand from what came."""
        self.at = datetime.combine(when, time(4), UTC)
        came: dict[str, Measured] = {}
        errors: dict[str, str] = {}
        for source in self.sources:
            try:
                came[source.name] = measure(source, self.at, S)
            except TradingError as error:
                errors[source.name] = f"{type(error).__name__}: {error}"
        row = {**row_of(Outcomes(came, errors), self.at, S), "timestamp": int(self.at.timestamp())}
        return Day(came, errors, context_signal(row, self.at, S), _by_hand(came))


def _by_hand(came: dict[str, Measured]) -> float:
    parts = []
    for name, weight, worth in ((FEAR_GREED, 0.5, fear_greed_value), (DOMINANCE, 0.2, dominance_value)):
        if name in came and isinstance(came[name].value, float):
            parts.append((weight, worth(came[name].value, S)))
    if FUNDING in came and isinstance(came[FUNDING].value, dict):
        rates = list(came[FUNDING].value.values())
        parts.append((0.3, funding_value(sum(rates) / len(rates), S)))
    return sum(w * v for w, v in parts) / sum(w for w, _ in parts) if parts else 0.0


@pytest.fixture(scope="module")
def history(market_data) -> History:
    return History(market_data / "context")


@pytest.fixture(scope="module")
def days(history: History) -> dict[date, Day]:
    return {when: history.day(when) for n in range((LAST - FIRST).days + 1) if (when := FIRST + timedelta(days=n))}


def test_every_day_is_judged_by_what_was_there(days: dict[date, Day]) -> None:
    """4,264 days: each score lies in [-1, 1] and is the weighted mean of exactly the values that came."""
    assert len(days) == 4_264
    for when, day in days.items():
        assert -1 <= day.signal.score <= 1, when
        assert day.signal.score == pytest.approx(day.by_hand, abs=1e-9), when
        assert set(day.signal.sources) == set(day.came), when
        assert all(name in day.signal.note for name in day.errors), when
        assert len(day.came) + len(day.errors) == 3, when


def test_a_missing_index_is_yesterdays_for_a_day_and_then_absent(days: dict[date, Day]) -> None:
    """Of the four missing days, two can still use the day before; on the second and third in a row there is none."""
    absent = [when for when, day in days.items() if when >= INDEX_SINCE and FEAR_GREED not in day.came]
    assert absent == [date(2018, 4, 15), date(2018, 4, 16)]
    assert "52.0 h old, over 48 h" in days[date(2018, 4, 15)].errors[FEAR_GREED]
    assert days[date(2024, 10, 26)].signal.fear_greed == days[date(2024, 10, 25)].signal.fear_greed
    assert days[date(2024, 10, 26)].signal.ages_s[FEAR_GREED] == 28 * 3600
    assert all(day.signal.fear_greed is None for when, day in days.items() if when < INDEX_SINCE)


def test_impossible_shares_are_refused_and_missing_ones_stay_missing(history: History, days: dict[date, Day]) -> None:
    """The eleven shares above 100 % are refused by name; a day without one has none; all others are as recorded."""
    refused = 0
    for when, day in days.items():
        recorded = history.share.get(when - timedelta(days=1))
        if recorded is None:
            assert "Bitcoin's share is None" in day.errors[DOMINANCE]
        elif recorded > 100:
            refused += 1
            assert f"Bitcoin's share is {recorded}, not a number from 0 to 100" in day.errors[DOMINANCE]
        assert day.signal.btc_dominance == (None if recorded is None or recorded > 100 else recorded)
    assert refused == IMPOSSIBLE


def test_a_jump_of_a_day_is_data(days: dict[date, Day]) -> None:
    """The share rose by 11 points on 2018-02-06: unlikely, possible, and used as it came."""
    before, after = days[date(2018, 2, 6)].signal, days[date(2018, 2, 7)].signal
    assert (before.btc_dominance, after.btc_dominance) == (29.16, 40.31)
    assert after.score < before.score


def test_funding_speaks_once_half_of_the_symbols_are_there(days: dict[date, Day]) -> None:
    """One or two symbols of six are no market: funding counts from January 2020 on, and then every day."""
    counted = [when for when, day in days.items() if FUNDING in day.came]
    assert (counted[0], len(counted)) == (FUNDING_SINCE, (LAST - FUNDING_SINCE).days + 1)
    assert days[date(2019, 12, 1)].errors[FUNDING].startswith(f"{Rejected.__name__}: Binance futures: 2 of 6")


@pytest.mark.parametrize(("when", "hours"), [(date(2022, 11, 10), 4), (date(2022, 11, 14), 2)])
def test_payments_at_shorter_intervals_count_for_eight_hours(
    history: History, days: dict[date, Day], when: date, hours: int
) -> None:
    """In November 2022 SOL paid every 4, then every 2 hours: the bare rate says a half, then a quarter of its cost."""
    found = days[when].came[FUNDING].value
    history.at = datetime.combine(when, time(4), UTC)
    bare = history.newest("SOLUSDT")
    assert bare is not None
    assert bare[1] == hours
    assert isinstance(found, dict)
    assert found["SOLUSDT"] == pytest.approx(bare[0] * 8 / hours, abs=1e-7)
    assert found["SOLUSDT"] < -0.015
