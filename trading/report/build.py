"""From the books of a day to its report: pure sums and counts, nothing guessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from trading.order import Trade
from trading.position import Position, PositionStatus
from trading.report.quiet import quiet_spans
from trading.report.rows import Judgement, judgement, number, text
from trading.report.shapes import (
    SAID_NO,
    DayBooks,
    DayReport,
    ForecastDay,
    Health,
    Money,
    OrderLine,
    PairDay,
    PositionLine,
)
from trading.report.why import bought_because, sold_because


def day_report(day_start: datetime, day_end: datetime, books: DayBooks) -> DayReport:
    """The report of (day_start, day_end]: what happened up to and including the moment at which it is written.

    What happened at ``day_start`` itself is in the report before. An analysis at midnight is of the day before it.
    """
    judged = {pair: _judgements(pair, rows, day_start, day_end) for pair, rows in books.signals.items()}
    judgements = sorted((item for items in judged.values() for item in items), key=lambda item: (item.at, item.pair))
    orders = tuple(_order_line(trade) for trade in books.trades if day_start < trade.intent.created_at <= day_end)
    positions = _position_lines(books, day_start, day_end, judgements)
    decided = {item.decision_id: item.action for item in judgements}
    exits = Counter(line.exit_reason or "no reason booked" for line in positions if not line.open_at_end)
    return DayReport(
        day_start=day_start,
        day_end=day_end,
        pairs=tuple(_pair_day(pair, items, positions) for pair, items in judged.items()),
        analyses=len(decided),
        decisions={"BUY": 0, "SELL": 0, "HOLD": 0} | Counter(decided.values()),
        orders_by_status=dict(Counter(line.status.value for line in orders)),
        orders=orders,
        opened=sum(line.opened_today for line in positions),
        closed=sum(not line.open_at_end for line in positions),
        open_at_end=sum(line.open_at_end for line in positions),
        positions=positions,
        exits_by_reason=dict(exits.most_common()),
        money=_money(books, orders, positions),
        health=_health(judgements, orders),
        quiet=quiet_spans(day_start, day_end, judgements, orders, positions),
        forecasts=_forecasts(books),
        notes=(*books.notes, *_doubts(positions)),
    )


def _judgements(pair: str, rows: Sequence[Mapping[str, Any]], start: datetime, end: datetime) -> list[Judgement]:
    read = (judgement(pair, row) for row in rows)
    return [item for item in read if item is not None and start < item.at <= end]


def _pair_day(pair: str, judged: Sequence[Judgement], positions: Sequence[PositionLine]) -> PairDay:
    scored = [item for item in judged if item.score is not None]
    best = max(scored, key=lambda item: item.score or 0.0, default=None)
    free = [item for item in scored if not any(line.holds(pair, item.at) for line in positions)]
    near = [(item.short_by, item) for item in free if item.short_by is not None]
    short_by, closest = min(near, key=lambda entry: entry[0], default=(None, None))
    return PairDay(pair, len(judged), len(scored), best, closest, short_by, tuple(judged))


def _order_line(trade: Trade) -> OrderLine:
    intent, done = trade.intent, trade.executed
    return OrderLine(
        trade_id=intent.trade_id,
        decision_id=intent.decision_id,
        pair=intent.pair,
        side=intent.side,
        status=trade.status,
        at=intent.created_at,
        reason=intent.reason,
        note=trade.note,
        coin=intent.trading_pair.removesuffix("_jpy").upper(),
        size=done.quantity.number if done else None,
        price_jpy=done.price.number if done else None,
        funds_jpy=done.funds.number if done else None,
        fee_jpy=done.fee.number if done else None,
    )


def _position_lines(
    books: DayBooks, start: datetime, end: datetime, judgements: Sequence[Judgement]
) -> tuple[PositionLine, ...]:
    thought = {(item.decision_id, item.pair): item for item in judgements}
    intents = {trade.intent.trade_id: trade.intent for trade in books.trades}
    sales = {intent.position_id: intent for intent in intents.values() if intent.position_id is not None}

    def line(position: Position) -> PositionLine:
        entry, leave = intents.get(position.trade_id), sales.get(position.position_id)
        why = bought_because(entry.reason, thought.get((entry.decision_id, entry.pair))) if entry else ""
        left = thought.get((leave.decision_id, leave.pair)) if leave else None
        return replace(
            _position_line(position, books, start, end),
            bought_because=why,
            sold_because=sold_because(position.exit_reason, left) if position.closed_at else "",
        )

    held = [held for held in books.positions if held.opened_at <= end and not _closed_by(held, start)]
    return tuple(line(one) for one in sorted(held, key=lambda one: (one.opened_at, one.position_id)))


def _closed_by(position: Position, at: datetime) -> bool:
    return position.closed_at is not None and position.closed_at <= at


def _position_line(position: Position, books: DayBooks, start: datetime, end: datetime) -> PositionLine:
    is_open = position.status is not PositionStatus.CLOSED or (position.closed_at or start) > end
    price = books.prices.get(position.pair) if is_open else None
    unrealized = price * position.size - position.cost if price else None
    realized = None if is_open else position.realized_pnl
    exit_price = None if is_open else position.exit_price
    return PositionLine(
        position_id=position.position_id,
        pair=position.pair,
        coin=position.size.coin,
        open_at_end=is_open,
        opened_at=position.opened_at,
        opened_today=position.opened_at > start,
        bought_because="",
        size=position.size.number,
        entry_price_jpy=position.entry_price.number,
        cost_jpy=position.cost.number,
        highest_price_jpy=position.highest_price.number,
        stop_loss_jpy=position.stop_loss.number,
        price_jpy=price.number if price else None,
        closed_at=None if is_open else position.closed_at,
        exit_price_jpy=exit_price.number if exit_price else None,
        exit_reason="" if is_open else position.exit_reason,
        sold_because="",
        realized_pnl_jpy=realized.number if realized is not None else None,
        unrealized_pnl_jpy=unrealized.number if unrealized is not None else None,
        stops=tuple((at, stop.number) for at, stop in books.stops.get(position.position_id, ())),
    )


def _money(books: DayBooks, orders: Sequence[OrderLine], positions: Sequence[PositionLine]) -> Money:
    results = [line.realized_pnl_jpy for line in positions if line.realized_pnl_jpy is not None]
    marks = [line.unrealized_pnl_jpy for line in positions if line.unrealized_pnl_jpy is not None]
    return Money(
        equity_start_jpy=books.equity_start.number if books.equity_start is not None else None,
        equity_end_jpy=books.equity_end.number if books.equity_end is not None else None,
        realized_pnl_jpy=sum(results, Decimal(0)),
        unrealized_pnl_jpy=sum(marks, Decimal(0)),
        fees_jpy=sum((line.fee_jpy for line in orders if line.fee_jpy is not None), Decimal(0)),
        wins=sum(result > 0 for result in results),
        losses=sum(result < 0 for result in results),
        even=sum(result == 0 for result in results),
        unpriced=tuple(line.pair for line in positions if line.open_at_end and line.price_jpy is None),
    )


def _forecasts(books: DayBooks) -> ForecastDay:
    rows = [row for rows in books.signals.values() for row in rows if isinstance(row.get("forecast_weight"), Mapping)]
    last: Mapping[str, Any] = max(rows, key=lambda row: number(row.get("timestamp")) or 0.0, default={})
    said = last.get("forecast_weight", {})
    return ForecastDay(
        number(said.get("weight")), number(said.get("configured")), text(said.get("why")), tuple(books.calibration)
    )


def _health(judgements: Sequence[Judgement], orders: Sequence[OrderLine]) -> Health:
    return Health(
        fallbacks=dict(Counter(item.fallback for item in judgements if item.fallback).most_common()),
        missing=_by_input([note for item in judgements for note in item.missing]),
        neutral=_by_input([note for item in judgements for note in item.neutral]),
        refusals=dict(Counter(f"{o.status.value}: {o.note or 'no note'}" for o in orders if o.status in SAID_NO)),
    )


def _by_input(notes: Sequence[str]) -> dict[str, int]:
    """Notes of the form ``input: detail`` counted by input, most frequent first, each with the last detail it had."""
    split = [note.partition(": ") for note in notes]
    last = {name: detail for name, _, detail in split}
    counts = Counter(name for name, _, _ in split).most_common()
    return {f"{name}: {last[name]}" if last[name] else name: count for name, count in counts}


def _doubts(positions: Sequence[PositionLine]) -> list[str]:
    """What the report cannot vouch for, in words."""
    return [
        f"{line.position_id} closed without a booked profit or loss: it is in no sum; reconcile it with the exchange"
        for line in positions
        if not line.open_at_end and line.realized_pnl_jpy is None
    ]
