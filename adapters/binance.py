"""Binance spot market data through ccxt: server time and 5-minute candles, one HTTP call per 1000 candles.

Source: developers.binance.com, Spot REST API, "Kline/Candlestick data": at most 1000 rows a call, oldest first, the
last one still forming. ccxt would load the market list first (three calls, one of several MB); here each market is made
up from its pair.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from adapters.binance_errors import translated
from trading.candles import INTERVAL, frame
from trading.errors import Transient
from trading.pairs import Pair
from trading.ports.payloads import Fetched, Payload

PAGE = 1000
STEP_MS = int(INTERVAL.total_seconds() * 1000)
WIDTH = 6
LATEST_MS = 4_102_444_800_000
"""The year 2100: a later time is none."""

type Row = list[Any]


class BinanceMarketData:
    """The analysis venue. Shared by threads: each call borrows a ccxt client of its own.

    ccxt's synchronous clients are not thread-safe, and a lock around one would make six threads wait for each other's
    answers. There are never more clients than there were calls at the same time; an idle one is used again.
    base_url: the provider's base, without /api/v3. pairs: those asked for most; any other pair can be asked for, too.
    timeout_s: of one HTTP call; there are no retries inside.
    """

    def __init__(
        self, base_url: str = "https://api.binance.com", pairs: Sequence[Pair] = (), timeout_s: float = 10.0
    ) -> None:
        self._url = base_url.rstrip("/")
        self._pairs = tuple(pairs)
        self._timeout_s = timeout_s
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()

    def __repr__(self) -> str:
        return f"BinanceMarketData({self._url!r})"

    def server_time(self) -> datetime:
        """The venue's clock, aware UTC, to the millisecond. Raises Transient or Halt."""
        with self._client() as client:
            at_ms = _asked("server time", client.fetch_time)
        if not _is_time(at_ms):
            msg = f"Binance, server time: not a time ({str(at_ms)[:80]!r}); try again"
            raise Transient(msg)
        return _utc(at_ms)

    def fetch(self, pair: Pair, since: datetime | None, limit: int) -> Fetched:
        """Up to ``limit`` 5-minute candles from ``since`` on, or the newest; oldest first, the last may be forming.

        With them the bodies of all calls, byte by byte. Prices in USDT, exactly the floats that the venue's text means.
        Raises Transient, Rejected for an unknown symbol, Halt when this place is not served.
        """
        if limit < 1:
            return Fetched(frame([]))
        symbol = _symbol(pair)
        with self._client() as client:
            if symbol not in client.markets:
                client.set_markets([*client.markets.values(), _market(client, pair)])
            pages = _forward(client, symbol, since, limit) if since else _backward(client, symbol, limit)
            rows = _joined(pages, f"candles of {symbol}")
            payloads = tuple(_payload(pair, url, body) for url, body in client.received)
        ordered = [rows[at_ms] for at_ms in sorted(rows)]
        kept = ordered[:limit] if since else ordered[-limit:]
        return Fetched(frame([(_utc(at_ms), *values) for at_ms, *values in kept]), payloads)

    def candles(self, pair: Pair, since: datetime | None, limit: int) -> pd.DataFrame:
        """The candles of ``fetch``."""
        return self.fetch(pair, since, limit).candles

    def close(self) -> None:
        """Close the connections of the idle clients."""
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """A ccxt client that nobody else uses until the block ends."""
        try:
            client = self._idle.get_nowait()
        except queue.Empty:
            client = self._new_client()
        client.received.clear()
        try:
            yield client
        finally:
            self._idle.put(client)

    def _new_client(self) -> Any:
        api = f"{self._url}/api/v3"
        client = _client_class()(
            {
                "urls": {"api": {"public": api}},
                "timeout": int(self._timeout_s * 1000),
                "enableRateLimit": True,
                "options": {"maxRetriesOnFailure": 0, "fetchMarkets": {"types": ["spot"]}},
            }
        )
        client.set_markets([_market(client, pair) for pair in self._pairs])
        client.received = []  # ccxt itself keeps the last answer only, and as text
        client.session.hooks["response"].append(
            lambda answer, **_: client.received.append((str(answer.url), answer.content))
        )
        return client


@cache
def _client_class() -> type:
    """The ccxt client, made strict. Imported on first use: ccxt loads some hundred exchanges.

    Importing ``ccxt.binance`` past the package's own ``__init__`` measured 0.28 s and 46 MB against 0.4-0.6 s and
    75 MB; that is not worth a half-initialised package in ``sys.modules`` while other threads import.
    """
    import ccxt  # noqa: PLC0415 - see above

    class StrictBinance(ccxt.binance):  # type: ignore[misc]  # ccxt ships no types
        """Plain ccxt takes HTTP 200 with HTML, or with an object for a list, for no candles, and 451 for an outage."""

        def handle_errors(self, code: int, *args: Any) -> Any:
            """Called by ccxt with every answer; raises one of its errors. args: reason, url, …, body, parsed, …."""
            url, body, answer = str(args[1]), str(args[4])[:200], args[5]
            if code == 451:  # unavailable for legal reasons: Binance's geo-block
                raise ccxt.RestrictedLocation(f"HTTP {code} {body}")
            handled = super().handle_errors(code, *args)
            if code < 400 and not isinstance(answer, list if "/klines" in url else dict):
                raise ccxt.BadResponse(f"HTTP {code}, but not the answer asked for: {body}")
            return handled

    return StrictBinance


def _forward(client: Any, symbol: str, since: datetime, limit: int) -> Iterator[list[Row]]:
    """Pages from a time on; the venue skips gaps, so the next page starts after the last row that came."""
    start_ms, left = int(since.timestamp() * 1000), limit
    while left > 0:
        page = _page(client, symbol, start_ms, min(left, PAGE), {})
        yield page
        if len(page) < min(left, PAGE):
            return
        start_ms, left = page[-1][0] + STEP_MS, left - len(page)


def _backward(client: Any, symbol: str, limit: int) -> Iterator[list[Row]]:
    """Pages from the newest candle back."""
    until: dict[str, int] = {}
    left = limit
    while left > 0:
        page = _page(client, symbol, None, min(left, PAGE), until)
        yield page
        if len(page) < min(left, PAGE):
            return
        until, left = {"until": page[0][0] - 1}, left - len(page)


def _page(client: Any, symbol: str, since_ms: int | None, limit: int, extra: dict[str, int]) -> list[Row]:
    what = f"candles of {symbol}"
    rows = _asked(what, lambda: client.fetch_ohlcv(symbol, "5m", since_ms, limit, extra))
    whole = [
        row
        for row in rows
        if len(row) == WIDTH and _is_time(row[0]) and all(isinstance(value, int | float) for value in row)
    ]
    if len(whole) != len(rows):
        msg = f"Binance, {what}: {len(rows) - len(whole)} of {len(rows)} rows are not candles; try again"
        raise Transient(msg)
    return whole


def _joined(pages: Iterator[list[Row]], what: str) -> dict[int, Row]:
    """The rows of all pages by time. Raises Transient when two of them contradict each other: neither is believed."""
    rows: dict[int, Row] = {}
    for row in (row for page in pages for row in page):
        if rows.setdefault(row[0], row) != row:
            msg = f"Binance, {what}: two different candles of {_utc(row[0]):%Y-%m-%d %H:%M}; try again"
            raise Transient(msg)
    return rows


def _payload(pair: Pair, url: str, body: bytes) -> Payload:
    """One answer as it came; its address without user and password."""
    parts = urlsplit(url)
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return Payload("binance", "klines", pair.key, shown, body)


def _asked[T](what: str, ask: Callable[[], T]) -> T:
    """One call into ccxt, its errors translated. ccxt trips over odd bodies with ordinary Python errors, too."""
    import ccxt  # noqa: PLC0415 - loaded by then
    import requests  # noqa: PLC0415 - comes with ccxt

    odd_body = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError)
    try:
        return ask()
    except (ccxt.BaseError, requests.RequestException, *odd_body) as error:
        raise translated(error, what) from error


def _symbol(pair: Pair) -> str:
    return f"{pair.binance.removesuffix('USDT')}/USDT"


def _market(client: Any, pair: Pair) -> Any:
    base = pair.binance.removesuffix("USDT")
    fields = {
        "id": pair.binance,
        "symbol": _symbol(pair),
        "base": base,
        "quote": "USDT",
        "baseId": base,
        "quoteId": "USDT",
    }
    return client.safe_market_structure({**fields, "type": "spot", "spot": True, "active": True})


def _is_time(at_ms: Any) -> bool:
    return isinstance(at_ms, int) and 0 < at_ms < LATEST_MS


def _utc(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
