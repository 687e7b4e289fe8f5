"""Report: the books of the hours before a moment, gathered for ``trading.report``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trading.calibration.table import CalibrationRow
from trading.money import JPY, Amount, Price, yen
from trading.pairs import Pair
from trading.ports import Exchange, Ledger
from trading.position import Position
from trading.report import DayBooks
from trading.services.books import HISTORY
from trading.venue import Balances


def gather(
    pairs: Sequence[Pair],
    since: datetime,
    until: datetime,
    ledger: Ledger,
    exchange: Exchange,
    calibration: Sequence[CalibrationRow],
) -> DayBooks:
    """Everything booked between two times, with the venue's last bid of what is still held."""
    held = ledger.open_positions()
    closed = [past for past in ledger.closed_positions(since - HISTORY) if past.closed_at and past.closed_at >= since]
    days = {(since + timedelta(days=n)).astimezone(UTC).date() for n in range((until - since).days + 1)} | {
        until.date()
    }
    prices = {position.pair: exchange.ticker(position.trading_pair).bid for position in held}
    return DayBooks(
        signals={pair.key: ledger.signals_of(pair.key, since, until) for pair in pairs},
        trades=[trade for day in sorted(days) for trade in ledger.trades_of(day)],
        positions=[*held, *closed],
        prices=prices,
        stops={one.position_id: _stops(one, until) for one in (*held, *closed)},
        calibration=calibration,
        equity_end=equity(exchange.balances(), held, prices),
    )


def _stops(position: Position, until: datetime) -> list[tuple[datetime, Price[JPY]]]:
    """How the stop stood from the entry to the exit, or to now while held."""
    moves = [(move.at, move.price) for move in position.stop_moves]
    return [*moves, (position.closed_at or until, position.stop_loss)] if moves else []


def equity(balances: Balances, held: Sequence[Position], prices: dict[str, Price[JPY]]) -> Amount[JPY]:
    """Yen on the account, free and reserved, plus what is held at its last bid."""
    coins = sum(((prices[one.pair] * one.size).number for one in held if one.pair in prices), Decimal(0))
    return balances.jpy_free + balances.jpy_reserved + yen(coins)
