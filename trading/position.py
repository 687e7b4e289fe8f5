"""A position: coins we hold because of one entry, and what protects them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trading.money import JPY, Amount, Price, Quantity


class PositionStatus(StrEnum):
    """OPEN is watched, CLOSING has an exit booked, CLOSED is history."""

    OPEN = "OPEN"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class Position:
    """What is held of one pair. Prices are yen per coin. ``version`` is the optimistic lock.

    entry_price    funds spent / coins bought, fees in.
    highest_price  the peak seen since the entry; the trailing stop hangs from it.
    stop_loss      the price at or below which the position is sold; it never moves down.
    exit_attempts  exits booked so far: the number of the next one.
    closing_trade_id  the exit that is under way, while CLOSING.
    """

    position_id: str
    trade_id: str
    signal_id: str
    strategy_id: str
    pair: str
    trading_pair: str
    status: PositionStatus
    opened_at: datetime
    entry_price: Price[JPY]
    size: Quantity
    cost: Amount[JPY]
    current_price: Price[JPY]
    highest_price: Price[JPY]
    stop_loss: Price[JPY]
    take_profit: Price[JPY]
    exit_attempts: int = 0
    closing_trade_id: str | None = None
    closed_at: datetime | None = None
    exit_price: Price[JPY] | None = None
    exit_reason: str = ""
    realized_pnl: Amount[JPY] | None = None
    version: int = 1
