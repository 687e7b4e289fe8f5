"""An order as the exchange keeps it, and the words for where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from simulator.ledger import ZERO, Side


class Status(StrEnum):
    """The order statuses of the API reference."""

    NEW = "NEW"
    WAITING_FOR_TRIGGER = "WAITING_FOR_TRIGGER"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    PARTIALLY_FILLED_CANCELED = "PARTIALLY_FILLED_CANCELED"
    PARTIALLY_FILLED_EXPIRED = "PARTIALLY_FILLED_EXPIRED"


OPEN = frozenset({Status.NEW, Status.WAITING_FOR_TRIGGER, Status.PARTIALLY_FILLED})
ORDER_TYPES = ("buy", "sell", "market_buy", "market_sell")


@dataclass(slots=True)
class Order:
    """One order. ``amount`` in coins (None for a market buy), ``market_buy_amount`` and ``rate`` in yen.

    ``held`` is what it still has reserved, in the currency it pays with. ``watched_ms`` is the time from which the
    market's path still has to be compared with its price.
    """

    id: int
    pair: str
    order_type: str
    created_ms: int
    rate: Decimal | None = None
    amount: Decimal | None = None
    market_buy_amount: Decimal | None = None
    stop_loss_rate: Decimal | None = None
    time_in_force: str = "good_til_cancelled"
    status: Status = Status.NEW
    held: Decimal = ZERO
    watched_ms: int = 0
    executed_amount: Decimal = ZERO
    executed_jpy: Decimal = ZERO
    expired_type: str | None = None

    @property
    def side(self) -> Side:
        """``buy`` or ``sell``."""
        return "buy" if self.order_type.endswith("buy") else "sell"

    @property
    def coin(self) -> str:
        """The coin's code, ``btc``."""
        return self.pair.removesuffix("_jpy")

    @property
    def pays_with(self) -> str:
        """The currency it reserves."""
        return "jpy" if self.side == "buy" else self.coin

    @property
    def is_market(self) -> bool:
        """Whether it takes any price."""
        return self.order_type.startswith("market")

    @property
    def is_open(self) -> bool:
        """Whether it can still fill or be cancelled."""
        return self.status in OPEN

    @property
    def pending_amount(self) -> Decimal | None:
        """Coins still to fill; None for a market buy."""
        return None if self.amount is None else self.amount - self.executed_amount

    @property
    def pending_jpy(self) -> Decimal | None:
        """Yen still to spend; None unless it is a market buy."""
        return None if self.market_buy_amount is None else self.market_buy_amount - self.executed_jpy

    def close(self, plain: Status, partial: Status) -> None:
        """End it: ``plain`` when nothing was filled, ``partial`` when something was."""
        self.status = partial if self.executed_amount else plain
