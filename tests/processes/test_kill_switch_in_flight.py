"""The kill switch, flipped by somebody else while an order is on its way: what was not on the wire yet never leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.aws import Aws, open_aws
from adapters.dynamodb import open_tables
from adapters.dynamodb.items import KILL_SWITCH
from adapters.dynamodb.wire import item_from_wire, item_to_wire
from tests.processes.commands import trader
from tests.services.conftest import Room
from trading.errors import Halt, Transient
from trading.limits import KillSwitch, Mode
from trading.order import Order, Side, Status, Trade
from trading.services import execute
from trading.tables import ORDER_STATE

OFF = KillSwitch(Mode.OFF, "all clear", "operator", None)
STOPS = {(Mode.NO_ENTRIES, Side.BUY), (Mode.NOTHING, Side.BUY), (Mode.NOTHING, Side.SELL)}
"""What each mode stops; an exit still passes in NO_ENTRIES."""
CASES = [(mode, side) for mode in (Mode.NO_ENTRIES, Mode.NOTHING) for side in Side]
EARLY = ("before the claim", "after the claim", "after the check", "after the SENT write", "as the fence is asked")
LATE = ("on the wire", "while the venue answers", "after the answer")


@cache
def other_clients(endpoint: str) -> Aws:
    """Clients that no room shares, opened once: each opening reads megabytes of AWS's own descriptions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        return open_aws()


def restarted_ledger(room: Room) -> Any:
    """The books as another process opens them."""
    return open_tables(room.names, other_clients(room.aws.endpoint)).ledger


def flip(room: Room, mode: Mode) -> None:
    """Somebody else sets the switch: another thread with clients of its own."""
    switch = KillSwitch(mode, "the operator stops it", "operator", room.now())
    with ThreadPoolExecutor(1) as pool:
        pool.submit(restarted_ledger(room).set_kill_switch, switch).result()


@dataclass
class Flight:
    """One order on its way; ``flip`` happens once it comes to ``point``."""

    room: Room
    point: str
    flip: Callable[[], None]
    orders_then: int = -1

    def at(self, point: str) -> None:
        if point == self.point:
            self.flip()
            self.orders_then = self.room.venue_orders()

    def carried(self, trade_id: str) -> Trade | Transient:
        """All steps of the flow, once; the Transient that ended them when there was one."""
        room = self.room
        self.at("before the claim")
        trade = room.claim(trade_id)
        self.at("after the claim")
        trade = room.check(trade)
        trade = room.free_coins(trade) if trade.status is Status.CLAIMED else trade
        self.at("after the check")
        try:
            trade = self._sent(trade) if trade.status is Status.CLAIMED else trade
        except Transient as error:
            return error
        self.at("after the answer")
        return room.settle(trade) if trade.status is Status.ACCEPTED else trade

    def _sent(self, trade: Trade) -> Trade:
        def answered(response: Any) -> None:
            if response.request.method == "POST":
                self.at("while the venue answers")

        http = self.room.exchange._client._http
        http.event_hooks = {"request": [], "response": [answered]}
        try:
            return execute.send(trade, self.room, self.room.ledger, SimpleNamespace(
                place=self._placed, balances=self.room.exchange.balances
            ))  # fmt: skip
        finally:
            http.event_hooks = {"request": [], "response": []}

    def _placed(self, order: Order, fence: Callable[[], bool]) -> str:
        def asked() -> bool:
            self.at("as the fence is asked")
            ours = fence()
            self.at("on the wire")
            return ours

        self.at("after the SENT write")
        return self.room.exchange.place(order, asked)


def booked(room: Room, side: Side, key: str) -> str:
    return room.book_buy(key) if side is Side.BUY else room.book_exit(room.bought(key))


@pytest.mark.parametrize("point", [*EARLY, *LATE])
def test_nothing_is_sent_after_the_flip(room: Room, point: str) -> None:
    """Wherever the flip meets an order, the venue takes none after it that the mode stops.

    One that was on the wire is booked as what it is, and an exit passes in NO_ENTRIES.
    """
    for (mode, side), key in zip(CASES, ("eth_usdt", "sol_usdt", "avax_usdt", "xrp_usdt"), strict=True):
        room.ledger.set_kill_switch(replace(OFF, at=room.now()))
        trade_id, before = booked(room, side, key), room.venue_orders()
        flight = Flight(room, point, partial(flip, room, mode))
        flight.carried(trade_id)
        stopped = (mode, side) in STOPS and point in EARLY
        ended = room.carried_out(trade_id)
        assert flight.orders_then >= 0, "the flip never came"
        assert room.venue_orders() == before + (not stopped), (mode, side)
        assert ended.status is (Status.REFUSED if stopped else Status.FILLED), (mode, side, ended)
        assert ended.note == (f"kill switch is {mode}" if stopped else "")


def test_orders_that_come_after_the_flip_are_stopped_by_its_mode(room: Room) -> None:
    """In NO_ENTRIES a position can still be sold and nothing bought; in NOTHING neither; OFF lets all through again."""
    positions = [room.bought(key) for key in ("eth_usdt", "sol_usdt")]
    outcomes = []
    for mode, position in zip((Mode.NO_ENTRIES, Mode.NOTHING), positions, strict=True):
        flip(room, mode)
        entry = room.carried_out(room.book_buy("avax_usdt")).status
        outcomes.append((entry, room.carried_out(room.book_exit(position)).status))
    assert outcomes == [(Status.REFUSED, Status.FILLED), (Status.REFUSED, Status.REFUSED)]
    flip(room, Mode.OFF)
    assert room.carried_out(room.book_buy("avax_usdt")).status is Status.FILLED
    held = room.ledger.position(positions[1].position_id)
    assert held is not None
    assert room.carried_out(room.book_exit(held)).status is Status.FILLED


# ----------------------------------------------------------------------------------------------- a switch not readable


@contextmanager
def refusing(room: Room, code: str) -> Iterator[None]:
    """DynamoDB refuses to give the switch, and only the switch."""

    def refuse(params: dict[str, Any], **_more: Any) -> Any:
        if str(KILL_SWITCH["sk"]) in str(params["body"]):
            return SimpleNamespace(status_code=400), {"Error": {"Code": code, "Message": "not now"}}
        return None

    events = room.aws.dynamodb.meta.events
    events.register("before-call.dynamodb.GetItem", refuse, unique_id="refuse-the-switch")
    try:
        yield
    finally:
        events.unregister("before-call.dynamodb.GetItem", unique_id="refuse-the-switch")


@contextmanager
def nonsense(room: Room, mode: str) -> Iterator[None]:
    """The switch says something that is no mode."""
    table, item = room.names.table(ORDER_STATE), {**KILL_SWITCH, "mode": mode, "reason": "?", "by": "?"}
    room.aws.dynamodb.put_item(TableName=table, Item=item_to_wire(item))
    yield
    room.aws.dynamodb.delete_item(TableName=table, Key=item_to_wire(KILL_SWITCH))


UNREADABLE: dict[str, Callable[[Room], Any]] = {
    "no permission": lambda room: refusing(room, "AccessDeniedException"),
    "throttled": lambda room: refusing(room, "ProvisionedThroughputExceededException"),
    "a word that is no mode": lambda room: nonsense(room, "PERHAPS"),
    "nothing in it": lambda room: nonsense(room, ""),
}


@pytest.mark.parametrize("way", UNREADABLE)
def test_a_switch_that_cannot_be_read_sends_nothing(room: Room, way: str) -> None:
    """Neither an entry nor an exit leaves, whether check or fence cannot read it; once they can, both are made."""
    ids = [booked(room, side, key) for side, key in ((Side.BUY, "eth_usdt"), (Side.SELL, "sol_usdt"))]
    orders, ready = room.venue_orders(), [room.claim(trade_id) for trade_id in ids]
    for trade in ready:
        with UNREADABLE[way](room), pytest.raises((Transient, Halt)):
            room.check(trade)
        checked = room.check(trade)
        with UNREADABLE[way](room), pytest.raises(Transient, match="not sent"):
            room.send(checked)
        bounced = room.ledger.trade(trade.intent.trade_id)
        assert bounced is not None
        assert (bounced.status, room.venue_orders()) == (Status.BOOKED, orders)
    assert [room.carried_out(trade_id).status for trade_id in ids] == [Status.FILLED] * 2


# --------------------------------------------------------------------------------------------------- who, why and when


def test_the_command_stops_an_order_in_flight_and_is_remembered(room: Room, tmp_path: Path) -> None:
    """``trader kill-switch on``, by another process after the SENT write: not sent, and a restart knows who and why."""

    def command() -> None:
        trader(room, tmp_path, "kill-switch", "on", "--mode", "nothing", "--reason", "strange fills")

    trade_id = room.book_buy()
    met = Flight(room, "after the SENT write", command).carried(trade_id)
    assert isinstance(met, Transient)
    assert room.venue_orders() == 0
    told = trader(room, tmp_path, "kill-switch", "show")
    switch = restarted_ledger(room).kill_switch()
    assert (switch.mode, switch.reason, switch.by) == (Mode.NOTHING, "strange fills", told["by"])
    assert told["by"]
    assert room.carried_out(trade_id).note == "kill switch is NOTHING"


WORDS = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20)
CHANGES = st.lists(st.tuples(st.sampled_from(list(Mode)), WORDS, WORDS), min_size=1, max_size=8)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_every_change_is_in_the_history(room: Room, changes: list[tuple[Mode, str, str]]) -> None:
    """Each flip adds a line with mode, who and why, in order; the last one holds, after a restart too."""
    known = len(history(room))
    for mode, reason, by in changes:
        room.world.advance(1)
        room.ledger.set_kill_switch(KillSwitch(mode, reason, by, room.now()))
    assert history(room)[known:] == [(mode.value, reason, by) for mode, reason, by in changes]
    switch = restarted_ledger(room).kill_switch()
    assert (switch.mode, switch.reason, switch.by) == changes[-1]


def history(room: Room) -> list[tuple[Any, ...]]:
    found = room.aws.dynamodb.query(
        TableName=room.names.table(ORDER_STATE),
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": {"S": str(KILL_SWITCH["pk"])}, ":sk": {"S": f"{KILL_SWITCH['sk']}#"}},
    )["Items"]
    return [(item["mode"], item["reason"], item["by"]) for item in map(item_from_wire, found)]
