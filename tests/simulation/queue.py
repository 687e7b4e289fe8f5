"""The OrderQueue port in memory, for simulations: at least once, in any order, shared by many processes.

As unfriendly as SQS may be: messages come in a seeded disorder, a chosen share of deliveries is not hidden and comes
again at once, and the receipt of an earlier delivery finishes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from trading.ports import Delivery, Received
from trading.tables import ORDER_REQUESTS, ORDER_REQUESTS_DLQ, Queue

MOST = 10
"""Messages that one call gives."""

type Hook = Callable[[str, Mapping[str, Any]], None]
"""Told ``"before send"`` and ``"after send"`` with what was asked; what it raises is what the caller meets."""


def unbothered(_at: str, _asked: Mapping[str, Any]) -> None:
    """The hook of a good day."""


@dataclass(slots=True)
class _Message:
    """One message: from when it may be delivered, how often it was, and the receipt of the last time."""

    number: int
    trade_id: str
    trace: Mapping[str, str]
    visible_at: datetime
    receives: int = 0
    receipt: str = ""


class MemoryQueue:
    """``unhidden``: the share of deliveries, 0 to 1, that come again at once. ``counts`` says what chance did."""

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        seed: int = 0,
        unhidden: float = 0.0,
        on_call: Hook = unbothered,
    ) -> None:
        self.on_call, self.unhidden, self.counts = on_call, unhidden, Counter[str]()
        self._now, self._random, self._numbers = now, Random(seed), 0
        self._alive: list[_Message] = []
        self._dead: list[_Message] = []
        self._finished: list[_Message] = []

    # ---------------------------------------------------------------------------------------------------------- port

    def send(self, trade_id: str, trace: Mapping[str, str]) -> None:
        """Put one trade on the queue."""
        self._call("send", lambda: self._add(trade_id, trace), trade_id=trade_id)

    def receive(self, limit: int = MOST) -> Received:
        """Up to ``limit`` messages; those that were received three times become dead letters instead."""
        return self._call("receive", lambda: self._take(self._alive, ORDER_REQUESTS, limit), limit=limit)

    def done(self, delivery: Delivery) -> None:
        """The message needs no further delivery, unless it was delivered again since."""
        self._call("done", lambda: self._finish(self._alive, delivery), trade_id=delivery.trade_id)

    def dead_letters(self, limit: int = MOST) -> Received:
        """Up to ``limit`` messages that failed three times."""
        return self._call("dead_letters", lambda: self._take(self._dead, ORDER_REQUESTS_DLQ, limit), limit=limit)

    def redrive(self, delivery: Delivery) -> None:
        """Back on the queue, then off the dead letters; in between the hook is told both of the one and the other."""
        self.send(delivery.trade_id, delivery.trace)
        self._call("redrive", lambda: self._finish(self._dead, delivery), trade_id=delivery.trade_id)

    # ---------------------------------------------------------------------------------------------------- for a test

    def waiting(self) -> int:
        """How many messages wait, hidden ones included."""
        return len(self._alive)

    def dead(self) -> int:
        """How many dead letters there are, hidden ones included."""
        return len(self._dead)

    def redeliver(self, trade_id: str) -> int:
        """Every message about a trade may come now, those that are done included; how many."""
        back = [one for one in self._finished if one.trade_id == trade_id]
        self._finished = [one for one in self._finished if one.trade_id != trade_id]
        self._alive += back
        found = [one for one in self._alive if one.trade_id == trade_id]
        for message in found:
            message.visible_at = self._now()
        return len(found)

    # --------------------------------------------------------------------------------------------------- what it does

    def _call[T](self, operation: str, effect: Callable[[], T], **asked: Any) -> T:
        self.on_call(f"before {operation}", asked)
        found = effect()
        self.on_call(f"after {operation}", asked)
        return found

    def _add(self, trade_id: str, trace: Mapping[str, str]) -> None:
        self._numbers += 1
        self._alive.append(_Message(self._numbers, trade_id, dict(trace), self._now()))

    def _take(self, shelf: list[_Message], queue: Queue, limit: int) -> Received:
        now = self._now()
        visible = [message for message in shelf if message.visible_at <= now]
        self._random.shuffle(visible)
        found: list[Delivery] = []
        for message in visible:
            if len(found) == min(limit, MOST):
                break
            if queue.max_receives and message.receives >= queue.max_receives:
                self._bury(message)
            else:
                found.append(self._delivered(message, now + timedelta(seconds=queue.visibility_s)))
        return Received(found)

    def _delivered(self, message: _Message, hidden_until: datetime) -> Delivery:
        message.receives += 1
        message.receipt = f"{message.number}-{message.receives}"
        if self._random.random() < self.unhidden:
            self.counts["unhidden"] += 1
        else:
            message.visible_at = hidden_until
        if message.receives > 1:
            self.counts["again"] += 1
        return Delivery(message.trade_id, message.trace, message.receipt, message.receives)

    def _bury(self, message: _Message) -> None:
        self.counts["dead"] += 1
        self._alive.remove(message)
        self._dead.append(message)

    def _finish(self, shelf: list[_Message], delivery: Delivery) -> None:
        for message in shelf:
            if message.receipt == delivery.receipt:
                shelf.remove(message)
                self._finished.append(message)
                return
