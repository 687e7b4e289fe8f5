"""The Lambda handler on the books and the simulated venue, in a process like Lambda's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.sqs_batch import Batch
from deployments.on_lambda.events import FlowAsked, OrdersAsked, asked
from tests.deployments.sandbox import can_be_read_only, handled
from tests.services.conftest import Room, aws, names, room
from trading.errors import BadInput
from trading.order import Status

__all__ = ["aws", "names", "room"]


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


def test_every_event_has_its_answer_where_only_tmp_can_be_written(room: Room) -> None:
    """Wrong events fail with a line; each message of a batch has its own outcome; a redelivery doubles nothing.

    Of four messages about three things, two of them the same order, only the unreadable one must come again; the one
    about nothing ever booked is dropped. None of it loads what only an analysis needs.
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
        place_of(room),
        read_only=read_only,
    )
    unknown, misspelt, first, second, monitor = seen["answers"]
    assert unknown["error"].startswith("BadInput: unknown flow 'analyse'; flows are collect_prices")
    assert misspelt["error"].startswith("BadInput: reconcile has no parameter dessk")
    assert first == {"batchItemFailures": [{"itemIdentifier": "m2"}]}
    assert second == {"batchItemFailures": []}
    assert (monitor["engine"], monitor["flow"]) == ("plain", "monitor_positions")
    assert (room.stored(good).status, room.venue_orders()) == (Status.FILLED, 1)
    assert (seen["heavy"], seen["read_only"]) == ([], read_only)


def test_a_prefect_that_does_not_answer_stops_no_order(room: Room) -> None:
    """With an API that is gone the order is carried out all the same, and the log says what is missing."""
    good = room.book_buy("eth_usdt")
    place = place_of(room, PREFECT_API_URL="http://127.0.0.1:9/api")
    seen = handled([{"Records": [record(1, {"trade_id": good})]}], place, read_only=False)
    assert seen["answers"] == [{"batchItemFailures": []}]
    assert (room.stored(good).status, room.venue_orders()) == (Status.FILLED, 1)
    assert "runs without Prefect, this run will not be seen there" in seen["log"]


def test_a_desk_that_cannot_be_opened_fails_the_whole_batch(room: Room) -> None:
    """A missing credential is no message's fault: the invocation fails, with the line that says what to do."""
    place = place_of(room)
    del place["TRADER_COINCHECK_SECRET_KEY"]
    seen = handled([{"Records": [record(1, {"trade_id": "TRD-1"})]}], place, read_only=False)
    assert seen["answers"][0]["error"].startswith("Halt: the exchange needs credentials: set TRADER_COINCHECK")


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
