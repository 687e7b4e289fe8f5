"""Binance's perpetual futures, as far as we read them: premium index, funding rates, and candles.

Shapes: recorded bodies of live calls (September 2026) and of the funding history, whose first rows have no mark price.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from simulator.binance import BinanceError, answering, symbol_of, whole
from simulator.klines import INTERVALS_MS, Wanted, klines
from simulator.seeded import rng, smooth
from simulator.times import DAY_MS, HOUR_MS
from simulator.world import World

FUNDING_MS = 8 * HOUR_MS
RATE_MAX = 0.003
LIMIT, LIMIT_MAX = 100, 1000
CANDLES, CANDLES_MAX = 500, 1500


def premium_index(request: web.Request, world: World, ms: int) -> Any:
    """GET /fapi/v1/premiumIndex: one symbol, or all without one."""
    if "symbol" in request.query:
        return _premium(world, symbol_of(request, world), ms)
    return [_premium(world, symbol, ms) for symbol in world.market.symbols]


def funding_rates(request: web.Request, world: World, ms: int) -> list[dict[str, Any]]:
    """GET /fapi/v1/fundingRate: every eight hours, oldest first; the last ``limit`` where no start is asked for."""
    symbol = symbol_of(request, world)
    limit = whole(request, "limit") or LIMIT
    if limit > LIMIT_MAX:
        raise BinanceError(-1130, "Data sent for parameter 'limit' is not valid.")
    since_ms, until_ms = whole(request, "startTime"), min(whole(request, "endTime") or ms, ms)
    last = until_ms // FUNDING_MS
    first = last - limit + 1 if since_ms is None else -(-since_ms // FUNDING_MS)
    rows = [_funding(world, symbol, number * FUNDING_MS) for number in range(first, min(last, first + limit - 1) + 1)]
    return [row for row in rows if row["fundingTime"] <= ms]


def funding_info(_request: web.Request, world: World, _ms: int) -> list[dict[str, Any]]:
    """GET /fapi/v1/fundingInfo: every symbol here is funded every eight hours."""
    return [
        {
            "symbol": symbol,
            "adjustedFundingRateCap": f"{RATE_MAX:.5f}",
            "adjustedFundingRateFloor": f"{-RATE_MAX:.5f}",
            "fundingIntervalHours": FUNDING_MS // HOUR_MS,
            "disclaimer": False,
            "updateTime": None,
        }
        for symbol in world.market.symbols
    ]


def candles(request: web.Request, world: World, ms: int) -> list[list[Any]]:
    """GET /fapi/v1/klines: the spot market's candles, a few hundredths of a percent away; the last one still forms."""
    symbol, interval = symbol_of(request, world), request.query.get("interval", "")
    if interval not in INTERVALS_MS:
        raise BinanceError(-1120, "Invalid interval.")
    limit = whole(request, "limit") or CANDLES
    if limit > CANDLES_MAX:
        raise BinanceError(-1130, "Data sent for parameter 'limit' is not valid.")
    wanted = Wanted(symbol, interval, whole(request, "startTime"), whole(request, "endTime"), limit)
    return [_perpetual(world, symbol, row) for row in klines(world.market, wanted, ms, frozenset())]


def routes() -> list[web.RouteDef]:
    """The endpoints below the provider's base."""
    return [
        web.get("/fapi/v1/premiumIndex", answering(premium_index)),
        web.get("/fapi/v1/fundingInfo", answering(funding_info)),
        web.get("/fapi/v1/fundingRate", answering(funding_rates)),
        web.get("/fapi/v1/klines", answering(candles)),
    ]


def funding_rate(world: World, symbol: str, at_ms: int) -> float:
    """The rate paid at a funding time: 0.01 %, a slow seeded tide, and a part of the last eight hours' move."""
    base = 0.0001 + 0.00015 * smooth(world.config.seed, f"funding {symbol}", at_ms / (2 * DAY_MS))
    if at_ms - FUNDING_MS < world.market.first_ms:
        return base
    moved = world.market.price_at(symbol, at_ms) / world.market.price_at(symbol, at_ms - FUNDING_MS) - 1
    return min(max(base + 0.004 * moved, -RATE_MAX), RATE_MAX)


def _funding(world: World, symbol: str, at_ms: int) -> dict[str, Any]:
    known = at_ms >= world.market.first_ms
    jitter_ms = int(rng(world.config.seed, "jitter", symbol, at_ms).integers(0, 9))
    return {
        "symbol": symbol,
        "fundingTime": at_ms + jitter_ms,
        "fundingRate": f"{funding_rate(world, symbol, at_ms):.8f}",
        "markPrice": f"{_mark(world, symbol, at_ms):.8f}" if known else "",
        "rateType": "Regular",
    }


def _premium(world: World, symbol: str, ms: int) -> dict[str, Any]:
    index, mark = world.market.price_at(symbol, ms), _mark(world, symbol, ms)
    last_ms = ms // FUNDING_MS * FUNDING_MS
    return {
        "symbol": symbol,
        "markPrice": f"{mark:.8f}",
        "indexPrice": f"{index:.8f}",
        "estimatedSettlePrice": f"{index:.8f}",
        "lastFundingRate": f"{funding_rate(world, symbol, last_ms):.8f}",
        "interestRate": "0.00010000",
        "nextFundingTime": last_ms + FUNDING_MS,
        "time": ms,
    }


def _perpetual(world: World, symbol: str, row: list[Any]) -> list[Any]:
    """A spot candle as the perpetual's: all its prices by the basis of its start."""
    factor = 1 + _basis(world, symbol, row[0])
    return [row[0], *(f"{float(price) * factor:.8f}" for price in row[1:5]), *row[5:]]


def _mark(world: World, symbol: str, ms: int) -> float:
    """The perpetual's price: within 0.05 % of spot."""
    return world.market.price_at(symbol, ms) * (1 + _basis(world, symbol, ms))


def _basis(world: World, symbol: str, ms: int) -> float:
    """How far the perpetual is from spot, as a fraction: a slow seeded tide."""
    return 0.0005 * smooth(world.config.seed, f"basis {symbol}", ms / HOUR_MS)
