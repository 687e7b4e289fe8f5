"""Binance's spot market data: time, symbols, candles, tickers.

Shapes: recorded klines (12 fields, prices as text with eight decimals) and the error bodies of live calls.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from simulator.klines import INTERVALS_MS, Wanted, klines
from simulator.times import DAY_MS
from simulator.world import HIDDEN, World, seen_ms, world_of

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LIMIT = 500
LIMIT_MAX = 1000


class BinanceError(Exception):
    """Binance's no: sent with HTTP 400."""

    def __init__(self, code: int, msg: str) -> None:
        """Both as its error bodies carry them."""
        super().__init__(msg)
        self.code = code
        self.msg = msg


def answering(answer: Callable[[web.Request, World, int], Any]) -> Handler:
    """A handler that turns a BinanceError into its body."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response(answer(request, world_of(request), seen_ms(request)))
        except BinanceError as error:
            return web.json_response({"code": error.code, "msg": error.msg}, status=400)

    return handle


def symbol_of(request: web.Request, world: World) -> str:
    """The symbol a call must name. Raises BinanceError."""
    symbol = request.query.get("symbol", "")
    if not symbol:
        raise BinanceError(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
    if symbol not in world.market.symbols:
        raise BinanceError(-1121, "Invalid symbol.")
    return symbol


def whole(request: web.Request, name: str) -> int | None:
    """A number parameter, or None. Raises BinanceError."""
    value = request.query.get(name)
    if value is None:
        return None
    if not value.isdecimal():
        raise BinanceError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.")
    return int(value)


def ping(_request: web.Request, _world: World, _ms: int) -> dict[str, Any]:
    """GET /api/v3/ping."""
    return {}


def server_time(_request: web.Request, world: World, _ms: int) -> dict[str, Any]:
    """GET /api/v3/time: the clock runs on even where prices are stale."""
    return {"serverTime": world.clock.ms()}


def candles(request: web.Request, world: World, ms: int) -> list[list[Any]]:
    """GET /api/v3/klines: the last row is the candle that is still forming."""
    symbol, interval = symbol_of(request, world), request.query.get("interval", "")
    if interval not in INTERVALS_MS:
        raise BinanceError(-1120, "Invalid interval.")
    limit = min(whole(request, "limit") or LIMIT, LIMIT_MAX)  # more than 1000 is cut without a word
    wanted = Wanted(symbol, interval, whole(request, "startTime"), whole(request, "endTime"), limit)
    return klines(world.market, wanted, ms, request.get(HIDDEN, frozenset()))


def price(request: web.Request, world: World, ms: int) -> Any:
    """GET /api/v3/ticker/price: one symbol, or all without one."""
    return _each(request, world, lambda symbol: {"symbol": symbol, "price": f"{world.market.price_at(symbol, ms):.8f}"})


def book_ticker(request: web.Request, world: World, ms: int) -> Any:
    """GET /api/v3/ticker/bookTicker: one tick between bid and ask."""

    def row(symbol: str) -> dict[str, Any]:
        last = world.market.price_at(symbol, ms)
        tick = 10.0 ** -world.market.decimals(symbol)
        ask = {"askPrice": f"{last + tick:.8f}", "askQty": "6.12800000"}
        return {"symbol": symbol, "bidPrice": f"{last:.8f}", "bidQty": "4.21800000", **ask}

    return _each(request, world, row)


def day(request: web.Request, world: World, ms: int) -> Any:
    """GET /api/v3/ticker/24hr: the last 24 hours, the forming candle included."""
    return _each(request, world, lambda symbol: _day(world, symbol, ms))


def exchange_info(_request: web.Request, world: World, ms: int) -> dict[str, Any]:
    """GET /api/v3/exchangeInfo: only our symbols, with the filters that clients read."""
    return {
        "timezone": "UTC",
        "serverTime": ms,
        "rateLimits": [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000}],
        "exchangeFilters": [],
        "symbols": [_symbol(world, symbol) for symbol in world.market.symbols],
    }


def routes() -> list[web.RouteDef]:
    """The endpoints below the provider's base."""
    table = {
        "ping": ping,
        "time": server_time,
        "exchangeInfo": exchange_info,
        "klines": candles,
        "ticker/price": price,
        "ticker/24hr": day,
        "ticker/bookTicker": book_ticker,
    }
    return [web.get(f"/api/v3/{path}", answering(answer)) for path, answer in table.items()]


def _each(request: web.Request, world: World, row: Callable[[str], dict[str, Any]]) -> Any:
    if "symbol" in request.query:
        return row(symbol_of(request, world))
    return [row(symbol) for symbol in world.market.symbols]


def _day(world: World, symbol: str, ms: int) -> dict[str, Any]:
    bars = world.market.bars(symbol, ms, since_ms=ms - DAY_MS + 1)
    if not bars:
        raise BinanceError(-1000, "No trades in the last 24 hours.")
    first, last = bars[0], bars[-1]
    volume = sum(bar.volume for bar in bars)
    quote = sum(bar.volume * (bar.high + bar.low + bar.close) / 3 for bar in bars)
    change = last.close - first.open
    tick = 10.0 ** -world.market.decimals(symbol)
    return {
        "symbol": symbol,
        "priceChange": f"{change:.8f}",
        "priceChangePercent": f"{change / first.open * 100:.3f}",
        "weightedAvgPrice": f"{quote / volume if volume else last.close:.8f}",
        "prevClosePrice": f"{first.open:.8f}",
        "lastPrice": f"{last.close:.8f}",
        "lastQty": "0.00200000",
        "bidPrice": f"{last.close:.8f}",
        "bidQty": "4.21800000",
        "askPrice": f"{last.close + tick:.8f}",
        "askQty": "6.12800000",
        "openPrice": f"{first.open:.8f}",
        "highPrice": f"{max(bar.high for bar in bars):.8f}",
        "lowPrice": f"{min(bar.low for bar in bars):.8f}",
        "volume": f"{volume:.8f}",
        "quoteVolume": f"{quote:.8f}",
        "openTime": ms - DAY_MS,
        "closeTime": ms,
        "firstId": 1,
        "lastId": len(bars),
        "count": len(bars),
    }


def _symbol(world: World, symbol: str) -> dict[str, Any]:
    tick = f"{10.0 ** -world.market.decimals(symbol):.8f}"
    return {
        "symbol": symbol,
        "status": "TRADING",
        "baseAsset": symbol.removesuffix("USDT"),
        "baseAssetPrecision": 8,
        "quoteAsset": "USDT",
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
        "icebergAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00000000", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000000.00000000", "stepSize": "0.00001000"},
            {
                "filterType": "NOTIONAL",
                "minNotional": "5.00000000",
                "applyMinToMarket": True,
                "maxNotional": "9000000.00000000",
            },
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }
