"""Orders and fills as Coincheck's bodies show them: strings here, numbers there, null where nobody expects it.

Source of the shapes: the examples of the API reference (about February 2026).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulator.coincheck.orders import Order
from simulator.ledger import Fill
from simulator.times import iso


def plain(value: Decimal) -> str:
    """``30010``, ``0.1``, ``0``: all digits, no exponent, no trailing zeros."""
    digits = format(value, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def text(value: Decimal | None) -> str | None:
    """``30010.0``, ``0.1``: plain digits with at least one after the point; null stays null."""
    if value is None:
        return None
    digits = plain(value)
    return digits if "." in digits else digits + ".0"


def number(value: Decimal | None) -> int | float | None:
    """A JSON number: whole where it is whole."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def accepted(order: Order) -> dict[str, Any]:
    """The reply to a new order. A market order comes back without rate and without amount."""
    return {
        "success": True,
        "id": order.id,
        "rate": text(order.rate),
        "amount": None if order.is_market else text(order.amount),
        "order_type": order.order_type,
        "time_in_force": order.time_in_force,
        "stop_loss_rate": text(order.stop_loss_rate),
        "pair": order.pair,
        "created_at": iso(order.created_ms),
    }


def detail(order: Order) -> dict[str, Any]:
    """One order with its status."""
    expired = order.expired_type is not None
    return {
        "success": True,
        "id": order.id,
        "pair": order.pair,
        "status": str(order.status),
        "order_type": order.order_type,
        "rate": text(order.rate),
        "stop_loss_rate": text(order.stop_loss_rate),
        "maker_fee_rate": "0.0",
        "taker_fee_rate": "0.0",
        "amount": text(order.amount),
        "market_buy_amount": text(order.market_buy_amount),
        "executed_amount": text(order.executed_amount),
        "executed_market_buy_amount": text(order.executed_jpy) if order.market_buy_amount is not None else None,
        "expired_type": order.expired_type,
        "prevented_match_id": None,
        "expired_amount": text(order.pending_amount) if expired else None,
        "expired_market_buy_amount": text(order.pending_jpy) if expired else None,
        "time_in_force": order.time_in_force,
        "created_at": iso(order.created_ms),
    }


def open_order(order: Order) -> dict[str, Any]:
    """One order of the list of open ones; here the rate is a number."""
    return {
        "id": order.id,
        "order_type": order.order_type,
        "rate": number(order.rate),
        "pair": order.pair,
        "pending_amount": text(order.pending_amount),
        "pending_market_buy_amount": text(order.pending_jpy),
        "stop_loss_rate": text(order.stop_loss_rate),
        "created_at": iso(order.created_ms),
    }


def transaction(fill: Fill) -> dict[str, Any]:
    """One fill; what is paid is negative."""
    (paid_in, paid), (got_in, got) = fill.paid, fill.received
    signed = {paid_in: text(-paid), got_in: text(got)}
    return {
        "id": fill.id,
        "order_id": fill.order_id,
        "created_at": iso(fill.at_ms),
        "funds": {fill.coin: signed[fill.coin], "jpy": signed["jpy"]},
        "pair": fill.pair,
        "rate": text(fill.price),
        "fee_currency": "JPY",
        "fee": "0.0",
        "liquidity": "T" if fill.taker else "M",
        "side": fill.side,
    }
