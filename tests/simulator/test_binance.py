"""Binance's market data as the simulator gives it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from simulator.times import CANDLE_MS, to_ms
from tests.simulator.visitor import Worlds

START = datetime(2026, 1, 5, 0, 2, 30, tzinfo=UTC)
NOW_MS = to_ms(START)
KLINES = "/binance/api/v3/klines"


def test_last_row_is_the_forming_candle_and_grows(world: Worlds) -> None:
    """The last row changes with the clock and is final only after its five minutes; earlier rows never change."""
    visitor = world(start=START)
    before = visitor.get(KLINES, symbol="SOLUSDT", interval="5m", limit=3)
    visitor.advance(60)
    after = visitor.get(KLINES, symbol="SOLUSDT", interval="5m", limit=3)
    assert before[-1][0] <= NOW_MS < before[-1][6]
    assert before[:-1] == after[:-1]
    assert float(after[-1][5]) > float(before[-1][5])
    visitor.advance(300)
    final = visitor.get(KLINES, symbol="SOLUSDT", interval="5m", limit=2)[0]
    assert final[0] == before[-1][0]
    assert float(final[3]) <= float(before[-1][3]) <= float(before[-1][2]) <= float(final[2])


@pytest.mark.parametrize(("limit", "rows"), [(None, 500), (1, 1), (1000, 1000), (1500, 1000)])
def test_limit_defaults_to_500_and_is_cut_at_1000(world: Worlds, limit: int | None, rows: int) -> None:
    """More than a thousand rows are cut without a word."""
    asked = {"symbol": "BTCUSDT", "interval": "5m"} | ({} if limit is None else {"limit": limit})
    found = world(start=START, history=1200).get(KLINES, **asked)
    opens = [row[0] for row in found]
    assert len(found) == rows
    assert opens[-1] == NOW_MS // CANDLE_MS * CANDLE_MS
    assert opens == sorted(set(opens))


def test_span_chooses_rows_by_open_time(world: Worlds) -> None:
    """A start gives the first rows from there, an end the last ones up to there; both are included, none is later."""
    visitor = world(start=START)
    first = NOW_MS // CANDLE_MS * CANDLE_MS - 10 * CANDLE_MS

    def opens(**span: int) -> list[int]:
        found = visitor.get(KLINES, symbol="BTCUSDT", interval="5m", **span)
        return [(row[0] - first) // CANDLE_MS for row in found]

    assert opens(startTime=first, limit=3) == [0, 1, 2]
    assert opens(startTime=first + 1, limit=2) == [1, 2]
    assert opens(startTime=first, endTime=first + 2 * CANDLE_MS) == [0, 1, 2]
    assert opens(endTime=first + 2 * CANDLE_MS, limit=2) == [1, 2]
    assert opens(startTime=first + 9 * CANDLE_MS, endTime=NOW_MS + 10**9) == [9, 10]
    assert opens(startTime=NOW_MS + 1) == []


def test_hours_are_made_of_their_candles(world: Worlds) -> None:
    """An hourly row has the first open, the extremes, the last close and the volume of its twelve candles."""
    visitor = world(start=START)
    hour = visitor.get(KLINES, symbol="ETHUSDT", interval="1h", limit=3)[1]
    parts = visitor.get(KLINES, symbol="ETHUSDT", interval="5m", startTime=hour[0], endTime=hour[6])
    assert len(parts) == 12
    assert hour[1:5] == [parts[0][1], max(p[2] for p in parts), min(p[3] for p in parts), parts[-1][4]]
    assert float(hour[5]) == pytest.approx(sum(float(p[5]) for p in parts))


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"symbol": "NOPE", "interval": "5m"}, -1121),
        ({"interval": "5m"}, -1102),
        ({"symbol": "BTCUSDT", "interval": "7m"}, -1120),
        ({"symbol": "BTCUSDT", "interval": "5m", "limit": "x"}, -1100),
    ],
)
def test_wrong_question_gets_binances_error(world: Worlds, query: dict[str, str], code: int) -> None:
    """HTTP 400 with a code and a message."""
    visitor = world()
    reply = visitor.http.get(visitor.url + KLINES, params=query)
    assert (reply.status_code, reply.json()["code"]) == (400, code)


def test_all_prices_are_of_one_moment(world: Worlds) -> None:
    """Price, day and book tickers and the forming candle agree on the last price."""
    visitor = world(start=START)
    price = visitor.get("/binance/api/v3/ticker/price", symbol="DOGEUSDT")["price"]
    day = visitor.get("/binance/api/v3/ticker/24hr", symbol="DOGEUSDT")
    assert day["lastPrice"] == price == visitor.get(KLINES, symbol="DOGEUSDT", interval="5m", limit=1)[0][4]
    assert float(day["lowPrice"]) <= float(price) <= float(day["highPrice"])
    assert {row["symbol"]: row["price"] for row in visitor.get("/binance/api/v3/ticker/price")}["DOGEUSDT"] == price
    book = visitor.get("/binance/api/v3/ticker/bookTicker", symbol="DOGEUSDT")
    assert float(book["bidPrice"]) < float(book["askPrice"])
    assert visitor.get("/binance/api/v3/time")["serverTime"] == NOW_MS


def test_exchange_info_names_our_symbols(world: Worlds) -> None:
    """Every configured pair is there, trading, with its price tick."""
    info = world().get("/binance/api/v3/exchangeInfo")
    ticks = {row["symbol"]: row["filters"][0]["tickSize"] for row in info["symbols"]}
    assert (len(ticks), ticks["DOGEUSDT"], ticks["BTCUSDT"]) == (6, "0.00001000", "0.01000000")
