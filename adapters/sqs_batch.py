"""Messages that AWS hands to a function: the event source took them off the queue, and deletes those that we name done.

batch = Batch(event["Records"])
…                                  # a flow receives them and calls done(), as it would with any queue
return {"batchItemFailures": [{"itemIdentifier": one} for one in batch.unfinished()]}
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from adapters.sqs import MOST, read
from trading.errors import BadInput
from trading.ports import Delivery, OrderQueue, Received

log = logging.getLogger(__name__)

ORDER_S = 15.0
"""No order is begun with less time than this: one that is cut off between sending and booking is UNKNOWN."""


def _time_enough() -> float:
    return float("inf")


class InTime(Received):
    """Deliveries that are handed out one by one, and not once there is too little time left to carry one out."""

    def __init__(self, received: Received, left_s: Callable[[], float]) -> None:
        """As received; ``left_s`` is asked before each."""
        super().__init__(list(received), received.unreadable)
        self._left_s = left_s

    def __iter__(self) -> Iterator[Delivery]:
        """Those that there is time for; the others are not touched, and so come again."""
        for number, delivery in enumerate(super().__iter__()):
            if (left_s := self._left_s()) < ORDER_S:
                log.error("%d messages are left for the next time: %.1f s are too few", len(self) - number, left_s)
                return
            yield delivery


class Batch:
    """The messages of one event and which of them are done. Raises BadInput for records that are no SQS messages.

    left_s:  seconds until this process is ended, if somebody knows.
    """

    def __init__(self, records: Iterable[Mapping[str, Any]], left_s: Callable[[], float] = _time_enough) -> None:
        self._left_s = left_s
        try:
            self._ids = {one["receiptHandle"]: str(one["messageId"]) for one in records}
            messages: Any = [
                {
                    "MessageId": one["messageId"],
                    "ReceiptHandle": one["receiptHandle"],
                    "Body": one["body"],
                    "Attributes": one.get("attributes", {}),
                }
                for one in records
            ]
        except (KeyError, TypeError) as error:
            msg = f"the records of the event are not SQS messages: {type(error).__name__}: {error}"
            raise BadInput(msg) from error
        self._waiting = read(messages, "the event")
        self._done: set[str] = set()
        self._lock = threading.Lock()

    def take(self) -> Received:
        """All messages, once, each for as long as there is time for an order."""
        with self._lock:
            taken, self._waiting = self._waiting, Received([])
            return InTime(taken, self._left_s)

    def finish(self, delivery: Delivery) -> bool:
        """Whether this message came with the event; it then counts as done."""
        with self._lock:
            ours = delivery.receipt in self._ids
            if ours:
                self._done.add(delivery.receipt)
            return ours

    def unfinished(self) -> list[str]:
        """The ids of the messages that must come again."""
        with self._lock:
            return [message for receipt, message in self._ids.items() if receipt not in self._done]


class HandedQueue:
    """The OrderQueue port: receives from the batch, done() only marks; all else is the queue's own business."""

    def __init__(self, queue: OrderQueue, batch: Batch) -> None:
        self._queue, self._batch = queue, batch

    def send(self, trade_id: str, trace: Mapping[str, str]) -> None:
        """Put one trade on the queue itself."""
        self._queue.send(trade_id, trace)

    def receive(self, limit: int = MOST) -> Received:  # noqa: ARG002 (the event is as large as it is)
        """The messages of the event, once; nothing after that."""
        return self._batch.take()

    def done(self, delivery: Delivery) -> None:
        """Mark it: the event source deletes what is not named as failed when the function returns."""
        if not self._batch.finish(delivery):
            self._queue.done(delivery)

    def dead_letters(self, limit: int = MOST) -> Received:
        """Of the queue itself."""
        return self._queue.dead_letters(limit)

    def dead(self) -> int:
        """Of the queue itself."""
        return self._queue.dead()

    def redrive(self, delivery: Delivery) -> None:
        """Of the queue itself."""
        self._queue.redrive(delivery)
