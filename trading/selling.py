"""What an exit sold of a position when the venue could not sell all of it at once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from trading.money import JPY, Amount, Quantity, floor_to, yen
from trading.order import Execution

SMALLEST = Decimal("0.00000001")
"""Yen are divided between parts to this; the last part takes the rest, so that no yen is lost between them."""


@dataclass(frozen=True, slots=True)
class SoldPart:
    """All parts that were sold so far: coins, what they brought, and what they had cost."""

    quantity: Quantity
    funds: Amount[JPY]
    cost: Amount[JPY]


def part_sold(before: SoldPart | None, execution: Execution, size: Quantity, cost: Amount[JPY]) -> SoldPart:
    """The parts with one more: of ``size`` coins that cost ``cost``, those of the execution."""
    share = floor_to(cost.number * execution.quantity.number / size.number, SMALLEST)
    one = SoldPart(execution.quantity, execution.funds, yen(share))
    if before is None:
        return one
    return SoldPart(before.quantity + one.quantity, before.funds + one.funds, before.cost + one.cost)
