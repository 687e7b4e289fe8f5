"""Decide: what was seen becomes one decision, its intents, and the rows that explain it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from trading.errors import Conflict
from trading.ports import Booking, Ledger, Notice
from trading.scoring import Decision
from trading.services.calibrate import UNREAD
from trading.services.looks import DATA


@dataclass(frozen=True, slots=True)
class Analysis:
    """One analysis as booked: the decision, the rows that explain it, and the trades that stand booked by it."""

    decision_id: str
    at: datetime
    trigger: str
    decision: Decision
    rows: tuple[Mapping[str, Any], ...]
    trade_ids: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def trace(self) -> dict[str, str]:
        """What travels with a queued trade, to follow it through logs."""
        return {"decision_id": self.decision_id, "decided_at": self.at.isoformat()}


def notices_of(analysis: Analysis) -> list[Notice]:
    """What people are told of a decision: only when something is to be done, or something was missing."""
    decision = analysis.decision
    missing = [f"{row['pair']}: {', '.join(lacks)}" for row in analysis.rows if (lacks := _lacks(row))]
    notices = []
    if decision.action != "HOLD":
        text = f"{decision.action} {', '.join(decision.pairs)}: {decision.reasons[0] if decision.reasons else ''}"
        notices.append(
            Notice(f"decision.{decision.action.lower()}", text, analysis.at, {"decision_id": analysis.decision_id})
        )
    if missing:
        notices.append(Notice("decision.inputs_missing", "; ".join(missing), analysis.at, alarm=True))
    unread = {row["forecast_weight"]["why"] for row in analysis.rows if row["forecast_weight"]["model"] == UNREAD}
    return notices + [Notice("decision.weight_unknown", why, analysis.at, alarm=True) for why in sorted(unread)]


def _lacks(row: Mapping[str, Any]) -> list[str]:
    """What a pair lacks besides data fit to be judged: people are told of those where they were checked."""
    return [one for one in row["missing"] if not one.startswith(f"{DATA}:")]


def book(booking: Booking, ledger: Ledger) -> tuple[list[str], tuple[str, ...]]:
    """Write a decision, all or nothing: the trades that stand booked by it, and why an intent could not be.

    When a pair was taken meanwhile, the signals are still written and the conflict is said.
    """
    try:
        return ledger.book(booking), ()
    except Conflict as conflict:
        return ledger.book(replace(booking, intents=())), (str(conflict),)
