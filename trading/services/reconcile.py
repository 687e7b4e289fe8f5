"""Reconcile: book against venue, and the book against itself; any difference stops entries and calls people (I9).

What should be there is what was there before us (the baseline) and what our booked fills moved. The book is read
before and after the venue: if it moved meanwhile, all is read again. A currency with an order at the venue whose
outcome is not booked yet waits; a report that fails is not "flat".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trading.errors import Transient
from trading.money import yen
from trading.order import Fill, Status, Trade
from trading.pairs import Pair, coin_of
from trading.ports import Exchange, Ledger
from trading.position import Position
from trading.reconciliation import Baseline, Finding, Reconciliation, Totals, Verdict
from trading.services.findings import of_fills, of_orders, of_positions
from trading.services.known import orders_known, trades_since
from trading.services.protect import filled, may_still_show
from trading.strategy import Strategy
from trading.venue import Balances, VenueOrder

AT_THE_VENUE = frozenset({Status.SENT, Status.ACCEPTED, Status.UNKNOWN, Status.HALTED})
"""A trade in one of these may have moved money that is not booked yet."""
READS = 4
"""How often a book that keeps moving is read again."""


@dataclass(frozen=True, slots=True)
class Book:
    """What our side says, at one moment."""

    positions: tuple[Position, ...]
    pending: tuple[Trade, ...]
    totals: Totals

    def same_as(self, other: Book) -> bool:
        """Whether nothing that moves money was written in between."""
        return self.totals == other.totals and self._state() == other._state()

    def _state(self) -> list[tuple[str, str]]:
        sent = ((one.intent.trade_id, one.status.value) for one in self.pending if one.status in AT_THE_VENUE)
        return sorted([*sent, *((held.position_id, str(held.size)) for held in self.positions)])


@dataclass(frozen=True, slots=True)
class Venue:
    """What the other side says: balances, resting orders, executions since the books last agreed."""

    balances: Balances
    resting: tuple[VenueOrder, ...]
    fills: tuple[Fill, ...]


def reconcile(
    at: datetime, pairs: Sequence[Pair], ledger: Ledger, exchange: Exchange, strategy: Strategy
) -> Reconciliation:
    """Compare, and write what came of it. Raises what the reading raised, after FAILED was written."""
    last = ledger.reconciliation()
    agreed_at, version = (last.agreed_at, last.version + 1) if last else (None, 1)
    try:
        seen = _compared(at, agreed_at, pairs, ledger, exchange, strategy)
    except Exception as error:
        failed = Reconciliation(
            at, Verdict.FAILED, note=f"{type(error).__name__}: {error}", agreed_at=agreed_at, version=version
        )
        ledger.save_reconciliation(failed)
        raise
    seen = replace(seen, agreed_at=at if seen.verdict is Verdict.AGREES else agreed_at, version=version)
    ledger.save_reconciliation(seen)
    return seen


def accept(  # noqa: PLR0913 (each is a fact of its own)
    at: datetime, reason: str, by: str, pairs: Sequence[Pair], ledger: Ledger, exchange: Exchange, strategy: Strategy
) -> Baseline:
    """What differs now is not ours, a person says: it becomes the baseline, and what was traded until now is known.

    Raises Transient while an order is under way: then nobody can say yet what is whose.
    """
    book, venue = _read(at, at, ledger, exchange)
    if waiting := _waiting(book, venue, at, exchange, strategy):
        msg = f"an order of {', '.join(sorted(waiting))} is under way; accept when it is settled"
        raise Transient(msg)
    known = orders_known(at - timedelta(days=1), at, ledger)
    foreign = tuple(one.order_id for one in venue.resting if one.order_id not in known)
    baseline = Baseline(_apart(pairs, book, venue), reason, by, at, foreign, _gone(book))
    ledger.set_baseline(baseline)
    for pair in pairs:
        ledger.free_orphan_slot(pair.key)
    return baseline


def _gone(book: Book) -> dict[str, str]:
    """Coins that our fills moved and that no position holds: of a position that somebody took out of the book."""
    gone = {coin: book.totals.of(coin).number - held_of(coin, book.positions) for coin in book.totals.coins}
    return {coin: f"{number:f}" for coin, number in gone.items() if number}


def held_of(coin: str, positions: Sequence[Position]) -> Decimal:
    """The coins of one kind in all positions."""
    return sum((held.size.number for held in positions if held.size.coin == coin), Decimal(0))


def _compared(
    at: datetime,
    agreed_at: datetime | None,
    pairs: Sequence[Pair],
    ledger: Ledger,
    exchange: Exchange,
    strategy: Strategy,
) -> Reconciliation:
    margin = timedelta(seconds=strategy.clock_margin_s)
    baseline = ledger.baseline()
    since = max((one for one in (agreed_at, baseline.at if baseline else None) if one), default=at) - margin
    book, venue = _read(at, since, ledger, exchange)
    if baseline is None:
        baseline = _first(at, pairs, book, venue)
        ledger.set_baseline(baseline)
    waiting = _waiting(book, venue, at, exchange, strategy)
    trades = tuple(trades_since(since, at, ledger))
    known = orders_known(since, at, ledger) | set(baseline.orders)
    findings = [
        *_of_amounts(pairs, book, venue, baseline, waiting),
        *of_positions(book.positions, book.totals, waiting, ledger, baseline, at),
        *of_orders(venue.resting, known, waiting),
        *of_fills(venue.fills, trades, known, baseline.at, waiting, since + 2 * margin),
    ]
    verdict = Verdict.DIFFERS if findings else Verdict.AGREES
    amounts = _amounts(pairs, book, venue, baseline)
    compared = {currency: f"book {shown(mine)}, venue {shown(theirs)}" for currency, mine, theirs in amounts}
    return Reconciliation(at, verdict, tuple(findings), tuple(sorted(waiting)), compared)


def _read(at: datetime, since: datetime, ledger: Ledger, exchange: Exchange) -> tuple[Book, Venue]:
    """Both sides, with a book that stood still while the venue was asked."""
    before = _book(ledger)
    for _ in range(READS):
        venue = Venue(exchange.balances(), tuple(exchange.open_orders()), tuple(exchange.executions(since)))
        after = _book(ledger)
        if after.same_as(before):
            return after, venue
        before = after
    msg = f"the book moved {READS} times while it was compared at {at:%H:%M:%S} UTC; try again"
    raise Transient(msg)


def _book(ledger: Ledger) -> Book:
    return Book(tuple(ledger.open_positions()), tuple(ledger.pending_trades()), ledger.totals())


def _waiting(book: Book, venue: Venue, at: datetime, exchange: Exchange, strategy: Strategy) -> set[str]:
    """Currencies that an order at the venue may have moved without our knowing yet: ours under way, a stop that sold.

    A stop that rests has moved nothing, nor has one that ended without a sale.
    """
    coins = {coin_of(one.intent.trading_pair) for one in book.pending if one.status in AT_THE_VENUE}
    resting = {one.order_id for one in venue.resting}
    for held in book.positions:
        stop = held.protection
        if stop is None or stop.order_id in resting:
            continue
        if may_still_show(stop, at, strategy) or (stop.order_id and filled(exchange.order(stop.order_id))):
            coins.add(held.size.coin)
    return coins | {"JPY"} if coins else set()


def _yen_room(book: Book, waiting: set[str]) -> tuple[Decimal, Decimal]:
    """By how much yen may be below and above the book while orders are under way: what they spend, what they bring.

    What is sold brings its last price, or half as much again: more than that is not explained by it.
    """
    under_way = [one.intent for one in book.pending if one.status in AT_THE_VENUE]
    spent = sum((one.spend.number for one in under_way if one.spend is not None), Decimal(0))
    brought = sum((held.current_price * held.size for held in book.positions if held.size.coin in waiting), yen(0))
    return spent, brought.number * 3 / 2


def _first(at: datetime, pairs: Sequence[Pair], book: Book, venue: Venue) -> Baseline:
    """Before the first fill, whatever the account holds is not ours; after it, nothing is taken for granted."""
    fresh = not book.totals.coins and not book.positions and book.totals.jpy.is_zero
    amounts = _apart(pairs, book, venue) if fresh else {}
    resting = tuple(one.order_id for one in venue.resting) if fresh else ()
    return Baseline(amounts, "what the account held before the first order", "trader", at, resting)


def _apart(pairs: Sequence[Pair], book: Book, venue: Venue) -> dict[str, str]:
    """By currency, what the venue has beyond what our fills moved."""
    nothing = Baseline({}, "", "", datetime.min.replace(tzinfo=UTC))
    return {name: f"{theirs - mine:f}" for name, mine, theirs in _amounts(pairs, book, venue, nothing)}


def _amounts(
    pairs: Sequence[Pair], book: Book, venue: Venue, baseline: Baseline
) -> Iterator[tuple[str, Decimal, Decimal]]:
    """Currency, what the book says should be there, what the venue says is."""
    yield "JPY", baseline.of("JPY") + book.totals.jpy.number, venue.balances.jpy.number
    for coin in dict.fromkeys(pair.coin for pair in pairs):
        yield coin, baseline.of(coin) + held_of(coin, book.positions), venue.balances.coins(coin).number


def _of_amounts(
    pairs: Sequence[Pair], book: Book, venue: Venue, baseline: Baseline, waiting: set[str]
) -> Iterator[Finding]:
    spent, brought = _yen_room(book, waiting)
    for currency, mine, theirs in _amounts(pairs, book, venue, baseline):
        explained = currency in waiting and (currency != "JPY" or -spent <= theirs - mine <= brought)
        if explained or mine == theirs:
            continue
        ours = [f"{held.position_id} {held.size}" for held in book.positions if held.size.coin == currency]
        recent = [f"order {one.order_id} {one.side} {one.quantity} for {one.funds}" for one in venue.fills[-5:]]
        evidence = f"not ours {shown(baseline.of(currency))}; positions: {', '.join(ours) or 'none'}"
        if currency == "JPY":
            evidence = f"not ours {shown(baseline.of(currency))}; booked fills moved {book.totals.jpy}"
        evidence += f"; executions since: {'; '.join(recent) or 'none'}"
        about = f"{currency} {'+' if theirs > mine else ''}{shown(theirs - mine)}"
        yield Finding("amount", about, f"{shown(mine)} {currency}", f"{shown(theirs)} {currency}", evidence)


def shown(number: Decimal) -> str:
    """A number for people: every digit of it, and no zeros behind."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text
