"""What a day's report holds. Money is an exact Decimal of yen, a score is a float, a time is aware UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from trading.calibration.table import CalibrationRow
from trading.money import JPY, Amount, Price
from trading.order import Side, Status, Trade
from trading.position import Position
from trading.report.rows import Judgement

SAID_NO = frozenset({Status.REFUSED, Status.REJECTED, Status.UNKNOWN, Status.HALTED})
"""Where an order stands that did not simply go through: each is told with its reason."""

type Stops = Sequence[tuple[datetime, Price[JPY]]]


@dataclass(frozen=True, slots=True)
class DayBooks:
    """What a report is made from.

    signals     booked signal rows by pair, oldest first (``trading.report_rows`` says which keys are read).
    trades      of the day, and those that opened a position touched in it: they say why it was bought.
    positions   every position that was open at some time of the day.
    prices      last bid by pair; a held pair without one is named in the report, and not guessed.
    stops       how a position's stop moved, by position id, oldest first; for the charts.
    calibration how good the day's forecasts were, as far as what they spoke of is over.
    """

    signals: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    trades: Sequence[Trade] = ()
    positions: Sequence[Position] = ()
    prices: Mapping[str, Price[JPY]] = field(default_factory=dict)
    equity_start: Amount[JPY] | None = None
    equity_end: Amount[JPY] | None = None
    stops: Mapping[str, Stops] = field(default_factory=dict)
    calibration: Sequence[CalibrationRow] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PairDay:
    """One pair's day. ``best`` is the highest score, ``closest`` the least distance to buying while not held.

    They may differ: the threshold moves with the market. ``short_by`` is that least distance; zero or less = reached.
    """

    pair: str
    analyses: int
    scored: int
    best: Judgement | None
    closest: Judgement | None
    short_by: float | None
    judgements: tuple[Judgement, ...]


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One trade: what was wanted, what became of it. The executed half is None until it is filled."""

    trade_id: str
    decision_id: str
    pair: str
    side: Side
    status: Status
    at: datetime
    reason: str
    note: str
    coin: str
    size: Decimal | None
    price_jpy: Decimal | None
    funds_jpy: Decimal | None
    fee_jpy: Decimal | None


@dataclass(frozen=True, slots=True)
class PositionLine:
    """One position: ``realized_pnl_jpy`` when it closed in the day, ``unrealized_pnl_jpy`` while open and priced.

    ``exit_reason`` is as booked, for machines; ``bought_because`` and ``sold_because`` are for people.
    """

    position_id: str
    pair: str
    coin: str
    open_at_end: bool
    opened_at: datetime
    opened_today: bool
    bought_because: str
    size: Decimal
    entry_price_jpy: Decimal
    cost_jpy: Decimal
    highest_price_jpy: Decimal
    stop_loss_jpy: Decimal
    price_jpy: Decimal | None
    closed_at: datetime | None
    exit_price_jpy: Decimal | None
    exit_reason: str
    sold_because: str
    realized_pnl_jpy: Decimal | None
    unrealized_pnl_jpy: Decimal | None
    stops: tuple[tuple[datetime, Decimal], ...]

    def holds(self, pair: str, at: datetime) -> bool:
        """Whether this pair was held through this position just before a time."""
        return pair == self.pair and self.opened_at < at and (self.closed_at is None or at <= self.closed_at)


@dataclass(frozen=True, slots=True)
class Money:
    """The day in yen. ``unpriced`` names held pairs whose last price is unknown: they are in no sum."""

    equity_start_jpy: Decimal | None
    equity_end_jpy: Decimal | None
    realized_pnl_jpy: Decimal
    unrealized_pnl_jpy: Decimal
    fees_jpy: Decimal
    wins: int
    losses: int
    even: int
    unpriced: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """What was not as it should be, counted by reason: each count is one pair in one analysis, or one order.

    The details of missing and neutral inputs change from time to time: they are counted by input, with the last detail.
    """

    fallbacks: Mapping[str, int]
    missing: Mapping[str, int]
    neutral: Mapping[str, int]
    refusals: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ForecastDay:
    """What forecasts weighed in the last analysis of the day, of how much, and why; and how good those of the day were.

    Both weights are None when no analysis said so.
    """

    weight: float | None
    configured: float | None
    why: str
    rows: tuple[CalibrationRow, ...]


@dataclass(frozen=True, slots=True)
class QuietSpan:
    """Whole hours in a row in which nothing was traded, for one and the same kind of reason."""

    start: datetime
    end: datetime
    analyses: int
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class DayReport:
    """A day, (day_start, day_end], as data. ``quiet`` explains every hour in which nothing was traded."""

    day_start: datetime
    day_end: datetime
    pairs: tuple[PairDay, ...]
    analyses: int
    decisions: Mapping[str, int]
    orders_by_status: Mapping[str, int]
    orders: tuple[OrderLine, ...]
    opened: int
    closed: int
    open_at_end: int
    positions: tuple[PositionLine, ...]
    exits_by_reason: Mapping[str, int]
    money: Money
    health: Health
    quiet: tuple[QuietSpan, ...]
    forecasts: ForecastDay
    notes: tuple[str, ...]

    def to_json(self) -> str:
        """The report as JSON text: Decimals as strings, times in ISO 8601 UTC."""
        return _json_form().dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> DayReport:
        """The report that ``to_json`` wrote. Raises pydantic's ValidationError for anything else."""
        return _json_form().validate_json(text)


@cache
def _json_form() -> TypeAdapter[DayReport]:
    """Built once: working out the form of the whole report costs more than writing it."""
    return TypeAdapter(DayReport)
