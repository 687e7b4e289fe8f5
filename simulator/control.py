"""The endpoints of the simulator itself: clock, faults, ledger, what Slack received, health."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from simulator.clock import Backwards
from simulator.coincheck.rows import plain
from simulator.faults import Fault, FaultSpec
from simulator.times import from_ms, iso, parse_iso, to_ms
from simulator.world import World, world_of

SPECS = TypeAdapter(list[FaultSpec])


async def health(request: web.Request) -> web.Response:
    """GET /_health: ready to answer."""
    return web.json_response({"status": "ok", **_clock(world_of(request))})


async def show_clock(request: web.Request) -> web.Response:
    """GET /_clock: now, the speed, and the span of time that has candles."""
    return web.json_response(_clock(world_of(request)))


async def move_clock(request: web.Request) -> web.Response:
    """POST /_clock with {"to": ISO 8601} or {"advance_s": seconds}; 409 for a time before now."""
    world = world_of(request)
    try:
        ms = _wanted_ms(json.loads(await request.text()), world.clock.ms())
    except (ValueError, TypeError, ArithmeticError, KeyError):
        return _error(400, 'the clock takes {"to": "2026-01-05T00:00:00Z"} or {"advance_s": 300}')
    try:
        world.clock.move_to(ms)
    except Backwards as error:
        return _error(409, str(error))
    return web.json_response(_clock(world))


async def show_faults(request: web.Request) -> web.Response:
    """GET /_faults: every fault, how often it has fired and whether it is spent."""
    return web.json_response([_fault(fault) for fault in world_of(request).faults])


async def add_faults(request: web.Request) -> web.Response:
    """POST /_faults with one fault or a list of them."""
    world = world_of(request)
    try:
        asked = json.loads(await request.text())
        specs = SPECS.validate_python(asked if isinstance(asked, list) else [asked])
    except json.JSONDecodeError as error:
        return _error(400, f"a fault is a JSON object or a list of them: {error}")
    except ValidationError as error:
        first = error.errors()[0]
        return _error(400, f"fault {'.'.join(str(part) for part in first['loc'])}: {first['msg']}")
    return web.json_response([_fault(world.faults.add(spec, world.clock.ms())) for spec in specs])


async def clear_faults(request: web.Request) -> web.Response:
    """DELETE /_faults: everything behaves again."""
    world_of(request).faults.clear()
    return web.json_response([])


async def show_ledger(request: web.Request) -> web.Response:
    """GET /_ledger: the truth about the account, for tests to compare with; amounts are text, exact."""
    world = world_of(request)
    world.exchange.settle(world.clock.ms())
    ledger = world.exchange.ledger
    balances = {
        name: {"free": plain(ledger.free(name)), "reserved": plain(ledger.reserved(name)), "start": plain(start)}
        for name, start in ledger.start.items()
    }
    orders = [_order(world, order_id) for order_id in world.exchange.orders]
    return web.json_response(
        {
            **_clock(world),
            "balances": balances,
            "orders": orders,
            "accepted": len(orders),
            "fills": len(ledger.fills),
            "conserved": not any(ledger.difference().values()),
        }
    )


async def show_slack(request: web.Request) -> web.Response:
    """GET /_slack: every message the webhook took, oldest first."""
    return web.json_response(world_of(request).slack)


def routes() -> list[web.RouteDef]:
    """The control endpoints; faults never hit them."""
    return [
        web.get("/_health", health),
        web.get("/_clock", show_clock),
        web.post("/_clock", move_clock),
        web.get("/_faults", show_faults),
        web.post("/_faults", add_faults),
        web.delete("/_faults", clear_faults),
        web.get("/_ledger", show_ledger),
        web.get("/_slack", show_slack),
    ]


def _wanted_ms(asked: dict[str, Any], now_ms: int) -> int:
    """Where the clock should go. Raises KeyError, TypeError, ValueError or ArithmeticError for anything unreadable."""
    if set(asked) == {"advance_s"}:
        return now_ms + int(Decimal(str(asked["advance_s"])) * 1000)
    if set(asked) != {"to"}:
        raise KeyError("to")
    return to_ms(parse_iso(asked["to"]))


def _clock(world: World) -> dict[str, Any]:
    return {
        "now": iso(world.clock.ms()),
        "speed": world.clock.speed,
        "market_from": from_ms(world.market.first_ms).isoformat(),
        "market_to": from_ms(world.market.end_ms).isoformat(),
    }


def _fault(fault: Fault) -> dict[str, Any]:
    counts = {"id": fault.number, "set_at": iso(fault.set_ms), "seen": fault.seen, "fired": fault.fired}
    return {**fault.spec.model_dump(), **counts, "active": not fault.spent}


def _order(world: World, order_id: int) -> dict[str, Any]:
    order = world.exchange.orders[order_id]
    numbers = {
        name: None if value is None else plain(value)
        for name in ("rate", "amount", "market_buy_amount", "stop_loss_rate", "executed_amount", "executed_jpy", "held")
        for value in (getattr(order, name),)
    }
    fills = [
        {
            "id": fill.id,
            "price": plain(fill.price),
            "amount": plain(fill.amount),
            "funds_jpy": plain(fill.funds),
            "at": iso(fill.at_ms),
            "liquidity": "T" if fill.taker else "M",
        }
        for fill in world.exchange.ledger.fills
        if fill.order_id == order_id
    ]
    told = {"id": order.id, "pair": order.pair, "side": order.side, "order_type": order.order_type}
    return {**told, "status": str(order.status), "created_at": iso(order.created_ms), **numbers, "fills": fills}


def _error(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
