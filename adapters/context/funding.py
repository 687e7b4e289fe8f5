"""Funding rates of Binance's perpetual futures, per 8 hours, of all our symbols in one call.

Source: developers.binance.com, USDⓈ-M Futures, "Mark Price" and "Get Funding Rate Info". A rate is for the symbol's own
interval: 8 hours unless fundingInfo lists another (SOL paid every 4, then every 2 hours in November 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.context.reading import Provider
from trading.errors import Rejected, TradingError, Transient
from trading.ports.context import Measured
from trading.ports.payloads import Payload
from trading.signals.context import FUNDING

PATH, INTERVALS = "/fapi/v1/premiumIndex", "/fapi/v1/fundingInfo"
STANDARD_H = 8
RATE_MAX = 0.1
"""The venue caps rates at 2 or 3 %; what is beyond 10 % is no rate."""

BEHIND = timedelta(hours=1)
"""A symbol this much older than the newest is not traded any more."""


@dataclass(frozen=True, slots=True)
class _Rate:
    per_8h: float
    at: datetime


class FundingRates:
    """The rates of some symbols. One that cannot be read is left out by name; at least half must be there."""

    name = FUNDING

    def __init__(self, provider: Provider, symbols: Sequence[str]) -> None:
        self._provider, self._symbols = provider, tuple(dict.fromkeys(symbols))

    def read(self) -> Measured:
        """Rates by symbol, fractions per 8 hours. Raises Transient, Rejected or Halt."""
        provider = self._provider
        body, raw = provider.ask(self.name, PATH)
        if not isinstance(body, list):
            raise provider.error(Transient, "the answer is no list of symbols; try again")
        rows = {row["symbol"]: row for row in body if isinstance(row, dict) and isinstance(row.get("symbol"), str)}
        hours, note, more = self._hours()
        rates, lost = self._rates(rows, hours)
        if not rates or len(rates) * 2 < len(self._symbols):
            raise provider.error(Rejected, f"{len(rates)} of {len(self._symbols)} funding rates: {'; '.join(lost)}")
        values = {symbol: rate.per_8h for symbol, rate in rates.items()}
        as_of = min(rate.at for rate in rates.values())
        words = "; ".join([*lost, *note])
        return Measured(self.name, values, as_of, provider.name, provider.shown(PATH), words, (*raw, *more))

    def _rates(
        self, rows: dict[str, dict[str, Any]], hours: dict[str, float] | None
    ) -> tuple[dict[str, _Rate], list[str]]:
        """The rates that can be used, and the symbols that are left out, with the reason."""
        rates: dict[str, _Rate] = {}
        lost: list[str] = []
        for symbol in self._symbols:
            try:
                rates[symbol] = self._rate(symbol, rows.get(symbol), hours)
            except Rejected as error:
                lost.append(str(error).removeprefix(f"{self._provider.name}: "))
        newest = max((rate.at for rate in rates.values()), default=None)
        for symbol, rate in list(rates.items()):
            if newest is not None and newest - rate.at > BEHIND:
                del rates[symbol]
                lost.append(f"{symbol} is as of {rate.at:%Y-%m-%d %H:%M} UTC, the others of {newest:%H:%M}; left out")
        return rates, lost

    def _rate(self, symbol: str, row: dict[str, Any] | None, hours: dict[str, float] | None) -> _Rate:
        """One symbol's rate per 8 hours. Raises Rejected when it cannot be said."""
        ask = self._provider
        if row is None:
            raise ask.error(Rejected, f"{symbol} is not listed; left out")
        rate = ask.number(row.get("lastFundingRate"), f"the rate of {symbol}", -RATE_MAX, RATE_MAX)
        at = ask.moment(row.get("time"), f"the time of {symbol}", per_second=1000)
        if hours is not None:
            return _Rate(rate * STANDARD_H / hours.get(symbol, STANDARD_H), at)
        due = ask.moment(row.get("nextFundingTime"), f"the next funding time of {symbol}", per_second=1000)
        if round(due.timestamp()) % (STANDARD_H * 3600):
            raise ask.error(Rejected, f"{symbol} pays more often than every 8 hours, how often is not known; left out")
        return _Rate(rate, at)

    def _hours(self) -> tuple[dict[str, float] | None, list[str], tuple[Payload, ...]]:
        """Hours between payments of the symbols that are listed with them, and the answer that says so.

        None, and why, when they cannot be had.
        """
        provider = self._provider
        try:
            body, raw = provider.ask("funding-intervals", INTERVALS)
            if not isinstance(body, list):
                raise provider.error(Transient, "the answer is no list of intervals")
            ours = [row for row in body if isinstance(row, dict) and row.get("symbol") in self._symbols]
            return {
                str(row["symbol"]): provider.number(row.get("fundingIntervalHours"), f"hours of {row['symbol']}", 1, 24)
                for row in ours
            }, [], raw  # fmt: skip
        except TradingError as error:
            return None, [f"funding intervals are not known, rates count as 8-hour ones ({error})"], ()
