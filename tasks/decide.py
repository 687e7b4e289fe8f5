"""Tasks of ``analyze`` after the judges: read the books, decide, shape intents, book."""

from __future__ import annotations

from datetime import datetime

from prefect import task

from blocks.desk import open_desk
from tasks.policies import ASK, THINK, WRITE
from trading import scoring
from trading.calibration.weight import EarnedWeight
from trading.order import Intent
from trading.ports import Booking
from trading.scoring import Decision
from trading.services import books, calibrate, decide, intents
from trading.services.books import Books
from trading.services.decide import Analysis
from trading.services.looks import Look, Outcomes
from trading.services.rows import signal_rows
from trading.signals.context import ContextSignal
from trading.sizing import NoEntry


@task(task_run_name="read-books", **ASK)
def read_books(desk: str, at: datetime) -> Books:
    """What we hold, what is under way, what the account says."""
    room = open_desk(desk)
    return books.read_books(at, room.ledger, room.exchange)


@task(task_run_name="decide", **THINK)
def decide_market(
    desk: str, looks: list[Look], mood: ContextSignal, weighed: Outcomes[EarnedWeight], account: Books, at: datetime
) -> Decision:
    """One decision over all pairs."""
    strategy = open_desk(desk).strategy
    earned = calibrate.weight_of(weighed, strategy)
    return scoring.decide(books.market_of(looks, mood, earned, account, at, strategy), strategy)


@task(task_run_name="shape-intents", **ASK)
def shape_intents(desk: str, decision: Decision, account: Books, at: datetime) -> list[Intent | NoEntry]:
    """Size and band what was decided, at the venue's own price."""
    room = open_desk(desk)
    if decision.action == "BUY":
        return [
            intents.entry(decision, room.pair(key), account, at, room.exchange, room.strategy) for key in decision.pairs
        ]
    return list(intents.exits(decision, account, at, room.strategy))


@task(task_run_name="book", **WRITE)
def book_decision(  # noqa: PLR0913 (each is a fact of its own)
    desk: str,
    at: datetime,
    trigger: str,
    looks: list[Look],
    mood: ContextSignal,
    weighed: Outcomes[EarnedWeight],
    decision: Decision,
    shaped: list[Intent | NoEntry],
) -> Analysis:
    """Signals and intents into the books, in one transaction."""
    room = open_desk(desk)
    earned = calibrate.weight_of(weighed, room.strategy)
    rows = signal_rows(looks, mood, earned, decision, at, trigger, room.strategy)
    wanted = [one for one in shaped if isinstance(one, Intent)]
    notes = tuple(one.reason for one in shaped if isinstance(one, NoEntry))
    booking = Booking(intents.decision_id_of(at), at, rows, wanted, [look.pair for look in looks])
    trade_ids, conflicts = decide.book(booking, room.ledger)
    return Analysis(booking.decision_id, at, trigger, decision, tuple(rows), tuple(trade_ids), notes + conflicts)
