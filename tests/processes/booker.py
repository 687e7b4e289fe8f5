"""Books intents in waves: an entry for every pair that is free, an exit for every position that is held."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import count

from tests.services.conftest import PAIRS, Room
from trading.order import PriceBand
from trading.ports import OrderQueue
from trading.position import Position, PositionStatus, exit_intent

TOO_SMALL, TOO_DEAR, UNSENT = 13, 17, 10
"""Of so many intents one: is below the venue's minimum; may not cost what it does; is booked and not sent."""
PATIENCE = timedelta(minutes=10)


class Booker:
    """``trade_ids`` are the intents booked so far, ``wanted`` is how many there will be."""

    def __init__(self, room: Room, queue: OrderQueue, wanted: int) -> None:
        self.trade_ids: list[str] = []
        self._room, self._queue, self._wanted = room, queue, wanted
        self._numbers = count(1)

    @property
    def done(self) -> bool:
        return len(self.trade_ids) >= self._wanted

    def wave(self) -> None:
        """Book whatever can be booked now; no entry while a comparison is not finished, which would refuse it."""
        compared = self._room.ledger.reconciliation()
        entries = compared is not None and not compared.blocks_entries
        busy = {trade.intent.pair for trade in self._room.ledger.pending_trades()}
        held = {position.pair: position for position in self._room.ledger.open_positions()}
        for key in PAIRS:
            if key in busy or self.done:
                continue
            if key not in held and entries:
                self._sent(self._entry(key))
            elif key in held and held[key].status is PositionStatus.OPEN:
                self._sent(self._exit(held[key]))

    def _entry(self, key: str) -> str:
        number, at = next(self._numbers), self._room.now()
        changes: dict[str, object] = {"expires_at": at + PATIENCE}
        if number % TOO_DEAR == 0:
            ask = self._room.exchange.ticker(PAIRS[key].coincheck).ask
            changes["band"] = PriceBand(ask.scaled(Decimal("0.5")), ask.scaled(Decimal("0.6")))
        return self._room.book_buy(key, 10 if number % TOO_SMALL == 0 else 10_000, **changes)

    def _exit(self, position: Position) -> str:
        number, at = next(self._numbers), self._room.now()
        intent = exit_intent(
            position, "SIGNAL", decision_id=f"EX-{number}", created_at=at, expires_at=at + PATIENCE,
            strategy=self._room.strategy,
        )  # fmt: skip
        self._room.ledger.book_exit(intent, position)
        return intent.trade_id

    def _sent(self, trade_id: str) -> None:
        self.trade_ids.append(trade_id)
        if len(self.trade_ids) % UNSENT:
            self._queue.send(trade_id, {})
