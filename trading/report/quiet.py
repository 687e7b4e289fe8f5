"""Why nothing was traded, hour by hour: an hour of nothing is always explained, never left blank (I16, I17)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from trading.order import Status
from trading.report.rows import Judgement, coin_of
from trading.report.shapes import OrderLine, PositionLine, QuietSpan

HOUR = timedelta(hours=1)
SILENT, BLIND, STOPPED, BELOW = "silent", "blind", "stopped", "below"
"""No analysis ran · nothing could be scored · wanted, but not filled · looked and found nothing good enough."""

type Hour = tuple[datetime, datetime, list[Judgement], list[OrderLine]]


def quiet_spans(
    start: datetime,
    end: datetime,
    judgements: Sequence[Judgement],
    orders: Sequence[OrderLine],
    positions: Sequence[PositionLine],
) -> tuple[QuietSpan, ...]:
    """The hours of (start, end] without a filled order, neighbours of one kind joined, each with its reason."""
    hours = _hours(start, end, judgements, orders)
    told = groupby(hours, key=_kind)
    return tuple(_span(kind, list(group), positions) for kind, group in told if kind)


def _hours(
    start: datetime, end: datetime, judgements: Sequence[Judgement], orders: Sequence[OrderLine]
) -> Iterator[Hour]:
    at = start
    while at < end:
        until = min(at + HOUR, end)
        yield (
            at,
            until,
            [item for item in judgements if at < item.at <= until],
            [order for order in orders if at < order.at <= until],
        )
        at = until


def _kind(hour: Hour) -> str:
    """The kind of quiet; empty when something was traded."""
    _, _, judgements, orders = hour
    if any(order.status is Status.FILLED for order in orders):
        return ""
    if orders or any(item.action != "HOLD" for item in judgements):
        return STOPPED
    if not judgements:
        return SILENT
    return BELOW if any(item.score is not None for item in judgements) else BLIND


def _span(kind: str, hours: list[Hour], positions: Sequence[PositionLine]) -> QuietSpan:
    judgements = [item for hour in hours for item in hour[2]]
    orders = [order for hour in hours for order in hour[3]]
    analyses = len({item.decision_id for item in judgements})
    free = [item for item in judgements if not any(line.holds(item.pair, item.at) for line in positions)]
    why = _below(free) if kind == BELOW else _why(kind, judgements, orders)
    return QuietSpan(hours[0][0], hours[-1][1], analyses, kind, why)


def _why(kind: str, judgements: list[Judgement], orders: list[OrderLine]) -> str:
    if kind == SILENT:
        return "no analysis ran, though one is due every hour: look at the runs of collect_prices"
    if kind == BLIND:
        missing = ", ".join(sorted({name for item in judgements for name in item.missing})) or "not said which"
        return f"no pair could be scored; missing input: {missing}"
    notes = (f"{coin_of(order.pair)} {order.side} {order.status}: {order.note or 'no note'}" for order in orders)
    return "; ".join(dict.fromkeys(notes)) or "a trade was decided, but no order of it is in the books"


def _below(free: list[Judgement]) -> str:
    near = [(item.short_by, item) for item in free if item.short_by is not None]
    if not near:
        return "every pair that could be scored was held already" if not free else "scores without thresholds"
    short_by, item = min(near, key=lambda entry: entry[0])
    if short_by > 0:
        return f"no score reached its threshold; the closest was {coin_of(item.pair)}, {short_by:.2f} short"
    because = "; ".join(item.reasons) or "no reason booked"
    return f"{coin_of(item.pair)} reached its threshold but was not bought: {because}"
