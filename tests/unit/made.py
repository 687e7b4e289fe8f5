"""What the unit tests are made of: one plain example of each value, to be changed where a test is about it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd

from trading.candles import COLUMNS, INTERVAL
from trading.money import JPY, Price, Quantity, yen
from trading.order import Execution, Fill, Intent, Side, Trade
from trading.position import Position, closed, closing, opened
from trading.strategy import Strategy

S = Strategy()
NOW = datetime(2024, 3, 5, 12, 0, tzinfo=UTC)


def price(number, coin="BTC"):
    return Price(Decimal(str(number)), coin, JPY)


def coins(number, coin="BTC"):
    return Quantity(Decimal(str(number)), coin)


def execution(size="0.01", funds="100000", fee="0", coin="BTC"):
    each = Price(Decimal(funds) / Decimal(size), coin, JPY)
    return Execution(coins(size, coin), yen(funds), yen(fee), each)


def fill(fill_id="1", size="0.01", funds="100000", order_id="7", **changes):
    plain = {
        "fill_id": fill_id,
        "order_id": order_id,
        "trading_pair": "btc_jpy",
        "side": Side.BUY,
        "quantity": coins(size),
        "funds": yen(funds),
        "fee": yen(0),
        "at": NOW,
    }
    return Fill(**{**plain, **changes})


def buy_intent(**changes):
    plain = {
        "trade_id": "TRD-A1-btc_usdt-BUY",
        "pair": "btc_usdt",
        "trading_pair": "btc_jpy",
        "side": Side.BUY,
        "reason": "score",
        "decision_id": "A1",
        "signal_id": "A1-btc_usdt",
        "strategy_id": "default",
        "strategy_version": 1,
        "created_at": NOW,
        "expires_at": NOW + timedelta(minutes=4),
        "spend": yen(100000),
    }
    return Intent(**{**plain, **changes})


def position(entry="100", strategy=S, **bought) -> Position:
    """One coin, bought at ``entry`` yen without a fee."""
    one = {"size": "1", "funds": entry, **bought}
    return opened(Trade(buy_intent()), execution(**one), NOW, strategy)


def closed_position(pnl, at=NOW, number=1) -> Position:
    """A position that brought ``pnl`` yen and was closed at a time."""
    bought = opened(Trade(buy_intent(trade_id=f"TRD-{number:04}")), execution("1", "100000"), at, S)
    sold = execution("1", str(100000 + Decimal(str(pnl))))
    return closed(closing(bought, f"TRD-{number}-SELL"), sold, "SIGNAL", at)


def candles(closes, volumes=None, spread=0.001, start=NOW) -> pd.DataFrame:
    """Candles on the grid with these closes; highs and lows lie ``spread`` outside of open and close."""
    closes = np.asarray(closes, dtype="float64")
    opens = np.concatenate([closes[:1], closes[:-1]])
    columns = {
        "open_time": [start + INTERVAL * index for index in range(len(closes))],
        "open": opens,
        "high": np.maximum(opens, closes) * (1 + spread),
        "low": np.minimum(opens, closes) * (1 - spread),
        "close": closes,
        "volume": np.full(len(closes), 10.0) if volumes is None else np.asarray(volumes, dtype="float64"),
    }
    made = pd.DataFrame(columns, columns=list(COLUMNS))
    made["open_time"] = pd.to_datetime(made["open_time"], utc=True).astype("datetime64[ms, UTC]")
    return made


def waves(count=336) -> pd.DataFrame:
    """A market without chance in it: three waves and a drift, with a volume that breathes."""
    t = np.arange(count)
    closes = 100 + 0.01 * t + 3 * np.sin(t / 17) + 1.2 * np.sin(t / 5.3) + 0.4 * np.sin(t * 1.7)
    return candles(closes, volumes=50 + 30 * np.sin(t / 11) + 15 * np.cos(t * 2.3))


def walk(seed, count=120, volatility=0.002) -> pd.DataFrame:
    """A seeded random walk."""
    rng = np.random.default_rng(seed)
    return candles(100 * np.exp(np.cumsum(rng.normal(0, volatility, count))), volumes=rng.uniform(1, 50, count))
