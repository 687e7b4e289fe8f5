"""Incidents of orders: made twice, lost, or refused."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from adapters.coincheck import CoincheckExchange, Credentials
from adapters.coincheck.signing import Nonces
from adapters.dynamodb import DynamoLedger
from adapters.dynamodb.writes import Writes
from adapters.http import http_client
from flows import execute_orders
from flows.reconcile import reconcile
from tests.incidents.stage import Incident, Stage, harmless
from tests.services.conftest import PAIRS, Room
from tests.simulation.broken import no_claim, redelivery_not_recognised, unknown_is_rejected
from trading.errors import Conflict, Transient
from trading.order import Intent, Status
from trading.ports import Booking
from trading.scoring import Decision
from trading.services import books, decide, intents, sweep
from trading.sizing import NoEntry
from trading.weighing import Ranked

LOST = {"target": "coincheck", "path": "/api/exchange/orders", "method": "POST", "kind": "lost_reply"}


# ------------------------------------------------------------------------------------------------------------------ I1


def crash_after_the_buy(stage: Stage) -> None:
    """The buy went through, saving the position crashed on an empty field, and the message came again."""
    room = stage.room
    trade_id = room.book_buy()
    stage.fails_once(room.ledger, "open_position", ValueError("an empty field"))
    stage.deliver(trade_id)
    assert room.venue_orders() == 1
    assert room.ledger.open_positions() == []
    room.world.advance(60)
    stage.deliver(trade_id)
    assert room.venue_orders() == 1, "bought twice"
    assert len(room.ledger.open_positions()) == 1, "bought and never booked"


def one_message_to_two_executors(stage: Stage) -> None:
    """The message came twice at once: both executors read the trade BOOKED before either has claimed it."""
    room = stage.room
    trade_id = room.book_buy()
    booked, read = room.ledger.trade(trade_id), room.ledger.trade
    stage.patch.setattr(room.ledger, "trade", lambda _: booked)
    claims = []
    for token in ("first", "second"):
        with suppress(Conflict):
            claims.append(room.claim(trade_id, token))
    stage.patch.setattr(room.ledger, "trade", read)
    for claimed in claims:
        with suppress(Conflict):
            room.send(room.check(claimed))
    assert room.venue_orders() == 1, "two executors bought"


# ------------------------------------------------------------------------------------------------------------------ I2


def bad_message_among_good_ones(stage: Stage) -> None:
    """Between two good messages are one about nothing and one that is no message at all."""
    room, queue = stage.room, stage.queue
    first, last = room.book_buy("eth_usdt"), room.book_buy("sol_usdt")
    queue.send(first, {})
    queue._client.send_message(QueueUrl=queue._url(), MessageBody="{")
    queue.send("TRD-never-booked", {})
    with harmless("one bad message stopped the batch"):
        stage.deliver(last)
    assert {held.pair for held in room.ledger.open_positions()} == {"eth_usdt", "sol_usdt"}, "a good order was not made"
    assert queue.waiting() == 1, "good messages come again"
    assert {alarm.fields["trade_id"] for alarm in stage.told.notices if alarm.kind == "order.failed"} > {
        "TRD-never-booked"
    }, "nobody was told of the bad ones"


def one_outcome_for_the_batch(stage: Stage) -> None:
    """What fails in one message ends the whole run."""
    one_by_one = execute_orders.carry_out

    class WholeBatch(BaseException):
        """Passes by whoever looks at one message."""

    def carry_out(*given: Any) -> Any:
        try:
            return one_by_one(*given)
        except Exception as error:
            raise WholeBatch from error

    def deliver(*trade_ids: str) -> None:
        with suppress(WholeBatch):
            Stage.deliver(stage, *trade_ids)

    stage.patch.setattr(execute_orders, "carry_out", carry_out)
    stage.patch.setattr(stage, "deliver", deliver)


# ----------------------------------------------------------------------------------------------------------------- I20


def overlapping_analyses(stage: Stage) -> None:
    """Three runs, the last in the next slot: all saw nothing held, all decided to buy, and all book and send."""
    room, began = stage.room, stage.room.now()
    moments = [began + timedelta(seconds=late_s) for late_s in (2, 150, 301)]
    shaped = [_wanted(room, at) for at in moments]
    for at, intent in zip(moments, shaped, strict=True):
        booking = Booking(intents.decision_id_of(at), at, [], [intent], [intent.pair])
        for trade_id in decide.book(booking, room.ledger)[0]:
            stage.deliver(trade_id)
    assert room.venue_orders() == 1, "overlapping analyses made several orders"


def _wanted(room: Room, at: datetime) -> Intent:
    best = Ranked("eth_usdt", 0.9, {}, {}, {})
    decision = Decision("BUY", ("eth_usdt",), ("test",), 0.28, -0.15, (best,))
    seen = books.read_books(at, room.ledger, room.exchange)
    intent = intents.entry(decision, PAIRS["eth_usdt"], seen, at, room.exchange, room.strategy)
    assert not isinstance(intent, NoEntry)
    return intent


def an_id_per_run_and_no_slot(stage: Stage) -> None:
    """Intents are named after the second of their run, and a pair has no slot."""
    taken = Writes.take_slot
    stage.patch.setattr(intents, "decision_id_of", lambda at: f"AN-{at:%Y%m%dT%H%M%S}")
    stage.patch.setattr(DynamoLedger, "_not_booked", lambda _self, booking: list(booking.intents))
    stage.patch.setattr(Writes, "take_slot", lambda self, intent: replace(taken(self, intent), condition=""))


# ----------------------------------------------------------------------------------------------------------------- I21


def death_between_booking_and_sending(stage: Stage) -> None:
    """The intent is booked; the machine dies before its message is on the queue."""
    room = stage.room
    room.book_buy()
    stage.run(reconcile)
    assert stage.queue.waiting() == 0
    room.world.advance(room.strategy.sweep_after_s + 10)
    stage.run(reconcile)
    stage.deliver()
    assert room.venue_orders() == 1, "the order was lost"
    assert room.ledger.pending_trades() == []


def nothing_is_forgotten(stage: Stage) -> None:
    """The sweeper finds nothing."""
    stage.patch.setattr(sweep, "forgotten", lambda *_: [])


# ----------------------------------------------------------------------------------------------------------------- I22


def time_out_after_acceptance(stage: Stage) -> None:
    """The venue took the order and its answer never came; the next analysis wants the same pair."""
    room = stage.room
    trade_id = room.book_buy()
    room.world.fault(**LOST)
    stage.deliver(trade_id)
    assert room.venue_orders() == 1
    with suppress(Conflict):
        stage.deliver(room.book_buy())
    stage.deliver(trade_id)
    assert room.venue_orders() == 1, "an order without an answer was made again"
    trade = room.ledger.trade(trade_id)
    assert trade is not None
    assert trade.status is Status.FILLED, "an order without an answer was lost"


# ----------------------------------------------------------------------------------------------------------------- I23


def clocks_of_two_processes(stage: Stage) -> None:
    """One process uses the key with a clock three seconds ahead of the other's; then the other has an order."""
    room, ahead, behind = stage.room, _process(stage.room, 3), _process(stage.room, 0)
    ahead.balances()
    late = replace(room, exchange=behind)
    trade_id = late.book_buy()
    for _ in range(5):
        with suppress(Transient):
            late.carried_out(trade_id)
    trade = room.ledger.trade(trade_id)
    assert trade is not None
    assert trade.status is Status.FILLED, "orders were rejected for their nonce"


def _process(room: Room, ahead_s: int, http: httpx.Client | None = None) -> CoincheckExchange:
    """The venue as another process uses it: with the same key, and nonces of its own."""
    nonces = Nonces(lambda: time.time_ns() + ahead_s * 10**9)
    keys = Credentials(SecretStr(room.world.config.access_key), SecretStr(room.world.config.secret_key))
    found = CoincheckExchange(f"{room.world.url}/coincheck", keys, (), http=http, orders_per_s=None, details_per_s=None)
    found._client._nonces = nonces
    return found


def nonces_from_plain_time(stage: Stage) -> None:
    """A nonce is what the clock says; a refused one changes nothing."""

    @contextmanager
    def turn(self: Nonces) -> Any:
        yield self._time_ns() // 1000

    stage.patch.setattr(Nonces, "turn", turn)
    stage.patch.setattr(Nonces, "jump", lambda _self: None)


class SlowAtFirst(httpx.BaseTransport):
    """The first request is overtaken by the second, if there is one while it is on its way."""

    def __init__(self) -> None:
        self._way = httpx.HTTPTransport()
        self.on_its_way, self._overtaken = threading.Event(), threading.Event()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry the request."""
        if not self.on_its_way.is_set():
            self.on_its_way.set()
            self._overtaken.wait(0.3)
            return self._way.handle_request(request)
        try:
            return self._way.handle_request(request)
        finally:
            self._overtaken.set()


def two_threads_on_ways_of_different_length(stage: Stage) -> None:
    """Two threads of one process ask at once; the first one's request takes the longer way."""
    way = SlowAtFirst()
    venue = _process(stage.room, 0, http_client(transport=way))
    with ThreadPoolExecutor() as threads:
        first = threads.submit(venue.balances)
        assert way.on_its_way.wait(10)
        second = threads.submit(venue.balances)
        with harmless("a nonce was overtaken"):
            assert first.result() == second.result()
    venue.close()


def nonces_without_a_turn(stage: Stage) -> None:
    """Nonces rise, but nobody waits for an answer before the next is sent."""

    @contextmanager
    def turn(self: Nonces) -> Any:
        self._last = max(self._time_ns() // 1000, self._last + 1)
        yield self._last

    stage.patch.setattr(Nonces, "turn", turn)


INCIDENTS = {
    "I1": Incident(crash_after_the_buy, lambda stage: stage.broken(redelivery_not_recognised()), "bought twice"),
    "I1, guard": Incident(one_message_to_two_executors, lambda stage: stage.broken(no_claim()), "two executors bought"),
    "I2": Incident(bad_message_among_good_ones, one_outcome_for_the_batch, "a good order was not made"),
    "I20": Incident(overlapping_analyses, an_id_per_run_and_no_slot, "overlapping analyses made several orders"),
    "I21": Incident(death_between_booking_and_sending, nothing_is_forgotten, "the order was lost"),
    "I22": Incident(time_out_after_acceptance, lambda stage: stage.broken(unknown_is_rejected()), "an order without"),
    "I23": Incident(clocks_of_two_processes, nonces_from_plain_time, "orders were rejected for their nonce"),
    "I23, turn": Incident(two_threads_on_ways_of_different_length, nonces_without_a_turn, "a nonce was overtaken"),
}
