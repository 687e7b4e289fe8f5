"""The OrderQueue port on SQS."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from adapters.provision import provision
from adapters.sqs import SqsOrderQueue
from trading.errors import Halt
from trading.ports import OrderQueue
from trading.tables import ORDER_REQUESTS, ORDER_REQUESTS_DLQ, Queue


@pytest.fixture
def queue(aws, names):
    provision(names, aws, tables=(), buckets=())
    return SqsOrderQueue(names, aws)


def dead(aws, names):
    return SqsOrderQueue(names, aws, queue=ORDER_REQUESTS_DLQ)


def again(aws, queue, delivery):
    """The visibility time of a message is over."""
    aws.sqs.change_message_visibility(QueueUrl=queue._url(), ReceiptHandle=delivery, VisibilityTimeout=0)


def test_a_message_arrives_with_its_trace(queue):
    """Trade id and trace come as they were sent, and once it is done nothing waits."""
    port: OrderQueue = queue
    port.send("TRD-1", {"flow_run": "abc", "decision": "D-1"})
    (delivery,) = port.receive()
    assert (delivery.trade_id, delivery.trace) == ("TRD-1", {"flow_run": "abc", "decision": "D-1"})
    assert delivery.receives == 1
    assert queue.waiting() == 1
    port.done(delivery)
    assert queue.waiting() == 0
    port.done(delivery)


def test_the_body_is_the_documented_json(queue, aws):
    """Anyone who reads the queue finds one JSON object with trade_id and trace."""
    queue.send("TRD-1", {"a": "b"})
    (message,) = aws.sqs.receive_message(QueueUrl=queue._url())["Messages"]
    assert json.loads(message["Body"]) == {"trade_id": "TRD-1", "trace": {"a": "b"}}


def test_a_received_message_is_hidden_and_comes_back(queue, aws):
    """Nobody else gets it during its visibility time; afterwards it comes again and says so."""
    queue.send("TRD-1", {})
    (first,) = queue.receive()
    assert queue.receive() == []
    again(aws, queue, first.receipt)
    (second,) = queue.receive()
    assert (second.trade_id, second.receives) == ("TRD-1", 2)


def test_at_most_ten_messages_come_at_once(queue):
    """A larger limit asks for ten, which is what SQS gives."""
    for number in range(12):
        queue.send(f"TRD-{number}", {})
    assert len(queue.receive(3)) == 3
    assert len(queue.receive(50)) == 9


BAD = [
    "nonsense",
    "[]",
    "{}",
    '{"trade_id": 7}',
    '{"trade_id": ""}',
    '{"trade_id": "TRD-1", "trace": {"a": 1}}',
    "null",
]


def test_i2_a_bad_message_does_not_hide_the_good_ones(queue, aws):
    """Every kind of bad message is reported by itself, and the good ones beside it are delivered."""
    for body in BAD:
        aws.sqs.send_message(QueueUrl=queue._url(), MessageBody=body)
    queue.send("TRD-1", {})
    queue.send("TRD-2", {})
    received = queue.receive()
    assert sorted(delivery.trade_id for delivery in received) == ["TRD-1", "TRD-2"]
    assert len(received.unreadable) == len(BAD)
    assert all(one.reason and one.message_id for one in received.unreadable)


def test_a_bad_message_becomes_a_dead_letter_after_three_receives(queue, aws, names):
    """It is left alone; the queue's own rule moves it, and the main queue is free of it."""
    aws.sqs.send_message(QueueUrl=queue._url(), MessageBody="nonsense")
    impatient = SqsOrderQueue(names, aws, queue=replace(ORDER_REQUESTS, visibility_s=0))
    assert [[one.receives for one in impatient.receive().unreadable] for _ in range(4)] == [[1], [2], [3], []]
    assert queue.waiting() == 0
    assert [one.receives for one in dead(aws, names).receive().unreadable] == [4]


def test_a_missing_queue_halts_and_says_how_to_make_it(aws, names):
    """One line that names the queue and the command."""
    for step in (lambda queue: queue.receive(), lambda queue: queue.send("T", {}), lambda queue: queue.waiting()):
        with pytest.raises(Halt, match=f"{names.prefix}-order-requests.*trader init"):
            step(SqsOrderQueue(names, aws, queue=Queue("order-requests", 60, 60, 0)))


def test_the_queue_is_made_as_declared(queue, aws):
    """Visibility, retention, long polling and redrive are those of the tables module."""
    found = aws.sqs.get_queue_attributes(QueueUrl=queue._url(), AttributeNames=["All"])["Attributes"]
    assert int(found["VisibilityTimeout"]) == ORDER_REQUESTS.visibility_s == 60
    assert int(found["MessageRetentionPeriod"]) == 4 * 86_400
    assert int(found["ReceiveMessageWaitTimeSeconds"]) == 20
    assert int(json.loads(found["RedrivePolicy"])["maxReceiveCount"]) == 3
