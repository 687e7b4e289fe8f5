"""The second venue: the simulated perpetual against its spot market, the recorded body, and answers that are none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.binance import BinanceMarketData
from adapters.binance_perpetual import BinancePerpetual
from adapters.http import http_client
from tests.contract.worlds import open_world
from trading.candles import INTERVAL, closed, problems
from trading.errors import Halt, Rejected, TradingError, Transient
from trading.pairs import parse_pairs

PAIRS = parse_pairs(None)
BTC = next(pair for pair in PAIRS if pair.coin == "BTC")
START = datetime(2024, 1, 3, 12, 0, tzinfo=UTC)


def answering(body: Any, status: int = 200, seen: list[httpx.Request] | None = None) -> BinancePerpetual:
    """A perpetual that always says this."""

    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx.Response(status, content=content)

    return BinancePerpetual("https://fapi.test", http_client(transport=httpx.MockTransport(handle)))


def row(at: datetime = START, close: str = "45000.10") -> list[Any]:
    """One candle as the provider writes it."""
    at_ms = int(at.timestamp() * 1000)
    return [
        at_ms,
        "45000.00",
        "46000.00",
        "44000.00",
        close,
        "12.5",
        at_ms + 299_999,
        "562500.0",
        99,
        "6.0",
        "1.0",
        "0",
    ]


def test_the_simulated_perpetual_is_the_spot_market_a_few_basis_points_away() -> None:
    """Every closed candle of every pair is there, its close within 10 bp of spot; both ends of a span are included."""
    with open_world(seed=3) as world:
        spot, perpetual = BinanceMarketData(f"{world.url}/binance"), BinancePerpetual(f"{world.url}/fapi")
        at = spot.server_time()
        for pair in PAIRS:
            here = closed(spot.candles(pair, None, 337), at)
            since, until = (here["open_time"].iloc[end].to_pydatetime() for end in (0, -1))
            there = perpetual.candles(pair, since, until)
            assert there["open_time"].tolist() == here["open_time"].tolist()
            assert problems(there) == []
            assert ((there["close"] / here["close"] - 1).abs() < 0.001).all()
            assert (there["close"] != here["close"]).any()
        assert len(perpetual.candles(BTC, until, until)) == 1
        with pytest.raises(Rejected, match="Invalid interval"):
            perpetual._provider.ask("candles", "/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "1s"})
        with pytest.raises(Rejected, match="limit"):
            perpetual._provider.ask(
                "candles", "/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "5m", "limit": "1501"}
            )


def test_the_simulated_rows_have_the_shape_of_the_recorded_ones(market_data: Path) -> None:
    """Twelve fields of the same kinds, as in a live answer of September 2026."""
    recorded = json.loads(
        (market_data / "payloads/binance-futures/live-2026-09-15/klines-1m-BTCUSDT.json").read_bytes()
    )
    with open_world(seed=3) as world:
        query = {"symbol": "BTCUSDT", "interval": "5m", "limit": "3"}
        rows = httpx.get(f"{world.url}/fapi/fapi/v1/klines", params=query, timeout=10).json()
    assert [[type(value) for value in found] for found in rows] == [[type(value) for value in recorded[0]]] * 3


def test_a_recorded_row_is_read_as_it_is_written() -> None:
    """Text becomes the float it means, the time aware UTC; the symbol, span and grid asked for are in the request."""
    seen: list[httpx.Request] = []
    found = answering([row()], seen=seen).candles(BTC, START, START)
    assert found["close"].tolist() == [45000.10]
    assert found["open_time"].tolist() == [START]
    at_ms = str(int(START.timestamp() * 1000))
    assert dict(seen[0].url.params) == {
        "symbol": "BTCUSDT", "interval": "5m", "startTime": at_ms, "endTime": at_ms, "limit": "1500",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"code": -1121, "msg": "Invalid symbol."}, 400, Rejected),
        ({}, 200, Transient),
        (b"<html>", 200, Transient),
        ([[1, 2]], 200, Transient),
        (["row"], 200, Transient),
        ([row(close="NaN")], 200, Rejected),
        ([row(close="")], 200, Rejected),
        ([[None, *row()[1:]]], 200, Rejected),
        ([row(START + timedelta(seconds=1))], 200, Transient),
        ([row(START - INTERVAL)], 200, Transient),
        ([row(START + INTERVAL), row()], 200, Transient),
        ([row(), row()], 200, Transient),
        ([], 429, Transient),
        ([], 503, Transient),
        ([], 451, Halt),
    ],
)
def test_what_is_no_candle_shows_nothing(body: Any, status: int, error: type[TradingError]) -> None:
    """A refusal, another body, a value that is none, rows off the grid, unasked for, doubled or disordered raise."""
    with pytest.raises(error, match="Binance futures"):
        answering(body, status).candles(BTC, START, START + INTERVAL)


def test_a_long_span_is_read_in_pages() -> None:
    """1501 candles are two calls, the second from after the last row of the first."""
    seen: list[int] = []

    def handle(request: httpx.Request) -> httpx.Response:
        since_ms, until_ms, limit = (int(request.url.params[name]) for name in ("startTime", "endTime", "limit"))
        seen.append(since_ms)
        times = range(since_ms, until_ms + 1, 300_000)
        rows = [[at, *row()[1:]] for at in times][:limit]
        return httpx.Response(200, json=rows)

    venue = BinancePerpetual("https://fapi.test", http_client(transport=httpx.MockTransport(handle)))
    assert len(venue.candles(BTC, START, START + 1500 * INTERVAL)) == 1501
    assert len(seen) == 2
