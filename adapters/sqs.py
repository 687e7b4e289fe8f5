"""The order queue on SQS: it carries trade ids and their trace, at least once, in any order."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adapters.aws import Aws
from adapters.aws_errors import translated
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
        self._client, self._name = aws.sqs, names.queue(queue)
        self._visibility_s, self._wait_s = queue.visibility_s, wait_s
        self._found: str | None = None
        self._lock = threading.Lock()

    def send(self, trade_id: str, trace: Mapping[str, str]) -> None:
        """Put one trade on the queue; sending it twice is harmless. Raises Transient, Unknown or Halt."""
        body = json.dumps({"trade_id": trade_id, "trace": dict(trace)})
        with translated(f"send {trade_id} to {self._name}", write=True):
            self._client.send_message(QueueUrl=self._url(), MessageBody=body)

    def receive(self, limit: int = MOST) -> Received:
        """Up to ``limit`` (at most 10) messages, hidden from others for the visibility time.

        Messages that cannot be understood hide no others: they are in ``unreadable``, logged, and left to become dead
        letters.
        Raises Transient or Halt.
        """
        with translated(f"receive from {self._name}", write=False):
            reply = self._client.receive_message(
                QueueUrl=self._url(),
                MaxNumberOfMessages=min(limit, MOST),
                VisibilityTimeout=self._visibility_s,
                WaitTimeSeconds=self._wait_s,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
        deliveries, unreadable = [], []
        for message in reply.get("Messages", []):
            try:
                deliveries.append(_delivery(message))
            except (ValueError, TypeError, KeyError) as error:
                unreadable.append(
                    Unreadable(message["MessageId"], f"{type(error).__name__}: {error}", _receives(message))
                )
                log.warning("message %s on %s is not one of ours: %s", message["MessageId"], self._name, error)
        return Received(deliveries, unreadable)

    def done(self, delivery: Delivery) -> None:
        """This message needs no further delivery. Doing it twice is harmless. Raises Transient, Unknown or Halt."""
        with translated(f"finish {delivery.trade_id} on {self._name}", write=True):
            self._client.delete_message(QueueUrl=self._url(), ReceiptHandle=delivery.receipt)

    def waiting(self) -> int:
        """About how many messages wait, those hidden by a receive included."""
        with translated(f"look at {self._name}", write=False):
            names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            found = self._client.get_queue_attributes(QueueUrl=self._url(), AttributeNames=names)["Attributes"]
        return sum(int(count) for count in found.values())

    def _url(self) -> str:
        """The queue's address, asked for once."""
        with self._lock:
            if self._found is None:
                self._found = self._client.get_queue_url(QueueName=self._name)["QueueUrl"]
            return self._found


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
