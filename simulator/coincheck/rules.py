"""What the exchange accepts per coin, and the words of its refusals.

Source of the two Japanese texts: a live bot's log (design notes, Coincheck section). The exchange publishes no table of
minima; only 0.001 BTC is known, the others are of that order in yen. Texts marked "ours" are made up in its manner.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

SATOSHI = Decimal("0.00000001")


class Refused(Exception):
    """The exchange's clear no: HTTP ``status`` and the text of its ``error`` field."""

    def __init__(self, error: str, status: int = 400) -> None:
        """``error`` is sent as it is."""
        super().__init__(error)
        self.error = error
        self.status = status


@dataclass(frozen=True, slots=True)
class Rule:
    """Smallest amount, step of amounts (both in coins) and step of prices (yen)."""

    min_amount: Decimal
    amount_step: Decimal
    price_tick: Decimal


RULES: dict[str, Rule] = {
    "btc": Rule(Decimal("0.001"), SATOSHI, Decimal(1)),
    "eth": Rule(Decimal("0.001"), SATOSHI, Decimal(1)),
    "xrp": Rule(Decimal(1), Decimal("0.000001"), Decimal("0.001")),
    "sol": Rule(Decimal("0.01"), SATOSHI, Decimal("0.01")),
    "doge": Rule(Decimal(1), SATOSHI, Decimal("0.001")),
    "avax": Rule(Decimal("0.01"), SATOSHI, Decimal("0.01")),
}

OTHER = Rule(Decimal("0.001"), SATOSHI, Decimal("0.001"))


def rule(coin: str) -> Rule:
    """The rule of a coin such as ``btc``."""
    return RULES.get(coin, OTHER)


def insufficient(currency: str) -> Refused:
    """Not enough of a currency."""
    return Refused(f"{currency.upper()}の所持金額が足りません")


def below_minimum(coin: str) -> Refused:
    """Fewer coins than the exchange trades."""
    return Refused(f"量が最低量({rule(coin).min_amount} {coin.upper()})を下回っています")


def off_step(what: str, step: Decimal) -> Refused:
    """A number between two steps (ours)."""
    return Refused(f"{what}の最小単位は{step:f}です")


def invalid(name: str) -> Refused:
    """A parameter that is missing or not usable (ours)."""
    return Refused(f"{name} is invalid")
