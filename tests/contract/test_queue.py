"""The OrderQueue port on SQS."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.provision import provision
from adapters.sqs import SqsOrderQueue
from trading.errors import BadInput, Halt, Transient
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


# ------------------------------------------------------------------------------------------------------- dead letters


def died(queue, aws, *bodies):
    """Messages that were received three times in vain."""
    for body in bodies:
        aws.sqs.send_message(QueueUrl=queue._url(ORDER_REQUESTS_DLQ), MessageBody=body)


def letter(trade_id):
    return json.dumps({"trade_id": trade_id, "trace": {"flow_run": "abc"}})


def all_dead(queue):
    """Every dead letter once, in calls of ten; all are hidden afterwards."""
    found = []
    while some := queue.dead_letters():
        found += some
    return found


@given(st.sets(st.integers(0, 99), max_size=23))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_whole_dead_letter_queue_redriven_twice_loses_and_adds_nothing(queue, aws, numbers):
    """Every trade is on the queue again, with its trace; no dead letter is left, and no trade came from nowhere."""
    trades = {f"TRD-{number}" for number in numbers}
    died(queue, aws, *map(letter, trades))
    letters = all_dead(queue)
    for delivery in (*letters, *letters):
        queue.redrive(delivery)
    assert queue.dead() == 0
    delivered = []
    while some := queue.receive():
        delivered += some
    for delivery in delivered:
        queue.done(delivery)
    assert {delivery.trade_id for delivery in delivered} == {one.trade_id for one in letters} == trades
    assert all(delivery.trace == {"flow_run": "abc"} for delivery in delivered)


def test_a_message_that_failed_three_times_is_delivered_after_a_redrive(queue, aws, names):
    """The queue's own rule moves it; from then on it is seen as dead, hidden for a while, and comes when redriven."""
    queue.send("TRD-1", {"a": "b"})
    impatient = SqsOrderQueue(names, aws, queue=replace(ORDER_REQUESTS, visibility_s=0))
    assert [len(impatient.receive()) for _ in range(4)] == [1, 1, 1, 0]
    assert (queue.waiting(), queue.dead()) == (0, 1)
    (delivery,) = queue.dead_letters()
    assert queue.dead_letters() == []
    assert queue.dead() == 1
    queue.redrive(delivery)
    assert (queue.waiting(), queue.dead()) == (1, 0)
    (again_,) = queue.receive()
    assert (again_.trade_id, again_.trace, again_.receives) == ("TRD-1", {"a": "b"}, 1)


def test_a_crash_in_a_redrive_makes_the_message_come_twice(queue, aws, monkeypatch):
    """It is sent before it is taken off the dead letters: at no moment is it nowhere."""
    died(queue, aws, letter("TRD-1"))
    (delivery,) = queue.dead_letters()
    with monkeypatch.context() as patch:
        patch.setattr(queue, "_delete", lambda *_: pytest.fail("crash"))
        with pytest.raises(pytest.fail.Exception):
            queue.redrive(delivery)
    assert (queue.waiting(), queue.dead()) == (1, 1)
    queue.redrive(delivery)
    assert [one.trade_id for one in queue.receive()] == ["TRD-1", "TRD-1"]
    assert queue.dead() == 0


def test_a_redrive_that_cannot_send_leaves_the_dead_letter(queue, aws, monkeypatch):
    """Nothing happened: it is still dead."""
    died(queue, aws, letter("TRD-1"))
    (delivery,) = queue.dead_letters()
    monkeypatch.setattr(queue, "send", lambda *_: (_ for _ in ()).throw(Transient("no connection")))
    with pytest.raises(Transient):
        queue.redrive(delivery)
    assert (queue.waiting(), queue.dead()) == (0, 1)


def test_unreadable_dead_letters_stay(queue, aws):
    """They are reported with a reason, hide no others, and are still there when the others were redriven."""
    died(queue, aws, *BAD, letter("TRD-1"))
    received = queue.dead_letters()
    assert [one.trade_id for one in received] == ["TRD-1"]
    assert len(received.unreadable) == len(BAD)
    assert all(one.reason for one in received.unreadable)
    queue.redrive(received[0])
    assert (queue.waiting(), queue.dead()) == (1, len(BAD))


def test_at_most_ten_dead_letters_come_at_once(queue, aws):
    """As with any receive."""
    died(queue, aws, *(letter(f"TRD-{number}") for number in range(12)))
    assert [len(queue.dead_letters(limit)) for limit in (1, 50)] == [1, 10]


def test_dead_letters_have_no_dead_letters(aws, names, queue):
    """Asked of the wrong queue, the remedy is named."""
    with pytest.raises(BadInput, match="order-requests-dlq has no dead letters"):
        dead(aws, names).dead_letters()


# -------------------------------------------------------------------------------------------------------------- making


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
