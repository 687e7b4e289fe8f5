"""Money is a type: Decimal with a currency, and unlike things do not mix.

``Amount[JPY]`` and ``Amount[USDT]`` are different types: adding or comparing them is a type error for the checker and
``CurrencyMismatch`` at run time. A ``Price`` is per one whole coin; ``Price * Quantity`` is an ``Amount``.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import total_ordering
from typing import ClassVar

from trading.errors import BadInput


class CurrencyMismatch(TypeError):
    """Two different currencies or coins met in one operation; that is a bug, never data."""


class Currency:
    """A currency that prices are quoted in. ``places`` is how a person reads it, not how it is stored."""

    code: ClassVar[str]
    places: ClassVar[int]


class JPY(Currency):
    """Yen, the trading side (Coincheck)."""

    code = "JPY"
    places = 0


class USDT(Currency):
    """Tether dollar, the analysis side (Binance)."""

    code = "USDT"
    places = 2


CURRENCIES: dict[str, type[Currency]] = {JPY.code: JPY, USDT.code: USDT}


def decimal(value: str | int | Decimal) -> Decimal:
    """The exact Decimal of a text, an integer or a Decimal. A float is refused: its digits are already wrong.

    Raises BadInput for anything that is not a finite number.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        msg = f"money is never a {type(value).__name__}: pass text or Decimal, got {value!r}"
        raise BadInput(msg)
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        msg = f"not a number: {value!r}"
        raise BadInput(msg) from error
    if not number.is_finite():
        msg = f"not a finite number: {value!r}"
        raise BadInput(msg)
    return number


def floor_to(number: Decimal, step: Decimal) -> Decimal:
    """``number`` rounded down to a multiple of ``step``: what may be sold or spent without overdrawing."""
    return (number / step).to_integral_value(ROUND_DOWN) * step


def ceil_to(number: Decimal, step: Decimal) -> Decimal:
    """``number`` rounded up to a multiple of ``step``."""
    return (number / step).to_integral_value(ROUND_CEILING) * step


@total_ordering
@dataclass(frozen=True, slots=True)
class Amount[C: Currency]:
    """A signed sum of money, such as ``Amount.parse("15000 JPY")``."""

    number: Decimal
    currency: type[C]

    @classmethod
    def parse(cls, text: str) -> Amount[Currency]:
        """``"10.00 USDT"`` -> Amount. Raises BadInput for another form or an unknown currency."""
        number, _, code = text.strip().partition(" ")
        if code not in CURRENCIES:
            msg = f"not an amount: {text!r}; write it like '15000 JPY'"
            raise BadInput(msg)
        return Amount(decimal(number), CURRENCIES[code])

    def _same(self, other: object) -> None:
        if not isinstance(other, Amount) or other.currency is not self.currency:
            msg = f"{self} and {other} do not mix"
            raise CurrencyMismatch(msg)

    def __add__(self, other: Amount[C]) -> Amount[C]:
        self._same(other)
        return Amount(self.number + other.number, self.currency)

    def __sub__(self, other: Amount[C]) -> Amount[C]:
        self._same(other)
        return Amount(self.number - other.number, self.currency)

    def __neg__(self) -> Amount[C]:
        return Amount(-self.number, self.currency)

    def __mul__(self, factor: Decimal | int) -> Amount[C]:
        return Amount(self.number * decimal(factor), self.currency)

    def __truediv__(self, other: Amount[C]) -> Decimal:
        """The ratio of two amounts: a plain number."""
        self._same(other)
        return self.number / other.number

    def __lt__(self, other: Amount[C]) -> bool:
        self._same(other)
        return self.number < other.number

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Amount):
            return NotImplemented
        self._same(other)
        return self.number == other.number

    def __hash__(self) -> int:
        return hash((self.number, self.currency))

    def __bool__(self) -> bool:
        msg = "an amount is not a truth value: compare it, or ask is_zero"
        raise TypeError(msg)

    @property
    def is_zero(self) -> bool:
        """Whether the sum is exactly nothing."""
        return self.number == 0

    def rounded(self) -> Amount[C]:
        """To the currency's smallest readable unit, half to even: for people, never for the books."""
        return Amount(self.number.quantize(Decimal(1).scaleb(-self.currency.places), ROUND_HALF_EVEN), self.currency)

    def __str__(self) -> str:
        return f"{self.number} {self.currency.code}"


@total_ordering
@dataclass(frozen=True, slots=True)
class Quantity:
    """How much of one coin, never negative: ``Quantity(Decimal("0.01"), "BTC")``."""

    number: Decimal
    coin: str

    def __post_init__(self) -> None:
        if self.number < 0:
            msg = f"a quantity is not negative: {self.number} {self.coin}"
            raise BadInput(msg)

    def _same(self, other: object) -> None:
        if not isinstance(other, Quantity) or other.coin != self.coin:
            msg = f"{self} and {other} do not mix"
            raise CurrencyMismatch(msg)

    def __add__(self, other: Quantity) -> Quantity:
        self._same(other)
        return Quantity(self.number + other.number, self.coin)

    def __sub__(self, other: Quantity) -> Quantity:
        self._same(other)
        return Quantity(self.number - other.number, self.coin)

    def __lt__(self, other: Quantity) -> bool:
        self._same(other)
        return self.number < other.number

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Quantity):
            return NotImplemented
        self._same(other)
        return self.number == other.number

    def __hash__(self) -> int:
        return hash((self.number, self.coin))

    @property
    def is_zero(self) -> bool:
        """Whether there is none of it."""
        return self.number == 0

    def __str__(self) -> str:
        return f"{self.number} {self.coin}"


@total_ordering
@dataclass(frozen=True, slots=True)
class Price[C: Currency]:
    """Money for one whole coin, positive: ``Price(Decimal(9_500_000), "BTC", JPY)``."""

    number: Decimal
    coin: str
    currency: type[C]

    def __post_init__(self) -> None:
        if self.number <= 0:
            msg = f"a price is positive: {self.number} {self.currency.code} per {self.coin}"
            raise BadInput(msg)

    def _same(self, other: object) -> None:
        if not isinstance(other, Price) or (other.coin, other.currency) != (self.coin, self.currency):
            msg = f"{self} and {other} do not mix"
            raise CurrencyMismatch(msg)

    def __mul__(self, quantity: Quantity) -> Amount[C]:
        """What that many coins cost."""
        if getattr(quantity, "coin", None) != self.coin:
            msg = f"{self} does not price {quantity}"
            raise CurrencyMismatch(msg)
        return Amount(self.number * quantity.number, self.currency)

    def __truediv__(self, other: Price[C]) -> Decimal:
        """The ratio of two prices of the same coin: a plain number."""
        self._same(other)
        return self.number / other.number

    def scaled(self, factor: Decimal) -> Price[C]:
        """This price times a ratio, such as a stop 5 % below an entry."""
        return Price(self.number * factor, self.coin, self.currency)

    def buys(self, amount: Amount[C]) -> Quantity:
        """How many coins that sum buys at this price, not rounded to any lot."""
        if amount.currency is not self.currency:
            msg = f"{amount} does not buy at {self}"
            raise CurrencyMismatch(msg)
        return Quantity(amount.number / self.number, self.coin)

    def __lt__(self, other: Price[C]) -> bool:
        self._same(other)
        return self.number < other.number

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Price):
            return NotImplemented
        self._same(other)
        return self.number == other.number

    def __hash__(self) -> int:
        return hash((self.number, self.coin, self.currency))

    def __str__(self) -> str:
        return f"{self.number} {self.currency.code} per {self.coin}"


def yen(number: str | int | Decimal) -> Amount[JPY]:
    """An amount of yen."""
    return Amount(decimal(number), JPY)
