"""The second venue: Binance's USDT-M perpetual futures, asked only when a candle of the spot market is hard to believe.

Source: developers.binance.com, USDⓈ-M Futures, "Kline/Candlestick Data": rows of 12 fields, oldest first, at most 1500
a call, the last one still forming. Measured on recorded candles: closes 4 bp below spot (median), at most 30 bp away.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pandas as pd

from adapters.context.reading import Provider
from adapters.http import http_client
from trading.candles import INTERVAL, frame
from trading.errors import Transient
from trading.pairs import Pair

PATH = "/fapi/v1/klines"
PAGE = 1500
STEP_MS = int(INTERVAL.total_seconds() * 1000)
FIELDS = 12
PRICE_MAX, VOLUME_MAX = 1e9, 1e15

type Row = tuple[datetime, float, float, float, float, float]


class BinancePerpetual:
    """The SecondVenue port. base_url: the provider's base, without /fapi. Safe for many threads."""

    def __init__(self, base_url: str = "https://fapi.binance.com", http: httpx.Client | None = None) -> None:
        self._provider = Provider("Binance futures", base_url, http or http_client())

    def __repr__(self) -> str:
        return f"BinancePerpetual({self._provider.base_url!r})"

    def candles(self, pair: Pair, since: datetime, until: datetime) -> pd.DataFrame:
        """Its 5-minute candles that opened between two times, both included. Raises Transient, Rejected or Halt."""
        start_ms, end_ms = (int(at.timestamp() * 1000) for at in (since, until))
        rows: list[Row] = []
        while start_ms <= end_ms:
            page = self._page(pair, start_ms, end_ms)
            rows += page
            if len(page) < PAGE:
                break
            start_ms = int(page[-1][0].timestamp() * 1000) + STEP_MS
        return frame(rows)

    def _page(self, pair: Pair, start_ms: int, end_ms: int) -> list[Row]:
        query = {"symbol": pair.binance, "interval": "5m", "startTime": start_ms, "endTime": end_ms, "limit": PAGE}
        body, _ = self._provider.ask("candles", PATH, {name: str(value) for name, value in query.items()})
        if not isinstance(body, list):
            raise self._provider.error(Transient, "the answer is no list of candles; try again")
        rows = [self._row(found) for found in body]
        opened_ms = [int(row[0].timestamp() * 1000) for row in rows]
        asked = all(start_ms <= at_ms <= end_ms and at_ms % STEP_MS == 0 for at_ms in opened_ms)
        if not asked or opened_ms != sorted(set(opened_ms)):
            raise self._provider.error(Transient, "the candles are not those asked for, in order; try again")
        return rows

    def _row(self, found: Any) -> Row:
        """One candle. Raises Transient or Rejected for anything else."""
        ask = self._provider
        if not isinstance(found, list) or len(found) != FIELDS:
            raise ask.error(Transient, "a row of the answer is no candle; try again")
        at = ask.moment(found[0], "the time of a candle", per_second=1000)
        when = f"of {at:%Y-%m-%d %H:%M}"
        opened, high, low, close = (ask.number(value, f"a price {when}", 0, PRICE_MAX) for value in found[1:5])
        return at, opened, high, low, close, ask.number(found[5], f"the volume {when}", 0, VOLUME_MAX)
