"""The Lambda handler, really executed: an emulator starts it for a schedule and for batches of the order queue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from adapters.aws import Aws, open_aws, open_client
from adapters.binance import BinanceMarketData
from adapters.coincheck import CoincheckExchange, Credentials
from adapters.dynamodb import open_tables
from adapters.provision import provision
from adapters.sqs import SqsOrderQueue
from tests.contract.worlds import open_world
from tests.operations.emulated import ACCOUNT, ROLE, made_function, ministack, until
from tests.services.conftest import PAIRS, Room
from trading.order import Status
from trading.services.reconcile import reconcile
from trading.strategy import Strategy
from trading.tables import ORDER_REQUESTS, ORDER_REQUESTS_DLQ, QUEUES, Names

FUNCTION, TIMEOUT_S, SHORT_S = "trader", 60, 3
NEVER_OURS = "this is no order message"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with pytest.MonkeyPatch.context() as patch, ministack(tmp_path_factory.mktemp("ministack")) as url:
        patch.setenv("AWS_ENDPOINT_URL", url)
        patch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
        yield open_aws()


@pytest.fixture
def room(aws: Aws) -> Iterator[Room]:
    """The embedded desk's own tables, and a venue whose time is ours: the emulator forgets what is out of date."""
    names = aws.complete(Names("trader"))
    provision(names, aws, queues=[replace(one, visibility_s=TIMEOUT_S) for one in QUEUES])
    tables = open_tables(names, aws)
    with open_world(seed=3, start=datetime.now(UTC).replace(microsecond=0)) as world:
        keys = Credentials(SecretStr(world.config.access_key), SecretStr(world.config.secret_key))
        exchange = CoincheckExchange(f"{world.url}/coincheck", keys, tuple(PAIRS.values()), orders_per_s=None)
        market = BinanceMarketData(f"{world.url}/binance")
        made = Room(world, exchange, market, tables.ledger, tables.candles, Strategy(), aws, names)
        reconcile(made.now(), tuple(PAIRS.values()), made.ledger, exchange, made.strategy)
        yield made
        exchange.close()
        market.close()


@pytest.fixture
def function(aws: Aws, room: Room, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    environment = {
        "TRADER_DESK": "embedded",
        "TRADER_BINANCE_URL": f"{room.world.url}/binance",
        "TRADER_COINCHECK_URL": f"{room.world.url}/coincheck",
        "TRADER_COINCHECK_ACCESS_KEY": room.world.config.access_key,
        "TRADER_COINCHECK_SECRET_KEY": room.world.config.secret_key,
    }
    return made_function(FUNCTION, environment, TIMEOUT_S)


def scheduled(arn: str, event: object) -> None:
    """Once, in two seconds."""
    at = datetime.now(UTC) + timedelta(seconds=2)
    open_client("scheduler").create_schedule(
        Name="reconcile",
        ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": ROLE, "Input": json.dumps(event)},
    )


def fed_by_the_queue(room: Room) -> str:
    """The event source mapping, and the queue's messages coming again soon; the queue's address."""
    url = room.aws.sqs.get_queue_url(QueueName=room.names.queue(ORDER_REQUESTS))["QueueUrl"]
    arn = room.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    open_client("lambda").create_event_source_mapping(
        EventSourceArn=arn,
        FunctionName=FUNCTION,
        BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        ScalingConfig={"MaximumConcurrency": 2},
    )
    room.aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(SHORT_S)})
    return url


@pytest.mark.slow
def test_a_function_runs_flows_on_schedule_and_orders_from_the_queue(function: str, room: Room) -> None:
    """A schedule runs its flow; of a batch each message has its own outcome.

    The good order is filled once, also when its message comes twice and again later; the message that nobody can read
    is a dead letter after three receives; the one about nothing ever booked is dropped.
    """
    room.world.advance(60)
    scheduled(function, {"flow": "reconcile"})
    until(lambda: room.ledger.reconciliation().at > room.now() - timedelta(seconds=50), "a scheduled reconcile")

    good = room.book_buy("eth_usdt")
    queue, url = SqsOrderQueue(room.names, room.aws), fed_by_the_queue(room)
    for trade_id in (good, good, "TRD-nobody-knows-BUY"):
        queue.send(trade_id, {"decision_id": "AN-1"})
    room.aws.sqs.send_message(QueueUrl=url, MessageBody=NEVER_OURS)

    until(lambda: queue.dead() == 1 and queue.waiting() == 0, "the unreadable message dead, all others done")
    queue.send(good, {})
    until(lambda: queue.waiting() == 0, "a redelivery is done, too")

    trade = room.stored(good)
    assert (trade.status, room.venue_orders()) == (Status.FILLED, 1)
    dead = room.aws.sqs.receive_message(
        QueueUrl=url.replace(room.names.queue(ORDER_REQUESTS), room.names.queue(ORDER_REQUESTS_DLQ)),
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
    )["Messages"]
    assert [one["Body"] for one in dead] == [NEVER_OURS]
