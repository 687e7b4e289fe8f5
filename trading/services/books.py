"""Books: what is held, what is under way and what the account says, and the market as the decision sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from trading.basis import Basis, barred
from trading.calibration.weight import EarnedWeight
from trading.limits import Equity, KillSwitch, breakers, exposure, realised_equity
from trading.money import yen
from trading.order import TERMINAL, Trade
from trading.ports import Exchange, Ledger
from trading.position import Position, PositionStatus
from trading.reconciliation import Reconciliation
from trading.scoring import ContextInputs, Held, Market
from trading.services.looks import Look, inputs_of
from trading.signals.context import ContextSignal
from trading.strategy import Strategy
from trading.venue import Balances

HISTORY = timedelta(days=90)
"""How far back closed trades count for sizing and breakers."""


@dataclass(frozen=True, slots=True)
class Books:
    """What the books and the venue's account say before a decision."""

    positions: tuple[Position, ...]
    closed: tuple[Position, ...]
    pending: tuple[Trade, ...]
    kill_switch: KillSwitch
    balances: Balances
    reconciliation: Reconciliation | None = None


def read_books(at: datetime, ledger: Ledger, exchange: Exchange) -> Books:
    """Positions, history, orders under way, the kill switch and the account. Raises when any cannot be read."""
    return Books(
        positions=tuple(ledger.open_positions()),
        closed=tuple(ledger.closed_positions(at - HISTORY)),
        pending=tuple(ledger.pending_trades()),
        kill_switch=ledger.kill_switch(),
        balances=exchange.balances(),
        reconciliation=ledger.reconciliation(),
    )


def market_of(  # noqa: PLR0913 (each is a fact of its own)
    looks: Sequence[Look],
    mood: ContextSignal,
    earned: EarnedWeight,
    books: Books,
    at: datetime,
    strategy: Strategy,
    basis: Mapping[str, Basis] | None = None,
) -> Market:
    """Everything the pure decision is made from. A pair with an order under way or a side missing sits out.

    basis: what the trading venue asks more than the analysed one, by pair; what it bars is not entered.
    """
    under_way = {trade.intent.pair for trade in books.pending if trade.status not in TERMINAL}
    return Market(
        now=at,
        pairs={look.pair: inputs_of(look, busy=look.pair in under_way) for look in looks},
        context=ContextInputs(
            score=mood.score, fear_greed=mood.fear_greed, btc_dominance=mood.btc_dominance, age_s=mood.age_s or 0.0
        )
        if mood.age_s is not None
        else None,
        positions=[
            Held(pair=held.pair, entered_at=held.opened_at, entry_price_jpy=held.entry_price.number)
            for held in books.positions
            if held.status is PositionStatus.OPEN
        ],
        breakers={
            **breakers(books.closed, at, equity_of(books), strategy),
            "reconciliation": books.reconciliation is not None and books.reconciliation.blocks_entries,
            "exposure": exposure(books.positions, books.pending) >= yen(strategy.exposure_limit_jpy),
            "kill_switch": books.kill_switch.mode.value,
        },
        forecast_weight=earned.weight,
        barred=barred(basis or {}),
    )


def equity_of(books: Books) -> Equity:
    """Our money now, held coins at what they cost, and the most it has been: what the drawdown breaker looks at."""
    held = sum((position.cost for position in books.positions), yen(0))
    earned = sum((past.realized_pnl for past in books.closed if past.realized_pnl is not None), yen(0))
    return realised_equity(books.balances.jpy_free + books.balances.jpy_reserved + held - earned, books.closed)
