"""Incidents of the books: what is held, what it is worth, and what is not seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapters.dynamodb import DynamoLedger
from adapters.dynamodb.client import Dynamo
from adapters.dynamodb.items import LIVE
from flows.outcomes import StepsFailedError
from flows.reconcile import reconcile as flow
from tests.contract.books import NOW, STRATEGY, buy, execution
from tests.incidents.stage import Incident, Stage
from tests.services.conftest import PAIRS, Room
from trading import position as positions
from trading import scoring
from trading.errors import Conflict, Halt
from trading.money import USDT, CurrencyMismatch, Price, decimal
from trading.order import Intent, MarketSell, Status, Trade
from trading.ports import Booking
from trading.position import Position, PositionStatus, Watched, exit_intent, opened
from trading.scoring import Decision, Held, Market, PairInputs
from trading.services import books, intents, monitor, reconcile, settle
from trading.strategy import Strategy
from trading.venue import Ticker


def bought(room: Room, pair: str = "eth_usdt") -> Position:
    """A position, filled at the venue."""
    room.carried_out(room.book_buy(pair))
    (held,) = room.ledger.positions_of(pair)
    return held


def exit_of(room: Room, position: Position) -> Intent:
    """What sells all of a position now."""
    at = room.now()
    until = at + timedelta(minutes=4)
    return exit_intent(position, "SIGNAL", decision_id="AN-x", created_at=at, expires_at=until, strategy=room.strategy)


# ------------------------------------------------------------------------------------------------------------------ I7


def bought_and_sold_in_one_batch(stage: Stage) -> None:
    """A pair is bought; five minutes later its score is as bad as can be, and 31 minutes later still."""
    room = stage.room
    position = bought(room)
    room.world.advance(5 * 60)
    _sell_what_the_scores_say(stage)
    assert room.ledger.open_positions() == [position], "sold right after it was bought"
    assert room.venue_orders() == 1
    room.world.advance(26 * 60)
    (exit_,) = _sell_what_the_scores_say(stage)
    assert exit_.position_id == position.position_id, "a sell that names no position"
    assert room.ledger.open_positions() == []


def _sell_what_the_scores_say(stage: Stage) -> list[Intent]:
    room, at = stage.room, stage.room.now()
    seen = books.read_books(at, room.ledger, room.exchange)
    held = [Held(one.pair, one.opened_at) for one in seen.positions]
    bad = PairInputs(-1.0, -1.0, 1.0, -1.0, bb_width=0.03, macd_histogram=-1.0, macd_histogram_slope=-1.0)
    decision: Decision = scoring.decide(Market(at, {"eth_usdt": bad}, None, held, {}), room.strategy)
    exits = intents.exits(decision, seen, at, room.strategy)
    room.ledger.book(Booking(intents.decision_id_of(at), at, [], exits, ["eth_usdt"]))
    stage.deliver(*(one.trade_id for one in exits))
    return exits


def no_hold(stage: Stage) -> None:
    """A signal sells at any age."""
    stage.room.strategy = Strategy(min_hold_minutes=0.0)


# ------------------------------------------------------------------------------------------------------------------ I8


def a_dollar_price_for_a_yen_entry(stage: Stage) -> None:
    """The monitor is handed the analysis venue's price of the coin: dollars, where the entry was in yen."""
    room = stage.room
    position = bought(room)
    close = room.market.candles(PAIRS["eth_usdt"], None, 2)["close"].iloc[0]
    dollars = Price(decimal(str(close)), "ETH", USDT)
    wrong: Any = Ticker("eth_jpy", dollars, dollars, dollars, room.now())
    seen: list[Watched] = []
    watch = monitor.watch
    stage.patch.setattr(room.exchange, "ticker", lambda _pair: wrong)
    stage.patch.setattr(monitor, "watch", lambda *given: seen.append(watch(*given)) or seen[-1])
    with suppress(CurrencyMismatch, Halt):
        monitor.look_at(position, room.now(), room.ledger, room.exchange, room.strategy)
    assert [one.exit_reason for one in seen] == [], "to be sold for a loss of 99 % that never was"
    assert room.ledger.open_positions() == [position]


def prices_are_numbers(stage: Stage) -> None:
    """Prices of different currencies compare like numbers."""
    stage.patch.setattr(Price, "_same", lambda *_: None)


# ------------------------------------------------------------------------------------------------------------------ I9


class Died(BaseException):
    """The machine is gone."""


def crash_while_closing(stage: Stage) -> None:
    """The venue sold. Working out the result crashes; the next time the machine dies after its first write."""
    room = stage.room
    position = bought(room)
    exit_ = exit_of(room, position)
    room.ledger.book_exit(exit_, position)
    trade = room.send(room.free_coins(room.check(room.claim(exit_.trade_id))))
    with stage.patch.context() as patch:
        patch.setattr(settle, "closed", _crashes)
        with pytest.raises(ZeroDivisionError):
            room.settle(trade)
    assert _agree(room, position, trade), "the book says flat before the sell is booked"
    with stage.patch.context() as patch:
        patch.setattr(Dynamo, "write", _dies_after_one(Dynamo.write))
        with suppress(Died):
            room.settle(trade)
    assert _agree(room, position, trade), "half of the closing was booked"


def _crashes(*_: Any) -> Position:
    raise ZeroDivisionError


def _dies_after_one(real: Any) -> Any:
    done: list[Any] = []

    def write(self: Dynamo, *writes: Any) -> None:
        if done:
            raise Died
        done.append(writes)
        real(self, *writes)

    return write


def _agree(room: Room, position: Position, trade: Trade) -> bool:
    stored, sold = room.ledger.position(position.position_id), room.ledger.trade(trade.intent.trade_id)
    assert stored is not None
    assert sold is not None
    return (stored.status is PositionStatus.CLOSED) == (sold.status is Status.FILLED)


def closing_in_two_writes(stage: Stage) -> None:
    """The position is closed first, the trade is booked after."""

    def close_position(self: DynamoLedger, trade: Trade, position: Position) -> None:
        writes = self._writes()
        self._dynamo.write(*writes.position(position, *LIVE))
        self._book_fill(trade, writes.free_slot(position.pair, position.trade_id))

    stage.patch.setattr(DynamoLedger, "close_position", close_position)


def coins_sold_behind_our_back(stage: Stage) -> None:
    """The coins of a position are sold on the account, and the books know nothing of it."""
    room = stage.room
    stage.run(flow)
    room.world.advance(60)
    position = bought(room)
    room.exchange.place(MarketSell("eth_jpy", position.size), lambda: True)
    room.world.advance(60)
    with suppress(StepsFailedError):
        stage.run(flow)
    assert [one.kind for one in stage.told.notices] == ["book.differs"], "book and venue disagree, and nobody is told"
    seen = room.ledger.reconciliation()
    assert seen is not None
    assert {one.kind for one in seen.findings} >= {"amount", "execution"}
    refused = room.check(room.claim(room.book_buy("sol_usdt")))
    assert refused.status is Status.REFUSED, "bought on books that are wrong"


def a_blind_reconciler(stage: Stage) -> None:
    """Amounts and executions are not compared."""
    stage.patch.setattr(reconcile, "_of_amounts", lambda *_: [])
    stage.patch.setattr(reconcile, "of_fills", lambda *_: [])


# ----------------------------------------------------------------------------------------------------------------- I10

TIERS = {"4": "2.0", "7": "1.5", "11": "1.2", "20": "1.0", "31": "1.0"}
"""Peak gain in percent -> how far below the peak the stop hangs."""


def upper_tiers(_: Stage) -> None:
    """The price rises to each tier and falls through the stop that hangs there, also from beyond take-profit."""
    at_entry = opened(Trade(buy()), execution(), NOW, STRATEGY)
    for gain, trail in TIERS.items():
        peak = at_entry.entry_price.scaled(1 + Decimal(gain) / 100)
        stop = peak.scaled(1 - Decimal(trail) / 100)
        seen = positions.watch(at_entry, peak, STRATEGY).position
        assert (seen.highest_price, seen.stop_loss) == (peak, stop), f"at +{gain} % the stop is not at its tier"
        fallen = positions.watch(seen, stop, STRATEGY)
        assert fallen.exit_reason == "TRAILING_STOP", f"the tier of +{gain} % never fires"


def take_profit_first(stage: Stage) -> None:
    """Take-profit is looked at before anything else."""
    watch = positions.watch

    def swapped(position: Position, bid: Any, strategy: Strategy) -> Watched:
        if bid >= position.take_profit:
            return Watched(position, "TAKE_PROFIT")
        return watch(position, bid, strategy)

    stage.patch.setattr(positions, "watch", swapped)


# ----------------------------------------------------------------------------------------------------------------- I11


def the_newest_row_is_closed(stage: Stage) -> None:
    """One pair is held; another was bought and sold after it, so that the newest row of the table is a closed one."""
    room = stage.room
    older = bought(room, "sol_usdt")
    room.world.advance(60)
    newer = bought(room, "eth_usdt")
    exit_ = exit_of(room, newer)
    room.ledger.book_exit(exit_, newer)
    room.carried_out(exit_.trade_id)
    assert room.ledger.open_positions() == [older], "an open position was not seen"
    with suppress(Conflict):
        room.carried_out(room.book_buy("sol_usdt"))
    assert room.venue_orders() == 3, "bought again"


def the_newest_row_if_it_is_open(stage: Stage) -> None:
    """Open positions are looked for with Limit 1, newest first, and a filter."""
    room = stage.room

    def open_positions(self: DynamoLedger) -> list[Position]:
        day = {"pk": f"DATE#{room.now():%Y-%m-%d}"}
        newest = self._dynamo.query(
            self._orders, "#gs5pk = :pk", day, IndexName="GSI5", ProjectionExpression="#pk, #sk",
            ScanIndexForward=False, Limit=1,
        )  # fmt: skip
        found = self._positions(key for key in newest if key["sk"] != "METADATA")
        return [one for one in found if one.status in LIVE]

    stage.patch.setattr(DynamoLedger, "open_positions", open_positions)


# ----------------------------------------------------------------------------------------------------------------- I12


def more_than_a_page(stage: Stage) -> None:
    """Ten signal rows of 150 kB are more than the megabyte that one reply holds."""
    room, began = stage.room, stage.room.now()
    for number in range(10):
        at = began + timedelta(minutes=5 * number)
        row = {"pair": "eth_usdt", "score": 0.1, "reasons": ["x" * 150_000]}
        room.ledger.book(Booking(intents.decision_id_of(at), at, [row], [], ["eth_usdt"]))
    found = room.ledger.signals_of("eth_usdt", began, began + timedelta(hours=1))
    assert len(found) == 10, "history is missing"


def one_page(stage: Stage) -> None:
    """A query ends with its first reply."""

    def query_wire(self: Dynamo, *given: Any, **more: Any) -> Iterator[Any]:
        real = self._client.query
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self._client, "query", lambda **asked: {"Items": real(**asked)["Items"]})
            yield from to_the_end(self, *given, **more)

    to_the_end = Dynamo.query_wire
    stage.patch.setattr(Dynamo, "query_wire", query_wire)


INCIDENTS = {
    "I7": Incident(bought_and_sold_in_one_batch, no_hold, "sold right after it was bought"),
    "I8": Incident(a_dollar_price_for_a_yen_entry, prices_are_numbers, "to be sold for a loss of 99 %"),
    "I9": Incident(crash_while_closing, closing_in_two_writes, "half of the closing was booked"),
    "I9, reconciler": Incident(coins_sold_behind_our_back, a_blind_reconciler, "book and venue disagree"),
    "I10": Incident(upper_tiers, take_profit_first, r"at \+31 % the stop is not at its tier"),
    "I11": Incident(the_newest_row_is_closed, the_newest_row_if_it_is_open, "an open position was not seen"),
    "I12": Incident(more_than_a_page, one_page, "history is missing"),
}
