"""Recorded markets replayed: what was recorded is what is seen, when it was known."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from simulator.config import SimulatorConfig
from simulator.generated import write_market
from simulator.replay import open_market
from simulator.shapes import CALM, LEVELS
from simulator.times import to_ms
from tests.simulator.visitor import Worlds
from trading.candles import candle_file, load_candles
from trading.errors import BadInput
from trading.pairs import parse_pairs

START_MS = 1_767_571_200_000
BITCOIN = parse_pairs(
    json.dumps({"btc_usdt": {"binance": "BTCUSDT", "coincheck": "btc_jpy", "news": "BTC", "name": "Bitcoin"}})
)


def test_recorded_candles_are_served_as_recorded(world: Worlds, market_data: Path) -> None:
    """Closed rows are the file's rows to the last digit; hours equal the independently recorded hourly candles."""
    start = datetime(2023, 5, 19, 12, 2, 30, tzinfo=UTC)
    visitor = world(candles=market_data / "candles", pairs=BITCOIN, start=start)
    rows = visitor.get("/binance/api/v3/klines", symbol="BTCUSDT", interval="5m", limit=100)[:-1]
    table = load_candles(candle_file(market_data / "candles", "BTCUSDT"))
    expected = table[table["open_time"] < pd.Timestamp("2023-05-19 12:00", tz="UTC")].tail(99)
    assert [row[0] for row in rows] == (expected["open_time"].astype("int64")).tolist()
    for column, name in enumerate(("open", "high", "low", "close", "volume"), start=1):
        assert [float(row[column]) for row in rows] == expected[name].tolist()
    hours = visitor.get("/binance/api/v3/klines", symbol="BTCUSDT", interval="1h", limit=25)[:-1]
    recorded = pd.read_parquet(market_data / "candles-1h" / "BTCUSDT-1h.parquet")
    recorded = recorded[recorded["open_time"] < pd.Timestamp("2023-05-19 12:00", tz="UTC")].tail(24)
    for column, name in enumerate(("open", "high", "low", "close"), start=1):
        assert [float(row[column]) for row in hours] == recorded[name].tolist()
    assert [float(row[5]) for row in hours] == pytest.approx(recorded["volume"].tolist())


def test_halt_of_the_real_exchange_shows_as_missing_rows(world: Worlds, market_data: Path) -> None:
    """Where Binance made no candles on 2023-03-24 there are none, and the price stands at the last one."""
    start = datetime(2023, 3, 24, 13, 30, tzinfo=UTC)
    visitor = world(candles=market_data / "candles", pairs=BITCOIN, start=start)
    last = visitor.get("/binance/api/v3/klines", symbol="BTCUSDT", interval="5m", limit=2)[-1]
    assert last[0] == to_ms(datetime(2023, 3, 24, 12, 35, tzinfo=UTC))
    assert visitor.get("/binance/api/v3/ticker/price", symbol="BTCUSDT")["price"] == last[4]
    visitor.advance(40 * 60)
    after = visitor.get("/binance/api/v3/klines", symbol="BTCUSDT", interval="5m", limit=4)
    gaps = [(later[0] - earlier[0]) // 60_000 for earlier, later in pairwise(after)]
    assert gaps == [85, 5, 5]


def test_prices_in_yen_follow_the_rate_of_the_day(world: Worlds, market_data: Path) -> None:
    """With the central bank's rates a coin costs what it cost in yen on that day."""
    start = datetime(2023, 5, 19, 18, 0, tzinfo=UTC)
    rates = str(market_data / "fx" / "usdjpy-daily-ecb.csv")
    visitor = world(candles=market_data / "candles", pairs=BITCOIN, start=start, usdjpy=rates)
    dollars = float(visitor.get("/binance/api/v3/ticker/price", symbol="BTCUSDT")["price"])
    assert visitor.get("/coincheck/api/ticker", pair="btc_jpy")["last"] == pytest.approx(dollars * 138.1, rel=0.01)


def test_written_market_replays_as_generated(tmp_path: Path, world: Worlds) -> None:
    """A market written to files and replayed is the same market."""
    config = SimulatorConfig(history=300, future=100, seed=9, shape=CALM)
    start = open_market(config)[1]
    write_market(tmp_path, tuple(LEVELS), to_ms(start) - 300 * 300_000, 400, 9, CALM)
    options = {"start": start, "history": 300, "future": 100, "seed": 9, "shape": CALM}
    query = {"symbol": "AVAXUSDT", "interval": "5m", "limit": 300}
    generated = world(**options).get("/binance/api/v3/klines", **query)
    assert world(**options, candles=tmp_path).get("/binance/api/v3/klines", **query) == generated


def test_start_defaults_to_after_the_history(tmp_path: Path) -> None:
    """Nobody says when to start: the clock begins when there are candles to look back on."""
    write_market(tmp_path, tuple(LEVELS), START_MS, 100, 1, CALM)
    assert open_market(SimulatorConfig(candles=tmp_path, history=40))[1] == datetime(2026, 1, 5, 3, 20, tzinfo=UTC)


def test_folder_that_cannot_be_replayed_is_a_clear_error(tmp_path: Path) -> None:
    """A missing folder, missing pairs, a start outside the candles: one line each, which names the remedy."""
    with pytest.raises(BadInput, match="does not exist"):
        open_market(SimulatorConfig(candles=tmp_path / "none"))
    write_market(tmp_path, ("BTCUSDT", "ETHUSDT", "XRPUSDT"), START_MS, 50, 1, CALM)
    with pytest.raises(BadInput, match=r"lacks SOLUSDT-5m.parquet, DOGEUSDT-5m.parquet, AVAXUSDT-5m.parquet"):
        open_market(SimulatorConfig(candles=tmp_path))
    write_market(tmp_path, tuple(LEVELS), START_MS, 50, 1, CALM)
    for start in (datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 5, 4, 10, tzinfo=UTC)):
        with pytest.raises(BadInput, match="outside the candles"):
            open_market(SimulatorConfig(candles=tmp_path, start=start))
