"""What ``analyze`` does with a decision that counts: record it, book it, queue its orders, tell people."""

from __future__ import annotations

from datetime import datetime

from tasks.decide import book_decision, shape_intents
from tasks.lineage import trace_decision
from tasks.notify import queue_order, tell
from trading.scoring import Decision
from trading.services.decide import Analysis, notices_of
from trading.services.seen import Seen


def booked(desk: str, at: datetime, trigger: str, seen: Seen, decision: Decision) -> Analysis:
    """The decision with its record, its signals and its intents in the books, and its orders on the queue."""
    record = trace_decision(desk, at, trigger, seen, decision)
    intents = shape_intents(desk, decision, seen.books, at, record) if decision.pairs else []
    analysis = book_decision(desk, at, trigger, seen, decision, intents, record)
    for trade_id in analysis.trade_ids:
        queue_order(desk, trade_id, analysis.trace())
    if notices := notices_of(analysis):
        tell(desk, notices)
    return analysis
