"""Plain examples of what the books hold, and the steps that a trade takes through them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from botocore.exceptions import ReadTimeoutError

from trading.money import JPY, Price, Quantity, yen
from trading.order import Event, Execution, Intent, PriceBand, Side, Trade, entry_trade_id
from trading.ports import Booking
from trading.position import Position, closed, exit_intent, opened
from trading.strategy import Strategy
from trading.tables import ANALYSIS_STATE, ORDER_STATE, SIGNALS

NOW = datetime(2026, 3, 5, 12, 0, 0, 250_000, tzinfo=UTC)
BOOKS = (ORDER_STATE, SIGNALS, ANALYSIS_STATE)
STRATEGY = Strategy()
PAIRS = ("btc_usdt", "eth_usdt", "xrp_usdt", "sol_usdt", "doge_usdt", "avax_usdt")


def coin(pair: str) -> str:
    return pair.removesuffix("_usdt").upper()


def buy(decision: str = "A1", pair: str = "btc_usdt", **changes: Any) -> Intent:
    """An entry."""
    price = Price(Decimal("9500000.5"), coin(pair), JPY)
    plain = Intent(
        trade_id=entry_trade_id(decision, pair), pair=pair, trading_pair=f"{coin(pair).lower()}_jpy", side=Side.BUY,
        reason="score 0.41", decision_id=decision, signal_id=f"{decision}-{pair}", strategy_id="default",
        strategy_version=3, created_at=NOW, expires_at=NOW + timedelta(minutes=4),
        band=PriceBand(price, price.scaled(Decimal("1.004"))), spend=yen("15000"), input_ids=("c-1", "n-2"),
    )  # fmt: skip
    return replace(plain, **changes)


def sell(position: Position, decision: str = "X1") -> Intent:
    """An exit."""
    return exit_intent(
        position, "STOP_LOSS", decision_id=decision, created_at=NOW, expires_at=NOW, strategy=STRATEGY
    )  # fmt: skip


def decision(*intents: Intent, name: str = "A1", at: datetime = NOW, pairs: tuple[str, ...] = PAIRS) -> Booking:
    """A decision about all pairs."""
    rows = [{"pair": pair, "score": 0.1 + len(pair) / 7, "parts": {"rsi": [1, 2.5, None]}} for pair in pairs]
    return Booking(name, at, rows, intents, pairs)


def execution(pair: str = "btc_usdt", size: str = "0.00157894", funds: str = "14999.93") -> Execution:
    each = Price(Decimal(funds) / Decimal(size), coin(pair), JPY)
    return Execution(Quantity(Decimal(size), coin(pair)), yen(funds), yen("2.1"), each)


def claimed(trade: Trade, by: str = "me") -> Trade:
    return trade.on(Event.CLAIM, NOW, claim=by, lease_until=NOW + timedelta(seconds=60))


def accepted(ledger: Any, trade: Trade) -> Trade:
    """A booked trade, claimed, sent and taken by the venue, step by step in the books."""
    for step in (
        claimed,
        lambda seen: seen.on(Event.SEND, NOW, sent_at=NOW),
        lambda seen: seen.on(Event.ACCEPT, NOW, order_id="4711"),
    ):
        trade = step(trade)
        ledger.save_trade(trade)
    return trade


def filled(trade: Trade, by: Execution | None = None) -> Trade:
    return trade.on(Event.FILL, NOW, executed=by or execution(trade.intent.pair))


def bought(ledger: Any, intent: Intent | None = None) -> Position:
    """A position, opened by an entry that went all the way."""
    intent = intent or buy()
    ledger.book(decision(intent, name=intent.decision_id))
    trade = filled(accepted(ledger, ledger.trade(intent.trade_id)))
    position = opened(trade, execution(intent.pair), NOW, STRATEGY)
    ledger.open_position(trade, position)
    return position


def sold(ledger: Any, position: Position) -> Position:
    """The position, closed by an exit that went all the way."""
    exit_ = sell(position)
    ledger.book_exit(exit_, position)
    trade = filled(accepted(ledger, ledger.trade(exit_.trade_id)))
    gone = closed(ledger.position(position.position_id), execution(position.pair), "STOP_LOSS", NOW)
    ledger.close_position(trade, gone)
    return gone


def raised(position: Position, by: str = "100") -> Position:
    """The position after a look at a higher price."""
    price = Price(position.current_price.number + Decimal(by), position.size.coin, JPY)
    return replace(
        position, current_price=price, highest_price=max(price, position.highest_price), version=position.version + 1
    )


@contextmanager
def lost_replies(
    client: Any, times: int = 1, of: tuple[str, ...] = ("PutItem", "TransactWriteItems", "BatchWriteItem")
):
    """The next ``times`` requests of such operations are carried out, but their replies never come back."""
    session = client._endpoint.http_session
    send, left = session.send, times

    def lossy(request):
        nonlocal left
        reply = send(request)
        if left > 0 and request.headers["X-Amz-Target"].decode().endswith(of):
            left -= 1
            raise ReadTimeoutError(endpoint_url="http://aws")
        return reply

    session.send = lossy
    try:
        yield
    finally:
        session.send = send
