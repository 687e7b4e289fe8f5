"""What must hold whatever happens, held against the venue's own ledger, which cannot lie.

After every step: what the venue just took belongs to one trade, for the first time, in time, in its band, with the kill
switch off. At the end: every intent has an end, and book and venue are equal to the last digit.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from simulator.coincheck.orders import Status as VenueStatus
from simulator.times import from_ms, to_ms
from tests.simulation.venue import Accepted
from trading.limits import allows_entry, allows_exit
from trading.order import TERMINAL, Side, Status, Trade
from trading.position import PositionStatus
from trading.reconciliation import Verdict

if TYPE_CHECKING:
    from tests.simulation.world import Schedule

MOMENT_MS = 1_000
"""What a step itself may take, besides by how much the clocks of two processes differ."""
EVERY = 100
"""Steps between two looks at the whole book."""


class Violation(Exception):
    """An invariant does not hold; the text says which, and of what."""


class Watch:
    """Looks on while a schedule runs."""

    def __init__(self, schedule: Schedule) -> None:
        self._of, self._seen, self._first_day = schedule, 0, schedule.hub.now() - timedelta(days=1)

    def after_step(self) -> None:
        """What a step may have broken. Raises Violation."""
        accepted = self._of.venue.accepted
        for order in accepted[self._seen :]:
            self._new_order(order)
        if len(accepted) > self._seen or self._of.hub.steps % EVERY == 0:
            self._seen = len(accepted)
            _must(one_position_per_pair(self._of))

    def at_the_end(self) -> None:
        """All of it, once everything is quiet. Raises Violation."""
        trades = self.trades()
        _must(nothing_is_forgotten(trades))
        _must(every_fill_is_booked(self._of, trades))
        _must(book_equals_venue(self._of, trades))
        _must(one_position_per_pair(self._of))
        _must(stops_rest_for_the_living(self._of))
        _must(our_reconciliation_agrees(self._of, trades))
        if self._of.bugs:
            raise Violation(f"an error of ours that is none of the four: {self._of.bugs[0]}")

    def trades(self) -> list[Trade]:
        """Every trade there is."""
        days = (self._of.hub.now() - self._first_day).days + 1
        dates = (self._first_day.date() + timedelta(days=number) for number in range(days + 1))
        return [trade for date in dates for trade in self._of.books.trades_of(date)]

    def _new_order(self, taken: Accepted) -> None:
        about, venue = taken.about, self._of.venue
        same = [one for one in venue.accepted if one.about == about]
        if about.startswith("POS-"):
            resting = [one for one in same if one.order.is_open]
            _must([f"{about} has {len(resting)} stops at the venue"] if len(resting) > 1 else [])
            return
        trade = self._of.books.trade(about)
        if trade is None:
            raise Violation(f"order {taken.order.id} was placed for {about or 'nobody'}, which was never booked")
        _must([f"{about} was taken {len(same)} times by the venue"] if len(same) > 1 else [])
        _must(in_time(self._of, taken, trade))


def in_time(schedule: Schedule, taken: Accepted, trade: Trade) -> Iterator[str]:
    """Nothing leaves after its expiry, after the switch was flipped, or outside its band (as it was while leased)."""
    intent, left, name = trade.intent, taken.left_ms, trade.intent.trade_id
    skew_ms = 2 * schedule.skew_ms + MOMENT_MS
    late_ms = left - to_ms(intent.expires_at)
    if late_ms > skew_ms:
        yield f"{name} left {late_ms / 1000:.1f} s after its expiry"
    allows = allows_entry if intent.side is Side.BUY else allows_exit
    # The switch is read, then the clock, then it is sent; between two of them a process may sleep for its whole lease.
    since = left - 60_000 - skew_ms
    before = [mode for at, mode in schedule.switched if at <= since][-1:]
    modes = before + [mode for at, mode in schedule.switched if since < at <= left]
    if not any(map(allows, modes)):
        yield f"{name} left although the kill switch has been {modes[-1]} since long before"
    if intent.band is not None and left - schedule.stale_ms.get(taken.sender, 0) > 360_000:
        asks = (schedule.venue.ask(intent.trading_pair, left - ago) for ago in range(0, 60_000 + skew_ms, 2_000))
        if not any(intent.band.low.number <= ask <= intent.band.high.number for ask in asks):
            yield f"{name} left outside its band"


def one_position_per_pair(schedule: Schedule) -> Iterator[str]:
    """A pair has one live position at most."""
    for pair, count in Counter(held.pair for held in schedule.books.open_positions()).items():
        if count > 1:
            yield f"{pair} has {count} live positions"


def nothing_is_forgotten(trades: Iterable[Trade]) -> Iterator[str]:
    """Every intent that was booked has come to an end, or waits for a person."""
    for trade in trades:
        if trade.status not in TERMINAL | {Status.HALTED}:
            yield f"{trade.intent.trade_id} was left {trade.status} ({trade.note})"


def every_fill_is_booked(schedule: Schedule, trades: Iterable[Trade]) -> Iterator[str]:
    """A FILLED trade is its venue order to the last digit; one that ended otherwise moved nothing."""
    venue = schedule.venue
    by_id = {str(one.order.id): one for one in venue.accepted}
    booked = {trade.order_id for trade in trades if trade.status is Status.FILLED}
    halted = {trade.intent.trade_id for trade in trades if trade.status is Status.HALTED}
    halted |= {trade.intent.position_id or "" for trade in trades if trade.status is Status.HALTED}
    for order_id, count in Counter(trade.order_id for trade in trades if trade.status is Status.FILLED).items():
        if count > 1:
            yield f"order {order_id} is booked by {count} trades"
    for trade in trades:
        name, order = trade.intent.trade_id, by_id.get(trade.order_id or "")
        if trade.status is not Status.FILLED:
            continue
        if order is None or order.about not in {name, trade.intent.position_id} or trade.executed is None:
            yield f"{name} is FILLED by order {trade.order_id}, which is not its own"
        elif (trade.executed.quantity.number, trade.executed.funds.number) != venue.moved(order.order.id):
            yield f"{name} says {trade.executed.quantity}, order {trade.order_id} moved {venue.moved(order.order.id)}"
    for order_id, one in by_id.items():
        if venue.moved(one.order.id)[0] and order_id not in booked and one.about not in halted:
            yield f"order {order_id} of {one.about} moved {venue.moved(one.order.id)}, and no trade is FILLED by it"


def book_equals_venue(schedule: Schedule, trades: Iterable[Trade]) -> Iterator[str]:
    """Coins and yen at the venue are what the book says and what trades that wait for a person did, exactly."""
    venue, expected = schedule.venue, defaultdict(Decimal, schedule.venue.ledger.start)
    for held in schedule.books.open_positions():
        expected[held.size.coin.lower()] += held.size.number
    for trade in trades:
        if trade.status is Status.FILLED and trade.executed is not None:
            funds = trade.executed.funds.number
            expected["jpy"] += -funds if trade.intent.side is Side.BUY else funds
    booked = {trade.order_id for trade in trades if trade.status is Status.FILLED}
    for one in venue.accepted:
        if str(one.order.id) not in booked:
            coins, funds = venue.moved(one.order.id)
            sign = 1 if one.order.side == "buy" else -1
            expected[one.order.coin] += sign * coins
            expected["jpy"] -= sign * funds
    for currency, amount in expected.items():
        if venue.held(currency) != amount:
            yield f"the venue holds {venue.held(currency)} {currency}, the book explains {amount}"
    for currency, found in venue.ledger.difference().items():
        if found:
            yield f"the venue's own books are wrong by {found} {currency}"


def stops_rest_for_the_living(schedule: Schedule) -> Iterator[str]:
    """A stop that rests at the venue is that of a position that is held."""
    live = {held.position_id for held in schedule.books.open_positions() if held.status is not PositionStatus.CLOSED}
    for one in schedule.venue.accepted:
        if one.order.status is VenueStatus.WAITING_FOR_TRIGGER and one.about not in live:
            yield f"stop {one.order.id} of {one.about} rests, but nothing is held ({from_ms(one.at_ms):%H:%M:%S})"


def our_reconciliation_agrees(schedule: Schedule, trades: Iterable[Trade]) -> Iterator[str]:
    """With nothing left for a person, our own comparison of book and venue finds nothing and waits for nothing."""
    if any(trade.status is Status.HALTED for trade in trades):
        return
    seen = schedule.compared()
    if seen.verdict is not Verdict.AGREES or seen.waiting:
        yield f"reconciliation says {seen.verdict}, waits for {seen.waiting or 'nothing'}: {seen.findings[:1]}"


def _must(complaints: Iterable[str]) -> None:
    for words in complaints:
        raise Violation(words)
