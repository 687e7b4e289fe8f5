"""A new order as it arrives in a body, checked against the exchange's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from simulator.coincheck.orders import ORDER_TYPES
from simulator.coincheck.rules import Rule, below_minimum, invalid, off_step


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asks for; None where the field does not belong to the order type."""

    pair: str
    order_type: str
    rate: Decimal | None
    amount: Decimal | None
    market_buy_amount: Decimal | None
    stop_loss_rate: Decimal | None
    time_in_force: str


def read(body: Mapping[str, Any], pairs: frozenset[str]) -> Asked:
    """The fields of ``POST /api/exchange/orders``. Raises Refused for one that is missing or not a positive number."""
    pair, order_type = str(body.get("pair", "")), str(body.get("order_type", ""))
    if pair not in pairs:
        raise invalid("pair")
    if order_type not in ORDER_TYPES:
        raise invalid("order_type")
    in_force = str(body.get("time_in_force") or "good_til_cancelled")
    if in_force not in {"good_til_cancelled", "post_only"}:
        raise invalid("time_in_force")
    is_limit, spends = order_type in {"buy", "sell"}, order_type == "market_buy"
    return Asked(
        pair=pair,
        order_type=order_type,
        rate=_number(body, "rate") if is_limit else None,
        amount=None if spends else _number(body, "amount"),
        market_buy_amount=_number(body, "market_buy_amount") if spends else None,
        stop_loss_rate=_number(body, "stop_loss_rate") if body.get("stop_loss_rate") not in (None, "") else None,
        time_in_force=in_force,
    )


def check(asked: Asked, rule: Rule, ask: Decimal) -> None:
    """Minimum and steps. A market buy is measured by the coins it would get at the best ask. Raises Refused."""
    for price in (asked.rate, asked.stop_loss_rate):
        if price is not None and price % rule.price_tick:
            raise off_step("レート", rule.price_tick)
    if asked.amount is not None and asked.amount % rule.amount_step:
        raise off_step("量", rule.amount_step)
    if asked.market_buy_amount is not None and asked.market_buy_amount % 1:
        raise off_step("金額", Decimal(1))
    amount = asked.market_buy_amount / ask if asked.market_buy_amount is not None else asked.amount
    if amount is not None and amount < rule.min_amount:
        raise below_minimum(asked.pair.removesuffix("_jpy"))


def _number(body: Mapping[str, Any], name: str) -> Decimal:
    try:
        value = Decimal(str(body.get(name)))
    except InvalidOperation as error:
        raise invalid(name) from error
    if not value.is_finite() or value <= 0:
        raise invalid(name)
    return value
