"""The order queue on SQS: it carries trade ids and their trace, at least once, in any order."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from adapters.aws import Aws
from adapters.aws_errors import translated
from trading.errors import BadInput
from trading.ports import Delivery, Received, Unreadable
from trading.tables import ORDER_REQUESTS, Names, Queue

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

log = logging.getLogger(__name__)

MOST = 10
"""Messages that SQS gives in one call."""


class SqsOrderQueue:
    """The OrderQueue port, safe for many threads. ``wait_s``: how long an empty ``receive`` waits for a message."""

    def __init__(self, names: Names, aws: Aws, *, wait_s: int = 0, queue: Queue = ORDER_REQUESTS) -> None:
        self._client, self._names = aws.sqs, names
        self._queue, self._wait_s = queue, wait_s
        self._found: dict[str, str] = {}
        self._lock = threading.Lock()

    def send(self, trade_id: str, trace: Mapping[str, str]) -> None:
        """Put one trade on the queue; sending it twice is harmless. Raises Transient, Unknown or Halt."""
        body = json.dumps({"trade_id": trade_id, "trace": dict(trace)})
        with translated(f"send {trade_id} to {self._names.queue(self._queue)}", write=True):
            self._client.send_message(QueueUrl=self._url(), MessageBody=body)

    def receive(self, limit: int = MOST) -> Received:
        """Up to ``limit`` (at most 10) messages, hidden from others for the visibility time.

        Messages that cannot be understood hide no others: they are in ``unreadable``, logged, and left to become dead
        letters.
        Raises Transient or Halt.
        """
        return self._received(self._queue, limit, self._wait_s)

    def done(self, delivery: Delivery) -> None:
        """This message needs no further delivery. Doing it twice is harmless. Raises Transient, Unknown or Halt."""
        self._delete(self._queue, delivery)

    def waiting(self) -> int:
        """About how many messages wait, those hidden by a receive included."""
        return self._count(self._queue)

    def dead_letters(self, limit: int = MOST) -> Received:
        """Up to ``limit`` (at most 10) messages that failed three times, hidden from others for a minute.

        Those that cannot be understood are in ``unreadable`` and stay where they are. Raises Transient or Halt.
        """
        return self._received(self._dead(), limit, wait_s=0)

    def redrive(self, delivery: Delivery) -> None:
        """Put a dead letter back on the queue, then take it off the dead ones: it may come twice, it never gets lost.

        delivery:  of ``dead_letters``; its receipt is good for nothing else.
        Raises Transient, Unknown or Halt; whether the letter was sent or not, it may be redriven again.
        """
        self.send(delivery.trade_id, delivery.trace)
        self._delete(self._dead(), delivery)

    def dead(self) -> int:
        """About how many dead letters there are, those hidden by a look at them included."""
        return self._count(self._dead())

    # ---------------------------------------------------------------------------------------------- one queue or other

    def _dead(self) -> Queue:
        if self._queue.dead_letters is None:
            msg = f"{self._queue.name} has no dead letters; ask the queue that they come from"
            raise BadInput(msg)
        return self._queue.dead_letters

    def _received(self, queue: Queue, limit: int, wait_s: int) -> Received:
        name = self._names.queue(queue)
        with translated(f"receive from {name}", write=False):
            reply = self._client.receive_message(
                QueueUrl=self._url(queue),
                MaxNumberOfMessages=min(limit, MOST),
                VisibilityTimeout=queue.visibility_s,
                WaitTimeSeconds=wait_s,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
        return read(reply.get("Messages", []), name)

    def _delete(self, queue: Queue, delivery: Delivery) -> None:
        with translated(f"finish {delivery.trade_id} on {self._names.queue(queue)}", write=True):
            self._client.delete_message(QueueUrl=self._url(queue), ReceiptHandle=delivery.receipt)

    def _count(self, queue: Queue) -> int:
        with translated(f"look at {self._names.queue(queue)}", write=False):
            names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            found = self._client.get_queue_attributes(QueueUrl=self._url(queue), AttributeNames=names)["Attributes"]
        return sum(int(count) for count in found.values())

    def _url(self, queue: Queue | None = None) -> str:
        """A queue's address, asked for once."""
        name = self._names.queue(queue or self._queue)
        with self._lock:
            if name not in self._found:
                self._found[name] = self._client.get_queue_url(QueueName=name)["QueueUrl"]
            return self._found[name]


def read(messages: Iterable[MessageTypeDef], name: str) -> Received:
    """What the messages of a queue say; those that cannot be understood are set apart and logged."""
    deliveries, unreadable = [], []
    for message in messages:
        try:
            deliveries.append(_delivery(message))
        except (ValueError, TypeError, KeyError) as error:
            unreadable.append(Unreadable(message["MessageId"], f"{type(error).__name__}: {error}", _receives(message)))
            log.warning("message %s on %s is not one of ours: %s", message["MessageId"], name, error)
    return Received(deliveries, unreadable)


def _delivery(message: MessageTypeDef) -> Delivery:
    body = json.loads(message["Body"])
    if not isinstance(body, dict):
        raise TypeError("not an object")
    trade_id, trace = body["trade_id"], body.get("trace", {})
    if not (isinstance(trade_id, str) and trade_id):
        raise TypeError("trade_id is not a text")
    if not (isinstance(trace, dict) and all(isinstance(value, str) for value in trace.values())):
        raise TypeError("trace is not an object of texts")
    return Delivery(trade_id, trace, message["ReceiptHandle"], _receives(message))


def _receives(message: MessageTypeDef) -> int:
    return int(message.get("Attributes", {}).get("ApproximateReceiveCount", "1"))
