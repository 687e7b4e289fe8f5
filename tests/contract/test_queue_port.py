"""The OrderQueue port, on every queue there is: SQS's protocol on the stand-in, and the simulation's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.provision import provision
from adapters.sqs import SqsOrderQueue
from tests.simulation.queue import MemoryQueue
from trading.ports import OrderQueue
from trading.tables import ORDER_REQUESTS

NOW = datetime(2026, 1, 5, tzinfo=UTC)


class Moved:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at


@pytest.fixture(params=["sqs", "memory"])
def queue_and_wait(request, aws, names) -> tuple[OrderQueue, Callable[[], None]]:
    """A queue, and how its visibility time passes."""
    if request.param == "memory":
        clock = Moved()

        def passes() -> None:
            clock.at += timedelta(seconds=ORDER_REQUESTS.visibility_s)

        return MemoryQueue(clock.now, seed=1), passes
    provision(names, aws, tables=(), buckets=())
    return SqsOrderQueue(names, aws, queue=replace(ORDER_REQUESTS, visibility_s=1)), lambda: time.sleep(1.1)


def test_every_message_comes_at_least_once_and_not_twice_while_hidden(queue_and_wait) -> None:
    """What was sent is received with its trace; hidden from others until its time is over; done, it is gone."""
    queue, wait = queue_and_wait
    queue.send("TRD-1", {"decision_id": "D-1"})
    (first,) = queue.receive()
    assert (first.trade_id, first.trace, first.receives) == ("TRD-1", {"decision_id": "D-1"}, 1)
    assert list(queue.receive()) == []
    wait()
    (second,) = queue.receive()
    assert second.receives == 2
    queue.done(second)
    queue.done(second)
    wait()
    assert list(queue.receive()) == []


def test_three_failures_make_a_dead_letter_and_a_redrive_brings_it_back(queue_and_wait) -> None:
    """After three receives it is a dead letter; redriven it is delivered again, and the dead letters are empty."""
    queue, wait = queue_and_wait
    queue.send("TRD-1", {"a": "b"})
    for _ in range(3):
        assert len(queue.receive()) == 1
        wait()
    assert list(queue.receive()) == []
    assert queue.dead() == 1
    (letter,) = queue.dead_letters()
    queue.redrive(letter)
    (back,) = queue.receive()
    assert (back.trade_id, back.trace) == ("TRD-1", {"a": "b"})
    assert (queue.dead(), list(queue.dead_letters())) == (0, [])


def test_at_most_ten_come_at_once(queue_and_wait) -> None:
    """A call gives ten messages at most, whatever is asked for, and none twice."""
    queue, _ = queue_and_wait
    for number in range(12):
        queue.send(f"TRD-{number}", {})
    first, second = queue.receive(50), queue.receive(50)
    assert (len(first), len(second)) == (10, 2)
    assert len({one.trade_id for one in [*first, *second]}) == 12
