"""The Lambda handler on the books and the simulated venue, in a process like Lambda's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sqs_batch import ORDER_S, Batch
from blocks.handed import with_handed
from deployments.on_lambda.events import FlowAsked, OrdersAsked, asked
from deployments.on_lambda.orders import carried_out
from flows.outcomes import StepsFailedError
from tests.deployments.sandbox import can_be_read_only, handled
from tests.services.conftest import Room, aws, names, room
from trading.errors import BadInput, Halt, Transient
from trading.order import Status

__all__ = ["aws", "names", "room"]

GONE = "http://127.0.0.1:9/api"


@dataclass(frozen=True)
class Queued:
    """Of a desk, what is looked at here."""

    queue: Any


def record(number: int, body: object) -> dict[str, Any]:
    """A record of the event source, as AWS documents it."""
    return {
        "messageId": f"m{number}",
        "receiptHandle": f"r{number}",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:ap-northeast-1:000000000000:trader-order-requests",
    }


def place_of(room: Room, **more: str) -> dict[str, str]:
    """The function's environment: the desk of the room."""
    return {
        "AWS_ENDPOINT_URL": room.aws.endpoint,
        "TRADER_PREFIX": room.names.prefix,
        "TRADER_BINANCE_URL": f"{room.world.url}/binance",
        "TRADER_COINCHECK_URL": f"{room.world.url}/coincheck",
        "TRADER_COINCHECK_ACCESS_KEY": room.world.config.access_key,
        "TRADER_COINCHECK_SECRET_KEY": room.world.config.secret_key,
        **more,
    }


def test_every_event_has_its_answer_without_prefect_and_with_only_tmp_to_write(room: Room) -> None:
    """Wrong events fail with a line; each message of a batch has its own outcome; a redelivery doubles nothing.

    Prefect's API is gone, and the log says so. Of four messages about three things, two of them the same order, only
    the unreadable one must come again; the one about nothing ever booked is dropped. None of it loads what only an
    analysis needs.
    """
    good = room.book_buy("eth_usdt")
    messages = [{"trade_id": good}, {"trade_id": good, "trace": {}}, "this is none of ours", {"trade_id": "TRD-nobody"}]
    batch = {"Records": [record(number, body) for number, body in enumerate(messages)]}
    again = {"Records": [record(7, {"trade_id": good})]}
    read_only = can_be_read_only()
    seen = handled(
        [
            {"flow": "analyse"},
            {"flow": "reconcile", "parameters": {"dessk": "paper"}},
            batch,
            again,
            {"flow": "monitor_positions", "parameters": {"desk": "embedded"}},
        ],
        place_of(room, PREFECT_API_URL=GONE),
        read_only=read_only,
    )
    unknown, misspelt, first, second, monitor = seen["answers"]
    assert unknown["error"].startswith("BadInput: unknown flow 'analyse'; flows are collect_prices")
    assert misspelt["error"].startswith("BadInput: reconcile has no parameter dessk")
    assert first == {"batchItemFailures": [{"itemIdentifier": "m2"}]}
    assert second == {"batchItemFailures": []}
    assert (monitor["engine"], monitor["flow"]) == ("plain", "monitor_positions")
    assert (room.stored(good).status, room.venue_orders()) == (Status.FILLED, 1)
    assert seen["log"].count("runs without Prefect, this run will not be seen there") == 3
    assert (seen["heavy"], seen["read_only"]) == ([], read_only)


def test_only_what_is_not_done_comes_again_whatever_failed() -> None:
    """An error after a message is done brings only the others back; before any is done it fails the invocation."""
    records = [record(1, {"trade_id": "TRD-1"}), record(2, {"trade_id": "TRD-2"})]

    def failing_after(number: int, error: Exception) -> dict[str, Any]:
        def run() -> None:
            queue = with_handed(Queued(None)).queue
            for delivery in queue.receive()[:number]:
                queue.done(delivery)
            raise error

        return carried_out(records, run)

    assert failing_after(1, Transient("Slack is down")) == {"batchItemFailures": [{"itemIdentifier": "m2"}]}
    assert failing_after(2, Halt("stop")) == {"batchItemFailures": []}
    assert len(failing_after(0, StepsFailedError("both failed"))["batchItemFailures"]) == 2
    with pytest.raises(Halt, match="no credentials"):
        failing_after(0, Halt("no credentials"))


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (None, "must be an object"),
        ({}, "names no flow"),
        ({"flow": 3}, "names no flow"),
        ({"flow": "analyze", "parameters": []}, "parameters must be an object"),
        ({"flow": "analyze", "params": {}}, "also has params"),
        ({"Records": [{"eventSource": "aws:s3"}]}, "come from aws:s3"),
        ({"Records": ["x"]}, "come from None"),
        ({"Records": []}, "names no flow"),
    ],
)
def test_an_event_that_is_none_of_ours_is_refused_in_words(event: object, said: str) -> None:
    """Whatever is sent by mistake, the error says what would be right."""
    with pytest.raises(BadInput, match=said):
        asked(event)


def test_an_event_is_a_flow_or_orders() -> None:
    """Parameters may be left out; records of the queue are orders."""
    assert asked({"flow": "backup"}) == FlowAsked("backup", {})
    one = record(1, {"trade_id": "TRD-1"})
    assert asked({"Records": [one]}) == OrdersAsked([one])


@given(st.lists(st.floats(0, 60), min_size=1, max_size=5))
def test_no_order_is_begun_without_time_enough(times: list[float]) -> None:
    """Messages are handed out in order up to the first for which too little time is left; from there all come again."""
    records = [record(number, {"trade_id": f"TRD-{number}"}) for number in range(len(times))]
    clock, begun = iter(times), list[str]()

    def run() -> None:
        queue = with_handed(Queued(None)).queue
        for delivery in queue.receive():
            begun.append(delivery.trade_id)
            queue.done(delivery)

    answer = carried_out(records, run, lambda: next(clock))
    enough = list(takewhile(lambda left_s: left_s >= ORDER_S, times))
    assert begun == [f"TRD-{number}" for number in range(len(enough))]
    again = [one["itemIdentifier"] for one in answer["batchItemFailures"]]
    assert again == [f"m{number}" for number in range(len(enough), len(times))]


def test_a_batch_is_taken_once_and_names_what_is_not_done() -> None:
    """What is received a second time is nothing; what somebody else received is not counted here."""
    batch = Batch([record(1, {"trade_id": "TRD-1"}), record(2, {"trade_id": "TRD-2"}), record(3, "?")])
    first, second = batch.take()
    assert batch.take() == []
    assert batch.finish(second)
    assert not batch.finish(type(first)("TRD-9", {}, "receipt of another queue"))
    assert batch.unfinished() == ["m1", "m3"]
    with pytest.raises(BadInput, match="not SQS messages"):
        Batch([{"messageId": "m1"}])
