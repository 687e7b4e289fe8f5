"""Executors that are wrong on purpose, one mistake each: the storm has to notice every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from adapters.coincheck import CoincheckExchange
from adapters.dynamodb import DynamoLedger
from adapters.dynamodb.writes import Writes
from trading.errors import Rejected, Unknown
from trading.order import Status, Trade
from trading.ports import Ledger
from trading.services import execute, sweep
from trading.strategy import Strategy


@contextmanager
def no_claim() -> Iterator[None]:
    """Claiming is a plain write: of two executors that read the same trade, both get it."""
    guarded = Writes.trade

    def unguarded(self: Writes, trade: Trade) -> Any:
        return replace(guarded(self, trade), condition="", values={})

    with patch.object(Writes, "trade", unguarded):
        yield


@contextmanager
def unknown_is_rejected() -> Iterator[None]:
    """No answer to an order is taken for a no: the trade ends, and its slot is free for the next."""
    asked = CoincheckExchange.place

    def place(self: CoincheckExchange, *args: Any) -> str:
        try:
            return asked(self, *args)
        except Unknown as unknown:
            raise Rejected(str(unknown)) from unknown

    with patch.object(CoincheckExchange, "place", place):
        yield


@contextmanager
def redelivery_not_recognised() -> Iterator[None]:
    """A message is carried out whenever it comes, wherever its trade stands."""

    def claim(trade_id: str, token: str, at: datetime, ledger: Ledger, strategy: Strategy) -> Trade:
        trade = ledger.trade(trade_id)
        if trade is None:
            raise Rejected(f"{trade_id} was never booked")
        lease = at + timedelta(seconds=strategy.lease_s)
        taken = replace(
            trade, status=Status.CLAIMED, version=trade.version + 1, claim=token, lease_until=lease, updated_at=at
        )
        ledger.save_trade(taken)
        return taken

    with patch.object(execute, "claim", claim):
        yield


@contextmanager
def no_fence() -> Iterator[None]:
    """Right before the wire nobody asks whether our time for the order is over."""
    asked = CoincheckExchange.place

    def place(self: CoincheckExchange, order: Any, _fence: Callable[[], bool]) -> str:
        return asked(self, order, lambda: True)

    with patch.object(CoincheckExchange, "place", place):
        yield


@contextmanager
def no_slot() -> Iterator[None]:
    """An entry does not ask whether its pair is taken."""
    guarded = Writes.take_slot

    def unguarded(self: Writes, intent: Any) -> Any:
        return replace(guarded(self, intent), condition="", values={})

    with (
        patch.object(Writes, "take_slot", unguarded),
        patch.object(DynamoLedger, "_not_booked", lambda _self, booking: list(booking.intents)),
    ):
        yield


@contextmanager
def no_sweep() -> Iterator[None]:
    """Nobody looks for trades whose message was lost."""
    with patch.object(sweep, "forgotten", lambda *_: []):
        yield


BROKEN: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "no-claim": no_claim,
    "unknown-is-rejected": unknown_is_rejected,
    "redelivery-not-recognised": redelivery_not_recognised,
    "no-fence": no_fence,
    "no-slot": no_slot,
    "no-sweep": no_sweep,
}
"""By the name that ``--break`` takes."""
