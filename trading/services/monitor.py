"""Monitor: look at each open position at the venue's own price, raise its stop, and book an exit when one is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from trading.limits import allows_exit
from trading.order import Intent
from trading.ports import Exchange, Ledger, Notice
from trading.position import Position, PositionStatus, exit_intent, stop_noted, watch
from trading.services.protect import adopted, sold_by_stop
from trading.stops import ExitReason
from trading.strategy import Strategy


@dataclass(frozen=True, slots=True)
class Watched:
    """A position after a look: its new state and the exit that was booked, if one was due."""

    position: Position
    exit: Intent | None = None


def look_at(position: Position, at: datetime, ledger: Ledger, exchange: Exchange, strategy: Strategy) -> Watched:
    """Move the peak and the stop of one open position; book its exit when a price says so, or its stop order sold it.

    A CLOSING position already has its exit on the way and is left alone. Raises Conflict when somebody else moved it
    first: the next look sees their version.
    """
    if position.status is not PositionStatus.OPEN:
        return Watched(position)
    if order_id := sold_by_stop(position, at, ledger, exchange, strategy):
        return _sold(position, order_id, at, ledger, strategy)
    bid = exchange.ticker(position.trading_pair).bid
    seen = watch(position, bid, strategy)
    looked = stop_noted(seen.position, position, at)
    if looked != position:
        ledger.save_position(looked)  # before the exit: a refused one must not lose the peak and the stop
    if seen.exit_reason is None or not allows_exit(ledger.kill_switch().mode):
        return Watched(looked)  # with everything switched off an exit is not booked only to be refused
    intent = _exit(looked, seen.exit_reason, at, strategy)
    ledger.book_exit(intent, looked)
    return Watched(looked, intent)


def _sold(position: Position, order_id: str, at: datetime, ledger: Ledger, strategy: Strategy) -> Watched:
    """The venue's stop sold it: the exit is booked and takes that order over. After a crash in between it is found."""
    intent = _exit(position, ExitReason.STOP_LOSS, at, strategy)
    ledger.book_exit(intent, position)
    booked = ledger.trade(intent.trade_id)
    if booked is not None and position.protection is not None:
        adopted(booked, order_id, position.protection.asked_at, at, ledger)
    return Watched(position, intent)


def _exit(position: Position, reason: str, at: datetime, strategy: Strategy) -> Intent:
    return exit_intent(
        position,
        reason,
        decision_id=f"MON-{at:%Y%m%dT%H%M%SZ}-{position.pair}",
        strategy=strategy,
        created_at=at,
        expires_at=at + timedelta(seconds=strategy.intent_ttl_s),
    )


def notices_of(seen: Sequence[Watched], at: datetime) -> list[Notice]:
    """What people are told after a look: each exit that was booked, and why."""
    return [
        Notice("exit.booked", f"selling {look.position.size}: {look.exit.reason}", at, {"trade_id": look.exit.trade_id})
        for look in seen
        if look.exit is not None
    ]
