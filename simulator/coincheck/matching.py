"""What an order takes from a book, part by part. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from simulator.coincheck.book import Level
from simulator.ledger import ZERO


@dataclass(frozen=True, slots=True)
class Part:
    """Coins that change hands at one price."""

    price: Decimal
    amount: Decimal


def spend(levels: Sequence[Level], funds: Decimal, step: Decimal) -> list[Part]:
    """Coins bought for at most ``funds`` yen: each part rounded down to the step, so nothing is overspent."""
    parts = []
    for level in levels:
        affordable = (funds / level.price).quantize(step, ROUND_DOWN)
        amount = min(level.amount, affordable)
        if amount <= 0:
            break
        parts.append(Part(level.price, amount))
        funds -= amount * level.price
    return parts


def take(levels: Sequence[Level], amount: Decimal, limit: Decimal | None, *, buying: bool) -> list[Part]:
    """Parts of ``amount`` coins at the levels' prices, none worse than ``limit`` (None = any)."""
    parts = []
    for level in levels:
        if amount <= 0 or (limit is not None and (level.price > limit if buying else level.price < limit)):
            break
        part = min(level.amount, amount)
        parts.append(Part(level.price, part))
        amount -= part
    return parts


def split(price: Decimal, amount: Decimal, shares: Sequence[float], step: Decimal) -> list[Part]:
    """An amount at one price in several parts, as makers get theirs; shares in (0, 1), the rest is the last part."""
    parts = []
    left = amount
    for share in shares:
        part = (amount * Decimal(str(round(share, 4)))).quantize(step, ROUND_DOWN)
        if ZERO < part < left:
            parts.append(Part(price, part))
            left -= part
    return [*parts, Part(price, left)]
