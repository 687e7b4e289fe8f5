"""A position: coins we hold because of one entry, and what protects them (strategy.md, "Positions").

OPEN --closing--> CLOSING --closed--> CLOSED, and CLOSING --reopened--> OPEN when the exit came to nothing. Every change
is one version on: it is saved before the next one is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from trading.adding import AddPlan
from trading.errors import Halt
from trading.money import JPY, Amount, Price, Quantity, yen
from trading.order import Execution, Intent, Side, Trade, exit_trade_id
from trading.selling import SoldPart, part_sold
from trading.stops import ExitReason, break_even_stop, first_stop, take_profit, trailing_stop
from trading.strategy import Strategy


class PositionStatus(StrEnum):
    """OPEN is watched, CLOSING has an exit booked, CLOSED is history."""

    OPEN = "OPEN"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class StopMove:
    """Where the stop was put, and when: the first at the entry, then each time it was raised."""

    at: datetime
    price: Price[JPY]


@dataclass(frozen=True, slots=True)
class Protection:
    """The stop order that rests at the venue for a position, so that it is sold even when nothing of ours runs.

    order_id  None from before it is asked for until the venue has shown it: it may be there or not.
    """

    rate: Price[JPY]
    asked_at: datetime
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """What is held of one pair. Prices are yen per coin. ``version`` is the optimistic lock.

    entry_price    yen spent, fees in, / coins bought.
    highest_price  the peak seen since the entry; the trailing stop hangs from it.
    stop_loss      the price at or below which the position is sold; it never moves down.
    exit_attempts  exits booked so far; the next one has the number after it.
    closing_trade_id  the exit that is under way, while CLOSING.
    stop_reason    what set the stop where it is: STOP_LOSS, BREAK_EVEN or TRAILING_STOP.
    sold           what exits that sold only a part took out of size and cost.
    trailing_distance, break_even_trigger, add_plan  this position's own; None for the strategy's tiers, or no adding.
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
    stop_reason: str = ExitReason.STOP_LOSS
    trailing_distance: Price[JPY] | None = None
    break_even_trigger: Price[JPY] | None = None
    add_plan: AddPlan | None = None
    stop_moves: tuple[StopMove, ...] = ()
    protection: Protection | None = None
    sold: SoldPart | None = None

    @property
    def paid(self) -> Amount[JPY]:
        """What all of it cost, the parts that were sold before included."""
        return self.cost + self.sold.cost if self.sold else self.cost


@dataclass(frozen=True, slots=True)
class Watched:
    """A position after a look at the price, one version on if the look changed it, and why to sell it (None: keep)."""

    position: Position
    exit_reason: str | None


def opened(trade: Trade, execution: Execution, at: datetime, strategy: Strategy) -> Position:
    """The position that a filled BUY makes. Fees count as cost, so that break-even means it."""
    intent = trade.intent
    cost = execution.funds
    entry = Price(cost.number / execution.quantity.number, execution.quantity.coin, JPY)
    return Position(
        position_id=f"POS-{intent.trade_id.removeprefix('TRD-')}",
        trade_id=intent.trade_id,
        signal_id=intent.signal_id,
        strategy_id=intent.strategy_id,
        pair=intent.pair,
        trading_pair=intent.trading_pair,
        status=PositionStatus.OPEN,
        opened_at=at,
        entry_price=entry,
        size=execution.quantity,
        cost=cost,
        current_price=execution.price,
        highest_price=entry,
        stop_loss=first_stop(entry, strategy),
        take_profit=take_profit(entry, strategy),
        stop_moves=(StopMove(at, first_stop(entry, strategy)),),
    )


def watch(position: Position, bid: Price[JPY], strategy: Strategy) -> Watched:
    """Look at the price at which the position could be sold now.

    The order is fixed (I10): stop, then the peak, then trailing and break-even raise the stop, take-profit last. A stop
    that this look raised is checked by the next one. A position that is not OPEN is left as it is.
    """
    if position.status is not PositionStatus.OPEN:
        return Watched(position, None)
    if bid <= position.stop_loss:
        return Watched(_changed(position, replace(position, current_price=bid)), position.stop_reason)
    peak = max(position.highest_price, bid)
    seen = _raised(replace(position, current_price=bid, highest_price=peak), strategy)
    return Watched(_changed(position, seen), ExitReason.TAKE_PROFIT if bid >= position.take_profit else None)


def stop_noted(seen: Position, before: Position, at: datetime) -> Position:
    """What a look at ``at`` made of a position, with the move of its stop written down if there was one."""
    if seen.stop_loss == before.stop_loss:
        return seen
    return replace(seen, stop_moves=(*seen.stop_moves, StopMove(at, seen.stop_loss)))


def _raised(position: Position, strategy: Strategy) -> Position:
    """The position with its stop at the highest of where it is, where break-even and where trailing want it."""
    entry, peak = position.entry_price, position.highest_price
    wanted = {
        ExitReason.BREAK_EVEN: break_even_stop(entry, peak, position.break_even_trigger, strategy),
        ExitReason.TRAILING_STOP: trailing_stop(entry, peak, position.trailing_distance, strategy),
    }
    for reason, stop in wanted.items():
        if stop is not None and stop > position.stop_loss:
            position = replace(position, stop_loss=stop, stop_reason=reason)
    return position


def _changed(before: Position, after: Position) -> Position:
    return before if after == before else replace(after, version=before.version + 1)


def exit_intent(
    position: Position, reason: str, *, decision_id: str, created_at: datetime, expires_at: datetime, strategy: Strategy
) -> Intent:
    """The intent to sell all of an OPEN position, with the id of its next attempt.

    It has no price band, because an exit must happen, and is of the strategy that decided it. Raises Halt unless OPEN.
    """
    _must_be(position, PositionStatus.OPEN, "be sold")
    return Intent(
        trade_id=exit_trade_id(position.position_id, position.exit_attempts + 1),
        pair=position.pair,
        trading_pair=position.trading_pair,
        side=Side.SELL,
        reason=reason,
        decision_id=decision_id,
        signal_id=position.signal_id,
        strategy_id=strategy.strategy_id,
        strategy_version=strategy.strategy_version,
        created_at=created_at,
        expires_at=expires_at,
        quantity=position.size,
        position_id=position.position_id,
        input_ids=(position.trade_id,),
    )


def closing(position: Position, trade_id: str) -> Position:
    """An exit was booked, and counted. Raises Halt unless OPEN."""
    _must_be(position, PositionStatus.OPEN, "start closing")
    return replace(
        position,
        status=PositionStatus.CLOSING,
        closing_trade_id=trade_id,
        exit_attempts=position.exit_attempts + 1,
        version=position.version + 1,
    )


def reopened(position: Position, at: datetime) -> Position:
    """The exit came to nothing at ``at``, as its trade says: watched again. Raises Halt unless CLOSING."""
    _must_be(position, PositionStatus.CLOSING, f"be reopened at {at.isoformat()}")
    return replace(position, status=PositionStatus.OPEN, closing_trade_id=None, version=position.version + 1)


def closed(position: Position, execution: Execution, reason: str, at: datetime) -> Position:
    """The exit was filled: what all exits brought less what the position cost, fees in both, to the last digit.

    Raises Halt unless CLOSING, and when another number of coins was sold than were held: the books are wrong.
    """
    _must_be(position, PositionStatus.CLOSING, "be closed")
    if execution.quantity != position.size:
        raise Halt(
            f"{position.position_id} holds {position.size}, but {execution.quantity} were sold; look at the venue"
        )
    earlier = position.sold
    return replace(
        position,
        status=PositionStatus.CLOSED,
        current_price=execution.price,
        closed_at=at,
        exit_price=execution.price,
        exit_reason=reason,
        realized_pnl=execution.funds - position.cost + (earlier.funds - earlier.cost if earlier else yen(0)),
        version=position.version + 1,
    )


def reduced(position: Position, execution: Execution) -> Position:
    """The exit sold a part: the rest is open again, at the same price per coin. Raises Halt unless CLOSING."""
    _must_be(position, PositionStatus.CLOSING, "be sold in part")
    if execution.quantity >= position.size:
        raise Halt(f"{position.position_id} holds {position.size}, {execution.quantity} are no part of it")
    sold = part_sold(position.sold, execution, position.size, position.cost)
    took = sold.cost - position.sold.cost if position.sold else sold.cost
    return replace(
        position,
        status=PositionStatus.OPEN,
        closing_trade_id=None,
        size=position.size - execution.quantity,
        cost=position.cost - took,
        sold=sold,
        protection=None,
        version=position.version + 1,
    )


def next_addition(position: Position, price: Price[JPY]) -> Quantity | None:
    """How many coins the position's plan adds at this price; None without a plan, or when no level is due."""
    if position.add_plan is None or position.status is not PositionStatus.OPEN:
        return None
    return position.add_plan.due(price)


def added(position: Position, execution: Execution) -> Position:
    """A level of the plan was bought: more coins at the mean of all prices. Raises Halt unless OPEN with a plan.

    Take-profit keeps its distance from the entry. A stop that is still the first one does too, but never moves down.
    """
    _must_be(position, PositionStatus.OPEN, "be added to")
    if position.add_plan is None:
        raise Halt(f"{position.position_id} has no plan to add by, but coins were added; look at the books")
    cost = position.cost + execution.funds
    size = position.size + execution.quantity
    entry = Price(cost.number / size.number, size.coin, JPY)
    ratio = entry / position.entry_price
    first = position.stop_reason == ExitReason.STOP_LOSS
    return replace(
        position,
        entry_price=entry,
        size=size,
        cost=cost,
        stop_loss=max(position.stop_loss, position.stop_loss.scaled(ratio)) if first else position.stop_loss,
        take_profit=position.take_profit.scaled(ratio),
        add_plan=replace(position.add_plan, done=position.add_plan.done + 1),
        version=position.version + 1,
    )


def _must_be(position: Position, status: PositionStatus, what: str) -> None:
    if position.status is not status:
        raise Halt(f"{position.position_id} is {position.status} and cannot {what}; the books need a human")
