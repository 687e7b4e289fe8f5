"""A plausible day of the trader, for tests of the report and for looking at it.

    python -m tests.days PAGE.html [--market DIR] [--day 2024-03-05] [--quiet]

Candles are generated from a seed, or read from DIR (default: $TRADER_MARKET_DATA/candles-2024 or ../shared/market).
The scores are made up to look like scores; the money is worked out exactly.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from trading.candles import INTERVAL, candle_file, frame, load_candles
from trading.money import JPY, Price, Quantity, yen
from trading.order import Event, Execution, Intent, Side, Trade
from trading.pairs import Pair, parse_pairs
from trading.position import Position, PositionStatus
from trading.report import DayBooks, DayReport, day_report

PAIRS = parse_pairs(None)
START = datetime(2024, 3, 5, tzinfo=UTC)
DAY = timedelta(days=1)
RATE = Decimal("150.25")
FIRST_CLOSE = {"ETH": 3600.0, "BTC": 67000.0, "XRP": 0.62, "SOL": 130.0, "DOGE": 0.16, "AVAX": 42.0}


def generated_candles(pair: Pair, seed: int = 7, count: int = 288, start: datetime = START) -> pd.DataFrame:
    """A random walk with a swing in it: the same for the same seed and pair."""
    rng = np.random.default_rng([seed, *pair.coin.encode()])
    swing = 0.0009 * np.sin(np.linspace(0, 4 * np.pi, count) + rng.uniform(0, 6))
    close = FIRST_CLOSE[pair.coin] * np.exp(np.cumsum(rng.normal(0, 0.0018, count) + swing))
    opened = np.concatenate([[FIRST_CLOSE[pair.coin]], close[:-1]])
    high = np.maximum(opened, close) * (1 + rng.exponential(0.0008, count))
    low = np.minimum(opened, close) * (1 - rng.exponential(0.0008, count))
    volume = rng.lognormal(5, 0.6, count)
    times = [start + INTERVAL * i for i in range(count)]
    return frame(list(zip(times, opened, high, low, close, volume, strict=True)))


def recorded_candles(pair: Pair, folder: Path, start: datetime) -> pd.DataFrame:
    """The real candles of one day."""
    candles = load_candles(candle_file(folder, pair.binance))
    inside = (candles["open_time"] >= pd.Timestamp(start)) & (candles["open_time"] < pd.Timestamp(start + DAY))
    return candles[inside].reset_index(drop=True)


def jpy(pair: Pair, usdt: float) -> Price[JPY]:
    """The yen price that goes with a dollar price."""
    return Price((Decimal(repr(usdt)) * RATE).quantize(Decimal("0.001")), pair.coin, JPY)


def signal_rows(pair: Pair, candles: pd.DataFrame, *, quiet: bool = False) -> list[dict[str, object]]:
    """A row every 15 minutes: a score that follows the trend, now and then a missing or stale input."""
    close = candles["close"]
    trend = (close / close.rolling(48, min_periods=1).mean() - 1) * (9 if quiet else 11)
    rows: list[dict[str, object]] = []
    for i in range(14, len(candles), 3):
        known_at = candles["open_time"].iloc[i] + INTERVAL
        technical, absent = float(np.clip(trend.iloc[i], -0.9, 0.9)), pair.coin == "AVAX" and 90 < i < 110
        forecast = float(np.clip(technical * 0.7 + 0.05, -1, 1))
        rows.append(
            {
                "pair": pair.key,
                "timestamp": int(known_at.timestamp()),
                "decision_id": f"AN-{int(known_at.timestamp())}",
                "action": "HOLD",
                "chosen": False,
                "score": None if absent else 0.45 * technical + 0.25 * forecast + 0.02,
                "buy_threshold": 0.28,
                "sell_threshold": -0.15,
                "weights": {"technical": 0.45, "forecast": 0.25, "sentiment": 0.15, "context": 0.15},
                "components": {"technical": technical, "forecast": forecast, "sentiment": 0.1, "context": 0.05},
                "forecast": {"model": "momentum-fallback", "fallback_reason": "no model on this desk"},
                "sentiment": {"score": 0.1, "note": "no articles" if pair.coin == "AVAX" else ""},
                "context": {"score": 0.05, "note": ""},
                "close": float(close.iloc[i]),
                "reasons": ["a daily loss limit stops buying"],
                "missing": ["technical: 41 candles, 50 are needed"] if absent else [],
            },
        )
    return rows


def bought(pair: Pair, at: datetime, usdt: float, spend: int, why: str = "SIGNAL") -> tuple[Trade, Position]:
    """A filled BUY and the position it opened."""
    price = jpy(pair, usdt)
    size = Quantity((Decimal(spend) / price.number).quantize(Decimal("0.00000001")), pair.coin)
    intent = Intent(
        f"TRD-AN-{int(at.timestamp())}-{pair.key}-BUY", pair.key, pair.coincheck, Side.BUY, why,
        f"AN-{int(at.timestamp())}", "SIG-1", "default", 1, at, at + INTERVAL, spend=yen(spend),
    )  # fmt: skip
    done = Execution(size, price * size, yen(0), price)
    trade = Trade(intent).on(Event.CLAIM, at).on(Event.SEND, at).on(Event.ACCEPT, at).on(Event.FILL, at, executed=done)
    position = Position(
        f"POS-{intent.trade_id}", intent.trade_id, "SIG-1", "default", pair.key, pair.coincheck, PositionStatus.OPEN,
        at, price, size, done.funds, price, price, price.scaled(Decimal("0.95")), price.scaled(Decimal("1.3")),
    )  # fmt: skip
    return trade, position


def sold(position: Position, at: datetime, usdt: float, why: str) -> tuple[Trade, Position]:
    """The filled SELL that closed a position, and the position closed."""
    pair = next(pair for pair in PAIRS if pair.key == position.pair)
    price = jpy(pair, usdt)
    intent = Intent(
        f"TRD-{position.position_id}-SELL-0", position.pair, position.trading_pair, Side.SELL, why,
        f"AN-{int(at.timestamp())}", "SIG-2", "default", 1, at, at + INTERVAL,
        quantity=position.size, position_id=position.position_id,
    )  # fmt: skip
    done = Execution(position.size, price * position.size, yen(0), price)
    trade = Trade(intent).on(Event.CLAIM, at).on(Event.SEND, at).on(Event.ACCEPT, at).on(Event.FILL, at, executed=done)
    closed = replace(
        position, status=PositionStatus.CLOSED, closed_at=at, exit_price=price, exit_reason=why,
        realized_pnl=done.funds - position.cost, highest_price=max(price, position.highest_price),
    )  # fmt: skip
    return trade, closed


def refused(pair: Pair, at: datetime, note: str) -> Trade:
    """A BUY that our own checks stopped."""
    trade, _ = bought(pair, at, FIRST_CLOSE[pair.coin], 15000)
    return Trade(trade.intent).on(Event.CLAIM, at).on(Event.REFUSE, at, note=note)


def mark_decided(row: dict[str, object], trades: list[Trade]) -> None:
    """The rows of an analysis that traded say so: every row what was decided, one row that it was chosen."""
    for intent in (trade.intent for trade in trades if trade.intent.decision_id == row["decision_id"]):
        row["action"], row["chosen"] = intent.side.value, row["pair"] == intent.pair
        if row["chosen"]:
            sign = 1 if intent.side is Side.BUY else -1
            row["score"] = 0.31 if sign > 0 else -0.22
            row["components"] = {"technical": sign * 0.46, "forecast": sign * 0.35, "sentiment": 0.1, "context": -0.05}


def steps(pair: Pair, candles: pd.DataFrame, first: int, last: int) -> list[tuple[datetime, Price[JPY]]]:
    """A stop 2 % under the running peak, moving up only."""
    stop, moved = jpy(pair, float(candles["close"].iloc[first]) * 0.95), []
    for i in range(first, last + 1):
        peak = float(candles["high"].iloc[first : i + 1].max())
        stop = max(stop, jpy(pair, peak * 0.98 if i > first + 6 else peak * 0.95))
        moved.append((candles["open_time"].iloc[i].to_pydatetime() + INTERVAL, stop))
    return moved


def a_day(candles: dict[str, pd.DataFrame], *, quiet: bool = False, start: datetime = START) -> DayReport:
    """Two closed positions, one still held, one refusal; or, when quiet, a day of watching."""
    rows = {pair.key: signal_rows(pair, candles[pair.key], quiet=quiet) for pair in PAIRS}
    books = DayBooks(signals=rows, equity_start=yen(100000), notes=("Paper trading: no real money moved.",))
    if quiet:
        return day_report(start, start + DAY, replace(books, equity_end=yen(100000)))
    pair = {pair.coin: pair for pair in PAIRS}

    def at(coin: str, i: int) -> tuple[datetime, float]:
        row = candles[pair[coin].key].iloc[i]
        return row["open_time"].to_pydatetime() + INTERVAL, float(row["close"])

    sol_buy, sol = bought(pair["SOL"], *at("SOL", 62), 15000)
    sol_sell, sol = sold(sol, *at("SOL", 131), "TRAILING_STOP")
    doge_buy, doge = bought(pair["DOGE"], *at("DOGE", 101), 15000)
    doge_sell, doge = sold(doge, *at("DOGE", 170), "SIGNAL")
    eth_buy, eth = bought(pair["ETH"], *at("ETH", 254), 15000)
    no = refused(pair["AVAX"], at("AVAX", 240)[0], "spread 1.4 % is above the limit of 1 %")
    last = {pair.key: jpy(pair, float(candles[pair.key]["close"].iloc[-1])) for pair in PAIRS}
    mark = last["eth_usdt"] * eth.size - eth.cost
    results = [done.realized_pnl for done in (sol, doge) if done.realized_pnl is not None]
    stops = {
        sol.position_id: steps(pair["SOL"], candles["sol_usdt"], 62, 131),
        doge.position_id: steps(pair["DOGE"], candles["doge_usdt"], 101, 170),
        eth.position_id: steps(pair["ETH"], candles["eth_usdt"], 254, 287),
    }
    trades = [sol_buy, sol_sell, doge_buy, doge_sell, eth_buy]
    for row in (row for of_pair in rows.values() for row in of_pair):
        mark_decided(row, trades)
    return day_report(
        start,
        start + DAY,
        replace(
            books,
            trades=[*trades, no],
            positions=[sol, doge, eth],
            prices=last,
            equity_end=yen(100000) + results[0] + results[1] + mark,
            stops=stops,
        ),
    )


WHERE = {
    "All runs, in the browser": "PREFECT_API_URL=http://127.0.0.1:4200/api .venv/bin/prefect server start",
    "State and logs": "~/.crypto-trader/demo",
    "Why any of this happened": "trader explain TRD-AN-1709616900-sol_usdt-BUY",
}


def main() -> None:
    """Write a page to look at."""
    from adapters.report_html import render_report  # noqa: PLC0415 - the builder itself needs no rendering

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--market", type=Path, default=Path(os.environ.get("TRADER_MARKET_DATA", "../shared/market")))
    parser.add_argument("--day", type=datetime.fromisoformat, default=START.replace(tzinfo=None))
    parser.add_argument("--quiet", action="store_true")
    args = parser.parse_args()
    start, folder = args.day.replace(tzinfo=UTC), args.market / "candles-2024"
    real = folder.is_dir()
    candles = {p.key: recorded_candles(p, folder, start) if real else generated_candles(p) for p in PAIRS}
    args.page.write_text(render_report(a_day(candles, quiet=args.quiet, start=start), candles, where=WHERE))


if __name__ == "__main__":
    main()
