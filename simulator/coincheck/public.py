"""Coincheck's public endpoints: ticker, book, trades, rates, status."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from aiohttp import web

from simulator.coincheck import rows
from simulator.coincheck.book import on_tick
from simulator.coincheck.matching import Part, spend, take
from simulator.coincheck.rules import Refused, invalid, rule
from simulator.seeded import rng
from simulator.times import DAY_MS, iso
from simulator.world import World, seen_ms, world_of

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

VOLUME_SHARE = Decimal("0.01")
"""How much of the big exchange's turnover this one has."""
TRADE_MS = 7_000
"""A public trade every seven seconds."""


def shown(answer: Callable[[web.Request, World, int], Any]) -> Handler:
    """A handler that turns a refusal into the exchange's error body."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response(answer(request, world_of(request), seen_ms(request)))
        except Refused as refused:
            return web.json_response({"success": False, "error": refused.error}, status=refused.status)

    return handle


def ticker(request: web.Request, world: World, ms: int) -> dict[str, Any]:
    """GET /api/ticker?pair: the last price lies inside the spread; high, low and volume of 24 hours."""
    pair = _pair(request, world)
    book = world.exchange.book(pair, ms)
    bars = world.market.bars(world.exchange.symbols[pair], ms, since_ms=ms - DAY_MS + 1)
    yen, tick = world.rates.at(ms), rule(pair.removesuffix("_jpy")).price_tick
    volume = Decimal(str(sum(bar.volume for bar in bars))) * VOLUME_SHARE
    return {
        "last": rows.number(min(max(book.mid, book.bids[0].price), book.asks[0].price)),
        "bid": rows.number(book.bids[0].price),
        "ask": rows.number(book.asks[0].price),
        "high": rows.number(on_tick(Decimal(str(max(bar.high for bar in bars))) * yen, tick)) if bars else None,
        "low": rows.number(on_tick(Decimal(str(min(bar.low for bar in bars))) * yen, tick)) if bars else None,
        "volume": rows.text(volume.quantize(Decimal("0.00000001"))),
        "timestamp": ms // 1000,
    }


def order_books(request: web.Request, world: World, ms: int) -> dict[str, Any]:
    """GET /api/order_books?pair: [price, "amount"] per level."""
    book = world.exchange.book(_pair(request, world), ms)
    sides = {"asks": book.asks, "bids": book.bids}
    return {
        side: [[rows.number(level.price), rows.text(level.amount)] for level in levels]
        for side, levels in sides.items()
    }


def trades(request: web.Request, world: World, ms: int) -> dict[str, Any]:
    """GET /api/trades?pair: the latest public trades, newest first."""
    pair = _pair(request, world)
    limit = min(int(request.query.get("limit", "25")), 100) if request.query.get("limit", "25").isdecimal() else 25
    last = ms // TRADE_MS
    data = [_trade(world, pair, number) for number in range(last, last - limit, -1)]
    pagination = {"limit": limit, "order": "desc", "starting_after": None, "ending_before": None}
    return {"success": True, "pagination": pagination, "data": data}


def rate(request: web.Request, world: World, ms: int) -> dict[str, Any]:
    """GET /api/rate/{pair}: the shop's price."""
    return {"rate": rows.text(world.exchange.book(_known(request.match_info["pair"], world), ms).mid)}


def orders_rate(request: web.Request, world: World, ms: int) -> dict[str, Any]:
    """GET /api/exchange/orders/rate: what an amount would cost, or a price would buy, at the book as it stands."""
    pair, order_type = _pair(request, world), request.query.get("order_type", "")
    if order_type not in {"buy", "sell"}:
        raise invalid("order_type")
    book = world.exchange.book(pair, ms)
    levels = book.asks if order_type == "buy" else book.bids
    asked = {name: request.query.get(name, "") for name in ("amount", "price")}
    if not any(value.replace(".", "", 1).isdecimal() and Decimal(value) for value in asked.values()):
        raise invalid("amount")
    if asked["amount"]:
        parts = take(levels, Decimal(asked["amount"]), None, buying=order_type == "buy")
    else:
        parts = spend(levels, Decimal(asked["price"]), rule(pair.removesuffix("_jpy")).amount_step)
    return {"success": True, **_cost(parts)}


def exchange_status(request: web.Request, world: World, ms: int) -> dict[str, Any]:
    """GET /api/exchange_status?pair: one pair or all, always open."""
    pairs = [_pair(request, world)] if "pair" in request.query else list(world.exchange.symbols)
    can = {"order": True, "market_order": True, "cancel": True}
    status = [{"pair": pair, "status": "available", "timestamp": ms // 1000, "availability": can} for pair in pairs]
    return {"exchange_status": status}


def routes() -> list[web.RouteDef]:
    """The public endpoints below the provider's base."""
    return [
        web.get("/api/ticker", shown(ticker)),
        web.get("/api/order_books", shown(order_books)),
        web.get("/api/trades", shown(trades)),
        web.get("/api/rate/{pair}", shown(rate)),
        web.get("/api/exchange/orders/rate", shown(orders_rate)),
        web.get("/api/exchange_status", shown(exchange_status)),
    ]


def _cost(parts: list[Part]) -> dict[str, Any]:
    amount = sum((part.amount for part in parts), Decimal(0))
    price = sum((part.amount * part.price for part in parts), Decimal(0))
    mean = price / amount if amount else Decimal(0)
    return {"rate": rows.number(mean), "price": rows.number(price), "amount": float(amount)}


def _trade(world: World, pair: str, number: int) -> dict[str, Any]:
    """A public trade of somebody else's, a function of its number."""
    at = number * TRADE_MS
    draw = rng(world.config.seed, "trade", pair, number)
    one_part = world.exchange.book(pair, at)
    buys = bool(draw.integers(0, 2))
    level = (one_part.asks if buys else one_part.bids)[0]
    made = {"id": number, "amount": rows.text(level.amount), "rate": rows.text(level.price), "pair": pair}
    return {**made, "order_type": "buy" if buys else "sell", "created_at": iso(at)}


def _pair(request: web.Request, world: World) -> str:
    return _known(request.query.get("pair", "btc_jpy"), world)


def _known(pair: str, world: World) -> str:
    if pair not in world.exchange.symbols:
        raise invalid("pair")
    return pair
