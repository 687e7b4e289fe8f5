"""Why an intent may not be executed now: everything that may forbid an order, asked again right before it is sent.

What was true when it was decided may no longer be: the intent may be old, the price gone, the switch flipped, book and
venue apart. A reason in words makes the trade REFUSED; an answer that cannot be had raises, and nothing is sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from trading.errors import Transient
from trading.limits import allows_entry, allows_exit, breakers, exposure
from trading.money import yen
from trading.order import Intent, Side, spread_pct
from trading.ports import Exchange, Ledger
from trading.reconciliation import Verdict
from trading.services.books import Books, equity_of, read_books
from trading.strategy import Strategy
from trading.venue import Ticker


def refusal(intent: Intent, at: datetime, ledger: Ledger, exchange: Exchange, strategy: Strategy) -> str | None:
    """Why this intent may not be executed now; None when it may. Raises Transient when something cannot be read."""
    if at >= intent.expires_at:
        return (
            f"stale: decided {intent.created_at:%H:%M:%S}, expired {intent.expires_at:%H:%M:%S}, now {at:%H:%M:%S} UTC"
        )
    if stopped := switched_off(intent, ledger):
        return stopped
    venue = exchange.availability(intent.trading_pair)
    if not venue.market_orders:
        return f"the venue takes no market orders of {intent.trading_pair} now ({venue.status})"
    if intent.side is Side.SELL:
        return _exit_refusal(intent, ledger)
    if unreconciled := _unreconciled(at, ledger, strategy):
        return unreconciled
    books = read_books(at, ledger, exchange)
    ticker = exchange.ticker(intent.trading_pair)
    return _price_refusal(intent, ticker, strategy) or _money_refusal(intent, books, at, strategy)


def switched_off(intent: Intent, ledger: Ledger) -> str | None:
    """Whether the kill switch forbids this intent. Raises when the switch cannot be read: then nothing is sent."""
    mode = ledger.kill_switch().mode
    allowed = allows_entry(mode) if intent.side is Side.BUY else allows_exit(mode)
    return None if allowed else f"kill switch is {mode}"


def _unreconciled(at: datetime, ledger: Ledger, strategy: Strategy) -> str | None:
    """A difference is a reason; one that failed or was never made is none yet: Transient, the next may be in time."""
    seen = ledger.reconciliation()
    if seen is None or at - seen.at > timedelta(seconds=strategy.compared_max_age_s):
        when = "never" if seen is None else f"last compared at {seen.at:%Y-%m-%d %H:%M} UTC"
        msg = f"book and venue: {when}; nothing is bought until they are compared again"
        raise Transient(msg)
    if not seen.blocks_entries:
        return None
    said = f"book and venue were compared at {seen.at:%Y-%m-%d %H:%M} UTC: {seen.verdict}"
    if seen.verdict is Verdict.FAILED:
        msg = f"{said} ({seen.note}); nothing is bought until a comparison succeeds"
        raise Transient(msg)
    return f"{said}: {seen.findings[0].about if seen.findings else seen.note}; see trader reconcile"


def _price_refusal(intent: Intent, ticker: Ticker, strategy: Strategy) -> str | None:
    if intent.band is None or not intent.band.holds(ticker.ask):
        return f"price {ticker.ask} is outside the band of the decision"
    spread = spread_pct(ticker.bid, ticker.ask)
    if spread > strategy.max_spread_pct:
        return f"spread {spread:.2f} % is above {strategy.max_spread_pct} %"
    return None


def _money_refusal(intent: Intent, books: Books, at: datetime, strategy: Strategy) -> str | None:
    spend = yen(0) if intent.spend is None else intent.spend
    open_now = [name for name, on in breakers(books.closed, at, equity_of(books), strategy).items() if on]
    if open_now:
        return f"{' and '.join(open_now)} stopped buying after this was decided"
    others = [trade for trade in books.pending if trade.intent.trade_id != intent.trade_id]
    exposed = exposure(books.positions, others) + spend
    if exposed > yen(strategy.exposure_limit_jpy):
        return f"{exposed} would be in positions, the limit is {strategy.exposure_limit_jpy} JPY"
    if spend > books.balances.jpy_free:
        return f"needs {spend}, free are {books.balances.jpy_free}"
    return None


def _exit_refusal(intent: Intent, ledger: Ledger) -> str | None:
    position = ledger.position(intent.position_id or "")
    if position is None or position.closing_trade_id != intent.trade_id:
        return f"position {intent.position_id} is not being closed by this exit"
    return None
