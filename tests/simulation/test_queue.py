"""The queue in memory keeps SQS's promises, and only those."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.queue import MemoryQueue
from trading.errors import Transient, Unknown
from trading.ports import OrderQueue
from trading.tables import ORDER_REQUESTS

START = datetime(2026, 3, 5, 12, tzinfo=UTC)
HIDDEN = timedelta(seconds=ORDER_REQUESTS.visibility_s)


class Time:
    def __init__(self):
        self.at = START

    def __call__(self):
        return self.at

    def passes(self, by=HIDDEN):
        self.at += by


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def queue(time):
    return MemoryQueue(time)


def ids(received):
    return sorted(delivery.trade_id for delivery in received)


def test_a_message_is_hidden_while_it_is_worked_on_and_then_comes_back(queue, time):
    """Until its visibility time is over nobody else gets it; afterwards it comes again and says how often."""
    port: OrderQueue = queue
    port.send("TRD-1", {"flow_run": "abc"})
    (first,) = port.receive()
    assert (first.trade_id, first.trace, first.receives) == ("TRD-1", {"flow_run": "abc"}, 1)
    time.passes(HIDDEN - timedelta(microseconds=1))
    assert port.receive() == []
    time.passes(timedelta(microseconds=1))
    (second,) = port.receive()
    assert second.receives == 2
    port.done(second)
    time.passes()
    assert port.receive() == []
    assert queue.waiting() == 0


def test_the_receipt_of_an_earlier_delivery_finishes_nothing(queue, time):
    """Whoever slept across the visibility time does not take the message from the one who has it now."""
    queue.send("TRD-1", {})
    (first,) = queue.receive()
    time.passes()
    queue.receive()
    queue.done(first)
    assert queue.waiting() == 1


def test_after_three_deliveries_a_message_is_a_dead_letter(queue, time):
    """It is delivered three times, then it is dead; redriven, it is a new message and no dead letter any more."""
    queue.send("TRD-1", {"a": "b"})
    for receives in (1, 2, 3):
        assert [one.receives for one in queue.receive()] == [receives]
        time.passes()
    assert queue.receive() == []
    assert (queue.waiting(), queue.dead()) == (0, 1)
    (letter,) = queue.dead_letters()
    assert queue.dead_letters() == []
    queue.redrive(letter)
    assert (queue.waiting(), queue.dead()) == (1, 0)
    (again,) = queue.receive()
    assert (again.trade_id, again.trace, again.receives) == ("TRD-1", {"a": "b"}, 1)


def test_a_crash_in_the_middle_of_a_redrive_doubles_the_message(queue, time):
    """Sent and not yet taken off: the dead letter stays, and what it is about is delivered too."""
    queue.send("TRD-1", {})
    for _ in range(4):
        queue.receive()
        time.passes()
    (letter,) = queue.dead_letters()

    def crash(at, _):
        if at == "before redrive":
            raise SystemExit

    queue.on_call = crash
    with pytest.raises(SystemExit):
        queue.redrive(letter)
    assert (queue.waiting(), queue.dead()) == (1, 1)


@given(count=st.integers(0, 25), limit=st.integers(1, 30), seed=st.integers(0, 9))
def test_every_message_comes_whatever_the_order(count, limit, seed):
    """At most ten in a call, each once, none left out."""
    queue = MemoryQueue(lambda: START, seed=seed)
    sent = [f"TRD-{number:02}" for number in range(count)]
    for trade_id in sent:
        queue.send(trade_id, {})
    found = []
    while received := queue.receive(limit):
        assert len(received) <= min(limit, 10)
        found += [delivery.trade_id for delivery in received]
    assert sorted(found) == sent


def test_the_order_is_the_seeds(time):
    """The same seed gives the same order; among some seeds there is more than one order."""

    def order(seed):
        queue = MemoryQueue(time, seed=seed)
        for number in range(5):
            queue.send(f"TRD-{number}", {})
        return tuple(delivery.trade_id for delivery in queue.receive())

    assert order(3) == order(3)
    assert len({order(seed) for seed in range(5)}) > 1


def test_a_delivery_that_is_not_hidden_comes_again_at_once(time):
    """At least once means twice at the same moment, too."""
    queue = MemoryQueue(time, unhidden=1.0)
    queue.send("TRD-1", {})
    assert ids(queue.receive()) == ids(queue.receive()) == ["TRD-1"]
    assert queue.counts == {"unhidden": 2, "again": 1}


def test_a_message_comes_again_on_request_also_when_it_is_done(queue):
    """A test may ask for the redelivery that SQS may always make."""
    queue.send("TRD-1", {})
    queue.done(queue.receive()[0])
    assert queue.redeliver("TRD-1") == 1
    assert ids(queue.receive()) == ["TRD-1"]
    assert queue.redeliver("TRD-1") == 1
    assert ids(queue.receive()) == ["TRD-1"]


@pytest.mark.parametrize(("at", "error", "sent"), [("before send", Transient, 0), ("after send", Unknown, 1)])
def test_the_hook_says_whether_it_happened(queue, at, error, sent):
    """What is raised before leaves everything as it was; what is raised after only hides what was done."""

    def fail(seen, asked):
        assert asked == {"trade_id": "TRD-1"}
        if seen == at:
            raise error("no answer")

    queue.on_call = fail
    with pytest.raises(error):
        queue.send("TRD-1", {})
    assert queue.waiting() == sent


def test_a_lost_reply_of_a_receive_hides_what_nobody_got(queue, time):
    """The messages are counted as received and come again after their visibility time."""
    queue.send("TRD-1", {})

    def lose(at, _):
        if at == "after receive":
            raise Transient("no answer")

    queue.on_call = lose
    with pytest.raises(Transient):
        queue.receive()
    queue.on_call = lambda *_: None
    assert queue.receive() == []
    time.passes()
    assert [one.receives for one in queue.receive()] == [2]
