"""Coincheck's private endpoints: orders, transactions, balances. Every call is signed."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from simulator.coincheck import asked, rows
from simulator.coincheck.orders import Order, Status
from simulator.coincheck.rules import Refused, invalid
from simulator.times import iso
from simulator.world import World, world_of

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PAGE = 25
STATES = ("", "_reserved", "_lending", "_lend_in_use", "_lent", "_debt", "_tsumitate")


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose signature was right."""

    world: World
    now_ms: int
    query: Mapping[str, str]
    body: Mapping[str, Any]
    order_id: int


def signed(answer: Callable[[Call], dict[str, Any]]) -> Handler:
    """A handler that checks the signature first and turns a refusal into the exchange's error body."""

    async def handle(request: web.Request) -> web.StreamResponse:
        world = world_of(request)
        text = await request.text()
        try:
            # raw_path, because the client signed what it sent, not what a parser makes of it.
            world.keyring.check(request.headers, f"{request.scheme}://{request.host}{request.raw_path}", text)
            now_ms = world.clock.ms()
            world.exchange.settle(now_ms)
            order_id = int(request.match_info.get("id", "0"))
            return web.json_response(answer(Call(world, now_ms, request.query, _fields(text), order_id)))
        except Refused as refused:
            return web.json_response({"success": False, "error": refused.error}, status=refused.status)

    return handle


def place(call: Call) -> dict[str, Any]:
    """POST /api/exchange/orders."""
    call.world.new_orders.check()
    exchange = call.world.exchange
    return rows.accepted(exchange.place(asked.read(call.body, frozenset(exchange.symbols)), call.now_ms))


def show(call: Call) -> dict[str, Any]:
    """GET /api/exchange/orders/{id}."""
    call.world.order_details.check()
    return rows.detail(_order(call, call.order_id))


def opens(call: Call) -> dict[str, Any]:
    """GET /api/exchange/orders/opens: every pair, newest first."""
    found = [order for order in call.world.exchange.orders.values() if order.is_open]
    return {"success": True, "orders": [rows.open_order(order) for order in reversed(found)]}


def cancel(call: Call) -> dict[str, Any]:
    """DELETE /api/exchange/orders/{id}."""
    return {"success": True, "id": call.world.exchange.cancel(call.order_id, call.now_ms).id}


def cancel_status(call: Call) -> dict[str, Any]:
    """GET /api/exchange/orders/cancel_status?id=: an expired order counts as cancelled."""
    order = _order(call, _whole(call.query, "id", 0))
    ended = not order.is_open and order.status is not Status.FILLED
    return {"success": True, "id": order.id, "cancel": ended, "created_at": iso(order.created_ms)}


def transactions(call: Call) -> dict[str, Any]:
    """GET /api/exchange/orders/transactions: the latest of all pairs; as in the real one, order filters do nothing."""
    latest = call.world.exchange.ledger.fills[-PAGE:]
    return {"success": True, "transactions": [rows.transaction(fill) for fill in reversed(latest)]}


def transactions_page(call: Call) -> dict[str, Any]:
    """GET /api/exchange/orders/transactions_pagination.

    Read as: ids above ``starting_after`` and below ``ending_before``, whatever the order; at most 25 of them.
    """
    limit = min(max(_whole(call.query, "limit", PAGE), 1), PAGE)
    after, before = _whole(call.query, "starting_after", 0), _whole(call.query, "ending_before", 0)
    order = call.query.get("order", "desc")
    if order not in {"asc", "desc"}:
        raise invalid("order")
    fills = [fill for fill in call.world.exchange.ledger.fills if after < fill.id and (not before or fill.id < before)]
    page = fills[:limit] if order == "asc" else fills[::-1][:limit]
    pagination = {"limit": limit, "order": order, "starting_after": after or None, "ending_before": before or None}
    return {"success": True, "pagination": pagination, "data": [rows.transaction(fill) for fill in page]}


def balance(call: Call) -> dict[str, Any]:
    """GET /api/accounts/balance: seven figures per currency, all text."""
    ledger = call.world.exchange.ledger
    shown: dict[str, Any] = {"success": True}
    for state in STATES:
        for name in ledger.start:
            held = {"": ledger.free, "_reserved": ledger.reserved}.get(state)
            shown[name + state] = rows.text(held(name)) if held else "0"
    return shown


def account(call: Call) -> dict[str, Any]:
    """GET /api/accounts: who it is, and fees per pair (none for our coins)."""
    free = {pair: {"maker_fee_rate": "0.0", "taker_fee_rate": "0.0"} for pair in call.world.exchange.symbols}
    who = {"id": 10_000, "email": "trader@example.com", "identity_status": "identity_verified"}
    return {"success": True, **who, "taker_fee": "0.0", "maker_fee": "0.0", "exchange_fees": free}


def routes() -> list[web.RouteDef]:
    """The private endpoints below the provider's base."""
    orders = "/api/exchange/orders"
    return [
        web.post(orders, signed(place)),
        web.get(f"{orders}/opens", signed(opens)),
        web.get(f"{orders}/cancel_status", signed(cancel_status)),
        web.get(f"{orders}/transactions", signed(transactions)),
        web.get(f"{orders}/transactions_pagination", signed(transactions_page)),
        web.get(f"{orders}/{{id:\\d+}}", signed(show)),
        web.delete(f"{orders}/{{id:\\d+}}", signed(cancel)),
        web.get("/api/accounts/balance", signed(balance)),
        web.get("/api/accounts", signed(account)),
    ]


def _order(call: Call, order_id: int) -> Order:
    if (found := call.world.exchange.orders.get(order_id)) is None:
        raise Refused("Order not found", status=404)
    return found


def _fields(text: str) -> Mapping[str, Any]:
    """A body as form fields or as JSON, whichever it is."""
    if not text.lstrip().startswith("{"):
        return dict(parse_qsl(text))
    try:
        fields: Mapping[str, Any] = json.loads(text, parse_float=str)
    except json.JSONDecodeError as error:
        raise invalid("body") from error
    return fields


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name, "")
    if value and not value.isdecimal():
        raise invalid(name)
    return int(value) if value else default
