"""A room to execute orders in: real books on the AWS stand-in, our Coincheck client, a simulated venue; no Prefect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.aws import Aws, open_aws
from adapters.aws_stand_in import serve
from adapters.binance import BinanceMarketData
from adapters.coincheck import CoincheckExchange, Credentials
from adapters.dynamodb import DynamoCandles, DynamoLedger, open_tables
from adapters.dynamodb.items import position_items
from adapters.provision import provision
from tests.contract.worlds import World, open_world
from trading.errors import Unknown
from trading.money import yen
from trading.order import Intent, PriceBand, Side, Status, StopSell, Trade, entry_trade_id
from trading.pairs import Pair, parse_pairs
from trading.ports import Booking
from trading.position import Position, exit_intent
from trading.services import evidence, execute, protect, settle
from trading.services.reconcile import reconcile
from trading.strategy import Strategy
from trading.tables import ORDER_STATE, QUEUES, TABLES, Names
from trading.venue import VenueOrder

PAIRS = {pair.key: pair for pair in parse_pairs(None)}
_numbers = count()


@dataclass
class Room:
    """Everything one executor has, and short words for what the tests do with it."""

    world: World
    exchange: CoincheckExchange
    market: BinanceMarketData
    ledger: DynamoLedger
    candles: DynamoCandles
    strategy: Strategy
    aws: Aws
    names: Names

    def now(self) -> datetime:
        return self.market.server_time()

    def pair(self, key: str) -> Pair:
        return PAIRS[key]

    def book_buy(self, key: str = "eth_usdt", yen_spent: int = 10_000, **changes: Any) -> str:
        """One booked entry at the venue's own price; its trade id."""
        at, pair = self.now(), PAIRS[key]
        ask = self.exchange.ticker(pair.coincheck).ask
        decision = f"AN-{next(_numbers)}"
        plain = {
            "trade_id": entry_trade_id(decision, key), "pair": key, "trading_pair": pair.coincheck, "side": Side.BUY,
            "reason": "SIGNAL", "decision_id": decision, "signal_id": f"SIG-{decision}", "strategy_id": "default",
            "strategy_version": 1, "created_at": at, "expires_at": at + timedelta(minutes=4),
            "band": PriceBand(ask.scaled(Decimal("0.98")), ask.scaled(Decimal("1.02"))), "spend": yen(yen_spent),
        }  # fmt: skip
        intent = Intent(**{**plain, **changes})
        self.ledger.book(Booking(decision, at, [], [intent], [key]))
        return intent.trade_id

    def claim(self, trade_id: str, token: str = "me") -> Trade:  # noqa: S107 (a name, no secret)
        return execute.claim(trade_id, token, self.now(), self.ledger, self.strategy)

    def check(self, trade: Trade) -> Trade:
        trade = protect.taken_over(trade, self.now(), self.ledger, self.exchange, self.strategy)
        return (
            trade
            if trade.status is not Status.CLAIMED
            else execute.check(trade, self.now(), self.ledger, self.exchange, self.strategy)
        )

    def send(self, trade: Trade) -> Trade:
        return execute.send(trade, self, self.ledger, self.exchange)

    def free_coins(self, trade: Trade) -> Trade:
        freed = protect.free_coins(trade, self.now(), self.ledger, self.exchange, self.strategy)
        return execute.ready(freed, self.now(), self.ledger, self.exchange)

    def look_up(self, trade: Trade) -> Trade:
        return evidence.look_up(trade, self.now(), self.ledger, self.exchange, self.strategy)

    def settle(self, trade: Trade) -> Trade:
        return settle.settle(trade, self.now(), self.ledger, self.exchange, self.strategy)

    def carried_out(self, trade_id: str) -> Trade:
        """All steps, as the flow takes them."""
        trade = self.claim(trade_id)
        trade = self.look_up(trade) if trade.status is Status.UNKNOWN else trade
        trade = self.check(trade) if trade.status is Status.CLAIMED else trade
        trade = self.free_coins(trade) if trade.status is Status.CLAIMED else trade
        trade = self.send(trade) if trade.status is Status.CLAIMED else trade
        return self.settle(trade) if trade.status is Status.ACCEPTED else trade

    def lost_buy(self, key: str = "eth_usdt", kind: str = "lost_reply", **changes: Any) -> str:
        """An entry whose answer was lost on the way to the venue (reset) or back (lost_reply): UNKNOWN."""
        trade_id = self.book_buy(key, **changes)
        claimed = self.check(self.claim(trade_id))
        self.world.fault(target="coincheck", path="/api/exchange/orders", method="POST", kind=kind)
        with pytest.raises(Unknown):
            self.send(claimed)
        return trade_id

    def bought(self, key: str = "sol_usdt") -> Position:
        """One open position, filled at the venue."""
        self.carried_out(self.book_buy(key))
        return next(held for held in self.ledger.open_positions() if held.pair == key)

    def book_exit(self, position: Position) -> str:
        """One booked exit of a position; its trade id."""
        at = self.now()
        until = at + timedelta(minutes=4)
        exit_ = exit_intent(
            position, "SIGNAL", decision_id="AN-x", created_at=at, expires_at=until, strategy=self.strategy
        )
        self.ledger.book_exit(exit_, position)
        return exit_.trade_id

    def lost_exit(self, kind: str) -> tuple[Position, str]:
        """A position and its exit, whose answer was lost: UNKNOWN."""
        position = self.bought()
        exit_id = self.book_exit(position)
        ready = self.free_coins(self.check(self.claim(exit_id)))
        self.world.fault(target="coincheck", path="/api/exchange/orders", method="POST", kind=kind)
        with pytest.raises(Unknown):
            self.send(ready)
        return position, exit_id

    def stop_fires(self, position: Position, stop: VenueOrder) -> Position:
        """The position after its stop sold. The market falls when it wants to, so the stop is put above the price."""
        self.exchange.cancel(stop.order_id)
        near = self.exchange.ticker(position.trading_pair).bid.scaled(Decimal("1.001"))
        order_id = self.exchange.place(StopSell(position.trading_pair, position.size, near), lambda: True)
        held = self.ledger.position(position.position_id)
        assert held is not None
        assert held.protection is not None
        protection = replace(held.protection, order_id=order_id)
        sold = replace(held, protection=protection, version=held.version + 1)
        self.ledger.save_position(sold)
        return sold

    def erase(self, position: Position) -> None:
        """Somebody deletes a position from the table, by hand."""
        main, *lists = position_items(position, self.now())
        for item in (main, *lists):
            key = {name: {"S": str(item[name])} for name in ("pk", "sk")}
            self.aws.dynamodb.delete_item(TableName=self.names.table(ORDER_STATE), Key=key)

    def with_new_books(self) -> Room:
        """The same account, and books in which nothing was ever written."""
        names = new_names(self.aws)
        return replace(self, ledger=open_tables(names, self.aws).ledger, names=names)

    def stored(self, trade_id: str) -> Trade:
        """A trade as the books have it."""
        trade = self.ledger.trade(trade_id)
        assert trade is not None
        return trade

    def venue_orders(self) -> int:
        return int(self.world.ledger()["accepted"])


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    running = serve()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", running.url)
        opened = open_aws()
    yield opened
    running.stop()


def new_names(aws: Aws) -> Names:
    """A prefix that nobody used, with all that a desk needs in its account."""
    names = aws.complete(Names(f"room-{next(_numbers)}"))
    provision(names, aws)
    return names


def emptied(names: Names, aws: Aws) -> Names:
    """The same tables and queues as if they were new. What is in the buckets stays: no room looks into them."""
    for table in TABLES:
        name, kept = names.table(table), {"#0": table.pk.name} | ({"#1": table.sk.name} if table.sk else {})
        pages = aws.dynamodb.get_paginator("scan").paginate(
            TableName=name, ConsistentRead=True, ProjectionExpression=",".join(kept), ExpressionAttributeNames=kept
        )
        for key in [key for page in pages for key in page["Items"]]:
            aws.dynamodb.delete_item(TableName=name, Key=key)
    for queue in QUEUES:
        aws.sqs.purge_queue(QueueUrl=aws.sqs.get_queue_url(QueueName=names.queue(queue))["QueueUrl"])
    return names


_left: dict[str, list[Names]] = {}
"""Tables that an earlier test of this process is done with, by the endpoint they are on: making new ones is slow."""


@pytest.fixture
def names(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    """Empty tables and queues."""
    monkeypatch.setenv("MOTO_SQS_ENFORCE_STRICT_QUEUE_PURGE_BEHAVIOUR", "false")  # AWS: once a minute
    left = _left.setdefault(aws.endpoint, [])
    names = emptied(left.pop(), aws) if left else new_names(aws)
    yield names
    left.append(names)


@pytest.fixture
def room(aws: Aws, names: Names, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)  # not what other folders' tests point at
    tables = open_tables(names, aws)
    with open_world(seed=3) as world:
        keys = Credentials(SecretStr(world.config.access_key), SecretStr(world.config.secret_key))
        exchange = CoincheckExchange(
            f"{world.url}/coincheck", keys, tuple(PAIRS.values()), orders_per_s=None, details_per_s=None
        )
        market = BinanceMarketData(f"{world.url}/binance")
        room = Room(world, exchange, market, tables.ledger, tables.candles, Strategy(), aws, names)
        reconcile(room.now(), tuple(PAIRS.values()), room.ledger, room.exchange, room.strategy)
        yield room
        exchange.close()
        market.close()
