"""Incidents of fills: what the venue did, read wrongly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest

from adapters.coincheck import exchange, history
from adapters.coincheck.replies import Number, PlacedReply
from tests.incidents.stage import Incident, Stage, harmless
from tests.services.conftest import Room
from trading.errors import Transient
from trading.money import JPY, Price, Quantity, yen
from trading.order import Execution, Fill, MarketBuy, Status, Trade
from trading.position import Position
from trading.services import settle


def sent(room: Room, yen_spent: int = 40_000) -> Trade:
    """An entry of ETH that the venue has taken, not settled yet."""
    return room.send(room.check(room.claim(room.book_buy("eth_usdt", yen_spent))))


def coins_at_the_venue(room: Room) -> Decimal:
    """ETH on the account."""
    return Decimal(room.world.ledger()["balances"]["eth"]["free"])


def settled(room: Room, trade: Trade, harm: str) -> Position:
    """The position that an order made."""
    with harmless(harm):
        room.settle(trade)
        (position,) = room.ledger.open_positions()
    return position


def by_hand(room: Room, pair: str, spend: int) -> str:
    """An order that somebody else makes on the same account."""
    return room.exchange.place(MarketBuy(pair, yen(spend)), lambda: True)


def unchecked(stage: Stage) -> None:
    """What a fill says is believed: no look at ticker and account."""
    stage.patch.setattr(settle, "complete", lambda *_: True)
    stage.patch.setattr(settle, "_off_every_price", lambda *_: None)
    stage.patch.setattr(settle, "_off_the_account", lambda *_: None)


# ------------------------------------------------------------------------------------------------------------------ I3


def an_answer_without_numbers(stage: Stage) -> None:
    """The answer to the market order has neither amount nor price, and its fills are listed a moment later."""
    room, answers = stage.room, []
    place, fills = room.exchange._client.place, room.exchange.fills
    stage.patch.setattr(room.exchange._client, "place", lambda *given: answers.append(place(*given)) or answers[-1])
    with harmless("crashed after the order"):
        trade = sent(room)
    assert (answers[0]["amount"], answers[0]["rate"]) == (None, None)
    assert (trade.status, trade.executed) == (Status.ACCEPTED, None), "filled before any fill was seen"

    stage.patch.setattr(room.exchange, "fills", lambda *_: [])
    with harmless("an order without fills was not waited for"):
        assert _is_waited_for(room, trade)
    assert room.ledger.open_positions() == [], "a position was made up"
    stage.patch.setattr(room.exchange, "fills", fills)
    assert settled(room, trade, "never settled").size.number == coins_at_the_venue(room)


def _is_waited_for(room: Room, trade: Trade) -> bool:
    try:
        room.settle(trade)
    except Transient:
        return True
    return False


def numbers_expected(stage: Stage) -> None:
    """The answer's amount and price are taken as numbers."""

    class Numbers(PlacedReply):
        amount: Number
        rate: Number

    stage.patch.setattr(exchange, "PlacedReply", Numbers)


def what_was_asked_is_what_was_done(stage: Stage) -> None:
    """A filled order whose fills are not listed yet is booked as what it asked for, at the last price."""

    def made_up(trade: Trade, _state: Any, at: Any, ledger: Any) -> Trade:
        room, spend = stage.room, trade.intent.spend or yen(0)
        price = room.exchange.ticker(trade.intent.trading_pair).last
        guess = Execution(
            Quantity((spend.number / price.number).quantize(Decimal("1e-8")), "ETH"), spend, yen(0), price
        )
        return settle._booked(trade.on(settle.Event.FILL, at, executed=guess), guess, None, at, ledger, room.strategy)

    stage.patch.setattr(settle, "_without_fills", made_up)


# ------------------------------------------------------------------------------------------------------------------ I4


def fills_over_two_pages(stage: Stage) -> None:
    """One order filled in parts; so much was traded since that only the last part is on the newest page."""
    room = stage.room
    trade = sent(room)
    parts = len(room.exchange.fills(trade.order_id or "", room.now()))
    newer = 0
    while newer < history.PAGE - 1:
        newer += len(room.exchange.fills(by_hand(room, "sol_jpy", 1_000), room.now()))
    assert newer < history.PAGE - 1 + parts - 1, "staged wrongly: none of the parts is on the newest page"
    position = settled(room, trade, "the parts were not found")
    assert position.size.number == coins_at_the_venue(room), "only some parts were summed"


def the_newest_page_only(stage: Stage) -> None:
    """One page is read, and its sum is believed."""
    unchecked(stage)
    stage.patch.setattr(history.History, "_older", lambda *_: [])


def a_partial_sum_against_the_account(stage: Stage) -> None:
    """One page is read, and its sum is still compared with the account: nothing is booked."""
    room = stage.room
    stage.patch.setattr(history.History, "_older", lambda *_: [])
    trade = sent(room)
    while len(room.exchange.fills(trade.order_id or "", room.now())) > 1:
        by_hand(room, "sol_jpy", 1_000)
    with pytest.raises(Transient, match=r"add up to|the account moved by"):
        room.settle(trade)
    assert room.ledger.open_positions() == []


# ------------------------------------------------------------------------------------------------------------------ I5


def fills_of_other_orders(stage: Stage) -> None:
    """Around our order lie another of the same coin and one of another coin; the list shows all of them."""
    room = stage.room
    by_hand(room, "eth_jpy", 5_000)
    before = coins_at_the_venue(room)
    trade = sent(room)
    by_hand(room, "sol_jpy", 5_000)
    position = settled(room, trade, "fills of other orders were taken for ours")
    assert position.size.number == coins_at_the_venue(room) - before, "fills of other orders were mixed in"
    last = room.exchange.ticker("eth_jpy").last
    assert abs(position.entry_price / last - 1) < Decimal("0.01"), "a nonsense entry price"


def the_list_is_believed(stage: Stage) -> None:
    """As if the venue had filtered: all rows are ours, whatever they say, and their sum is believed."""
    unchecked(stage)

    def all_of_them(_order_id: str, rows: Iterator[Any]) -> list[Fill]:
        return history._in_order(rows)

    def added_up(fills: Sequence[Fill]) -> Execution:
        coins = Quantity(sum((one.quantity.number for one in fills), Decimal(0)), "ETH")
        funds = yen(sum((one.funds.number for one in fills), Decimal(0)))
        return Execution(coins, funds, yen(0), Price(funds.number / coins.number, "ETH", JPY))

    stage.patch.setattr(exchange, "fills_of", all_of_them)
    stage.patch.setattr(settle, "summed", added_up)


# ------------------------------------------------------------------------------------------------------------------ I6


def what_was_paid_is_negative(stage: Stage) -> None:
    """The venue writes what an account paid as a negative number."""
    room = stage.room
    trade = sent(room)
    rows = room.exchange._client.private(history.PATH)["data"]
    assert any(Decimal(row["funds"]["jpy"]) < 0 < Decimal(row["funds"]["eth"]) for row in rows)
    fills, moved = room.exchange.fills(trade.order_id or "", room.now()), room.world.ledger()["balances"]["jpy"]
    spent = Decimal(moved["start"]) - Decimal(moved["free"])
    assert sum(one.quantity.number for one in fills) == coins_at_the_venue(room), "wrong size"
    assert sum(one.funds.number for one in fills) == spent, "wrong sum"
    assert settled(room, trade, "never booked").cost == yen(spent)


def signs_are_kept(stage: Stage) -> None:
    """Amounts are taken as they come, and a fill may hold any."""
    stage.patch.setattr(history, "abs", lambda number: number, raising=False)
    stage.patch.setattr(Fill, "__post_init__", lambda _self: None)


INCIDENTS = {
    "I3": Incident(an_answer_without_numbers, numbers_expected, "crashed after the order"),
    "I3, fills": Incident(an_answer_without_numbers, what_was_asked_is_what_was_done, "an order without fills"),
    "I4": Incident(fills_over_two_pages, the_newest_page_only, "only some parts were summed"),
    "I5": Incident(fills_of_other_orders, the_list_is_believed, "fills of other orders were mixed in"),
    "I6": Incident(what_was_paid_is_negative, signs_are_kept, "wrong sum"),
}
