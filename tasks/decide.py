"""Tasks of ``analyze`` after the judges: read the books, decide, shape intents, book."""

from __future__ import annotations

from datetime import datetime

from prefect import task
from prefect.assets import materialize

from blocks.desk import open_desk
from tasks.assets import CANDLES, CONTEXT, DECISIONS, FORECASTS, NEWS, RECORDS, made
from tasks.policies import ASK, THINK, WRITE
from trading import scoring
from trading.order import Intent
from trading.ports import Booking
from trading.scoring import Decision
from trading.services import books, calibrate, decide, intents
from trading.services.books import Books
from trading.services.decide import Analysis
from trading.services.rows import signal_rows
from trading.services.seen import Seen
from trading.sizing import NoEntry


@task(task_run_name="read-books", **ASK)
def read_books(desk: str, at: datetime) -> Books:
    """What we hold, what is under way, what the account says."""
    room = open_desk(desk)
    return books.read_books(at, room.ledger, room.exchange)


@task(task_run_name="decide", **THINK)
def decide_market(desk: str, seen: Seen, at: datetime) -> Decision:
    """One decision over all pairs."""
    strategy = open_desk(desk).strategy
    earned = calibrate.weight_of(seen.weighed, strategy)
    market = books.market_of(seen.looks, seen.mood, earned, seen.books, at, strategy, seen.basis)
    return scoring.decide(market, strategy)


@task(task_run_name="shape-intents", **ASK)
def shape_intents(desk: str, decision: Decision, account: Books, at: datetime, record: str) -> list[Intent | NoEntry]:
    """Size and band what was decided, at the venue's own price; each names the record of the decision."""
    room = open_desk(desk)
    shaped: list[Intent | NoEntry]
    if decision.action == "BUY":
        shaped = [
            intents.entry(decision, room.pair(key), account, at, room.exchange, room.strategy) for key in decision.pairs
        ]
    else:
        shaped = list(intents.exits(decision, account, at, room.strategy))
    return [intents.traced(one, record) if isinstance(one, Intent) else one for one in shaped]


@materialize(DECISIONS, asset_deps=[CANDLES, FORECASTS, NEWS, CONTEXT, RECORDS], task_run_name="book", **WRITE)
def book_decision(  # noqa: PLR0913 (each is a fact of its own)
    desk: str,
    at: datetime,
    trigger: str,
    seen: Seen,
    decision: Decision,
    shaped: list[Intent | NoEntry],
    record: str,
) -> Analysis:
    """Signals and intents into the books, in one transaction."""
    room = open_desk(desk)
    earned = calibrate.weight_of(seen.weighed, room.strategy)
    notes = tuple(one.reason for one in shaped if isinstance(one, NoEntry))
    rows = signal_rows(seen.looks, seen.mood, earned, decision, at, trigger, room.strategy, seen.basis, record, notes)
    wanted = [one for one in shaped if isinstance(one, Intent)]
    booking = Booking(intents.decision_id_of(at), at, rows, wanted, [look.pair for look in seen.looks])
    trade_ids, conflicts = decide.book(booking, room.ledger)
    made(DECISIONS, desk=desk, decision_id=booking.decision_id, record_id=record, action=str(decision.action))
    return Analysis(booking.decision_id, at, trigger, decision, tuple(rows), tuple(trade_ids), notes + conflicts)


@task(task_run_name="look", **THINK)
def only_looked(desk: str, at: datetime, trigger: str, seen: Seen, decision: Decision) -> Analysis:
    """The decision as it would be booked; nothing is, and the next analysis comes as it would have."""
    strategy = open_desk(desk).strategy
    earned = calibrate.weight_of(seen.weighed, strategy)
    rows = signal_rows(seen.looks, seen.mood, earned, decision, at, trigger, strategy, seen.basis, "", ())
    return Analysis(intents.decision_id_of(at), at, trigger, decision, tuple(rows), ())
