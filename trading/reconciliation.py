"""Book against venue: what must agree, and what is found when it does not (incidents I9, I4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from trading.errors import Halt
from trading.money import JPY, Amount, Quantity


@dataclass(frozen=True, slots=True)
class Totals:
    """What all booked fills together moved: yen (less than nothing while coins are held) and coins by their name."""

    jpy: Amount[JPY]
    coins: Mapping[str, Quantity] = field(default_factory=dict)

    def of(self, coin: str) -> Quantity:
        """The coins of one kind."""
        return self.coins.get(coin, Quantity(Decimal(0), coin))


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the account holds that is not ours, by currency (``JPY`` too): what was there before us, or was put there.

    amounts  numbers as text. Yen may be less than nothing after a withdrawal.
    gone     coins that our fills moved and that no position holds any more: somebody took one out of the book.
    orders   ids of orders of the account that were seen and accepted as not ours.
    """

    amounts: Mapping[str, str]
    reason: str
    by: str
    at: datetime
    orders: tuple[str, ...] = ()
    gone: Mapping[str, str] = field(default_factory=dict)

    def of(self, currency: str) -> Decimal:
        """How much of a currency is not ours."""
        return _number(self.amounts.get(currency, "0"), currency)

    def missing(self, coin: str) -> Decimal:
        """How much of a coin our fills moved and no position holds."""
        return _number(self.gone.get(coin, "0"), coin)


def _number(text: str, currency: str) -> Decimal:
    """Raises Halt for what is no number: somebody else writes to the table."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        msg = f"the baseline says {text!r} of {currency}; set it right with trader reconcile --accept --reason TEXT"
        raise Halt(msg)
    return number


class Verdict(StrEnum):
    """What a comparison came to. FAILED is not "flat": something could not be read."""

    AGREES = "AGREES"
    DIFFERS = "DIFFERS"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing on which book and venue (or two parts of the book) do not agree, with what each says."""

    kind: str
    about: str
    book: str
    venue: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a comparison said, when.

    waiting    currencies with an order under way, which were not compared.
    compared   what was the same or not, in words, by currency.
    version    one more than that of the comparison it follows.
    agreed_at  when book and venue last agreed: what was traded since is looked at again.
    """

    at: datetime
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    waiting: tuple[str, ...] = ()
    compared: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    agreed_at: datetime | None = None
    version: int = 1

    @property
    def blocks_entries(self) -> bool:
        """Whether nothing may be bought: a difference, or not knowing whether there is one."""
        return self.verdict is not Verdict.AGREES
