"""Binance through ccxt against the simulated venue, recorded candles and bad weather."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import ccxt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.binance import BinanceMarketData
from adapters.binance_errors import MEANING, meaning_of
from adapters.clock import MarketClock, SystemClock
from tests.contract import weather
from tests.contract.replies import served
from tests.contract.worlds import open_world
from trading.candles import COLUMNS, INTERVAL, closed, problems
from trading.errors import Halt, Rejected, Transient
from trading.pairs import Pair, parse_pairs
from trading.ports import Clock, MarketData

PAIRS = parse_pairs(None)
BTC = next(pair for pair in PAIRS if pair.coin == "BTC")
START = datetime(2026, 1, 5, tzinfo=UTC)
STEP_MS = 300_000


@pytest.fixture(scope="module")
def world():
    with open_world(history=3_000) as found:
        yield found


@pytest.fixture
def market(world) -> MarketData:
    return BinanceMarketData(f"{world.url}/binance", PAIRS)


def kline(number, prices=("1", "2", "0.5", "1.5", "10")):
    """A row as the venue sends it: prices as text, and seven more fields that ccxt drops."""
    opened = int(START.timestamp() * 1000) + number * STEP_MS
    return [opened, *prices, opened + STEP_MS - 1, "1.0", 5, "0.5", "0.5", "0"]


def everything_below(kind):
    """All subclasses, at any depth."""
    return {kind}.union(*(everything_below(child) for child in kind.__subclasses__()))


def test_every_ccxt_error_has_a_meaning():
    """A new ccxt release cannot introduce an error that we have not thought about."""
    assert {kind.__name__ for kind in everything_below(ccxt.BaseError)} == set(MEANING)
    assert all(meaning_of(kind("x")) == MEANING[kind.__name__] for kind in everything_below(ccxt.BaseError))


def test_the_newest_candles_end_with_the_forming_one(market):
    """The last row is still forming at the venue's time; all rows are sound, oldest first."""
    candles, now = market.candles(BTC, None, 336), market.server_time()
    assert (len(candles), problems(candles)) == (336, [])
    assert candles["open_time"].iloc[-1] + INTERVAL > now
    assert len(closed(candles, now)) == 335


@pytest.mark.parametrize("limit", [1, 999, 1000, 1001, 2500])
def test_more_than_a_page_is_one_frame_without_seams(market, limit):
    """The venue gives 1000 rows a call, whatever is asked; forwards and backwards, pages join without gap or double."""
    newest = market.candles(BTC, None, limit)
    assert (len(newest), problems(newest)) == (limit, [])
    since = newest["open_time"].iloc[0].to_pydatetime()
    onwards = market.candles(BTC, since, limit)
    assert onwards["open_time"].tolist() == newest["open_time"].tolist()
    assert (newest["open_time"].diff().dropna() == INTERVAL).all()


def test_there_are_no_more_candles_than_there_are(market):
    """Asked for more than the venue has, or from a time that has not come: what there is, and nothing twice."""
    everything = market.candles(BTC, None, 10_000)
    assert 3_000 <= len(everything) < 10_000
    assert everything["open_time"].is_unique
    assert market.candles(BTC, market.server_time() + timedelta(days=1), 10).empty
    assert market.candles(BTC, None, 0).empty


def test_one_fetch_is_one_call():
    """Neither the market list nor anything else is asked for: 336 candles cost exactly one request."""
    with served(json.dumps([kline(0)]).encode()) as here:
        BinanceMarketData(here.url).candles(BTC, None, 336)
    assert [request.split(b" ")[1] for request in here.requests] == [
        b"/api/v3/klines?interval=5m&limit=336&symbol=BTCUSDT"
    ]


PRICE = st.decimals("0.00000001", "99999999", places=8, allow_nan=False)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(PRICE, min_size=5, max_size=5), min_size=1, max_size=4))
def test_prices_are_the_floats_that_the_text_means(rows):
    """Nothing is rounded on the way: each value equals Python's own reading of the venue's text."""
    body = [kline(number, [f"{value:f}" for value in row]) for number, row in enumerate(rows)]
    with served(json.dumps(body).encode()) as here:
        candles = BinanceMarketData(here.url).candles(BTC, START, len(rows))
    columns = ["open", "high", "low", "close", "volume"]
    assert candles[columns].to_numpy().tolist() == [[float(f"{value:f}") for value in row] for row in rows]


def test_the_recorded_candles_come_through_unchanged(market_data):
    """120 real daily rows of five coins: same times, same floats."""
    for path in sorted((market_data / "payloads" / "binance-spot").glob("klines-1d-*.json")):
        body = path.read_bytes()
        with served(body) as here:
            candles = BinanceMarketData(here.url).candles(BTC, None, 120)
        raw = json.loads(body)
        assert [int(at.timestamp() * 1000) for at in candles["open_time"]] == [row[0] for row in raw]
        assert candles["close"].tolist() == [float(row[4]) for row in raw]


def test_six_threads_do_not_wait_for_each_other():
    """Six calls are on the wire at the same time, on six clients; later calls use those clients again."""
    together, market = threading.Barrier(6), None
    with served(json.dumps([kline(0)]).encode(), before=lambda: together.wait(timeout=20)) as here:
        market = BinanceMarketData(here.url, PAIRS)
        with ThreadPoolExecutor(6) as pool:
            for _ in range(3):
                frames = list(pool.map(lambda pair: market.candles(pair, None, 1), PAIRS))
                assert [len(frame) for frame in frames] == [1] * 6
    assert len(here.requests) == 18
    assert market._idle.qsize() == 6
    market.close()
    assert market._idle.qsize() == 0


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"code":-1121,"msg":"Invalid symbol."}', Rejected),
        (400, b'{"code":-1120,"msg":"Invalid interval."}', Rejected),
        (429, b'{"code":-1003,"msg":"Too many requests."}', Transient),
        (418, b'{"code":-1003,"msg":"Way too many requests; IP banned."}', Transient),
        (429, b"slow down", Transient),
        (403, b"<html>WAF</html>", Transient),
        (451, b'{"code":0,"msg":"Service unavailable from a restricted location"}', Halt),
        (451, b"<html></html>", Halt),
        (401, b'{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}', Halt),
        (500, b"", Transient),
        (502, b"<html>Bad Gateway</html>", Transient),
        (503, b'{"code":-1001,"msg":"Internal error"}', Transient),
        (504, b"<html></html>", Transient),
        (200, b"<html>Just a moment...</html>", Transient),
        (200, b'[[1725321600000,"59132.12', Transient),
        (200, b"", Transient),
        (200, b"{}", Transient),
        (200, b"null", Transient),
        (200, b"[null]", Transient),
        (200, b"[[]]", Transient),
        (200, b'[[1725321600000,"1",null,"1","1","1"]]', Transient),
        (200, b'[["x","1","1","1","1","1"]]', Transient),
        (200, b'{"code":-1003,"msg":"Too many requests."}', Transient),
        (404, b"<html>not here</html>", Transient),
    ],
)
def test_every_answer_has_its_error(status, body, kind):
    """Nothing but candles passes for candles; what is no clear no can be asked again; a geo-block is for a human."""
    with served(body, status) as here, pytest.raises(kind) as caught:
        BinanceMarketData(here.url).candles(BTC, None, 10)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    assert len(here.requests) == 1


@pytest.mark.parametrize(
    "behaviour",
    [weather.HTML, weather.CUT_BODY, weather.CUT_HEAD, weather.NONSENSE, weather.EMPTY, weather.RESET, weather.SILENCE],
    ids=["html", "cut body", "cut head", "nonsense", "closed", "reset", "silence"],
)
def test_bad_weather_on_the_wire_is_transient_and_not_retried_inside(behaviour):
    """Whoever calls decides about retries: one call is one request, and a client survives it."""
    with weather.weather(behaviour) as here:
        market = BinanceMarketData(here.url, timeout_s=0.4)
        for ask in (market.server_time, lambda: market.candles(BTC, None, 10)):
            with pytest.raises(Transient):
                ask()
        assert len(here.requests) == 2
    with pytest.raises(Transient):
        BinanceMarketData(weather.closed_port()).server_time()


def test_a_venue_without_the_pair_says_so_in_one_line(world):
    """A typing error in TRADING_PAIRS_CONFIG is Rejected and names the setting; a pair not announced before works."""
    market = BinanceMarketData(f"{world.url}/binance")
    unknown = Pair("zzz_usdt", "ZZZUSDT", "zzz_jpy", "ZZZ", "Nothing")
    with pytest.raises(Rejected, match="TRADING_PAIRS_CONFIG"):
        market.candles(unknown, None, 10)
    assert len(market.candles(BTC, None, 10)) == 10


@pytest.mark.parametrize("body", [b"{}", b'{"serverTime":"soon"}', b"[]", b'{"serverTime":0}'])
def test_a_clock_without_a_time_is_asked_again(body):
    """No time is not the year 1970: candles would all look closed or all forming."""
    with served(body) as here, pytest.raises(Transient):
        BinanceMarketData(here.url).server_time()


def test_the_clocks_are_aware_utc(world, market):
    """The market clock is the venue's to the second, also when a replay is years away from this machine's clock."""
    clocks: list[Clock] = [SystemClock(), MarketClock(market)]
    assert all(clock.now().utcoffset() == timedelta(0) for clock in clocks)
    before = market.server_time()
    world.advance(600)
    assert clocks[1].now() == before + timedelta(seconds=600)


# ------------------------------------------------------------------------------------------------- bodies as received


def test_candles_come_with_the_bodies_they_were_read_from(market):
    """Three pages are three payloads in the order of the calls; together they hold exactly the candles' rows."""
    found = market.fetch(BTC, None, 2_500)
    rows = {row[0]: [float(value) for value in row[1:6]] for one in found.payloads for row in json.loads(one.body)}
    assert [(one.provider, one.name, one.subject) for one in found.payloads] == [("binance", "klines", "btc_usdt")] * 3
    assert all("symbol=BTCUSDT" in one.url and "/api/v3/klines?" in one.url for one in found.payloads)
    times = [int(at.timestamp() * 1000) for at in found.candles["open_time"]]
    assert sorted(rows) == times
    assert [rows[at] for at in times] == found.candles[list(COLUMNS[1:])].to_numpy().tolist()


def test_a_body_is_kept_byte_by_byte():
    """Spaces, escapes and bytes that are no text stay as they came; user and password of an address do not stay."""
    body = b" [ %s ]\n" % json.dumps(kline(0)).replace('"0"', '"\\u0030"').encode().replace(b'"1.0"', b'"\xff"')
    with served(body) as here:
        market = BinanceMarketData(here.url.replace("http://", "http://me:secret@"))
        first, second = market.fetch(BTC, None, 1), market.fetch(BTC, None, 1)
    assert [one.body for one in (*first.payloads, *second.payloads)] == [body, body]
    assert first.payloads[0].url == f"{here.url}/api/v3/klines?interval=5m&limit=1&symbol=BTCUSDT"
    assert market.fetch(BTC, None, 0).payloads == ()


@pytest.mark.parametrize(("second", "kind"), [(kline(0), None), (kline(0, ("1", "2", "0.5", "1.6", "10")), Transient)])
def test_two_candles_of_one_time_must_agree(second, kind):
    """The same row twice is one candle; two different ones are no answer: neither is believed."""
    with served(json.dumps([kline(0), second, kline(1)]).encode()) as here:
        market = BinanceMarketData(here.url)
        if kind is None:
            assert len(market.candles(BTC, START, 10)) == 2
        else:
            with pytest.raises(kind, match="two different candles of 2026-01-05 00:00"):
                market.candles(BTC, START, 10)


def test_candles_older_than_asked_are_left_out():
    """A page of another time, or one out of order: what is asked for, oldest first; the body stays as it came."""
    body = json.dumps([kline(number) for number in (3, 0, 2, 1)]).encode()
    with served(body) as here:
        found = BinanceMarketData(here.url).fetch(BTC, START + 2 * INTERVAL, 10)
    assert found.candles["open_time"].tolist() == [START + 2 * INTERVAL, START + 3 * INTERVAL]
    assert found.payloads[0].body == body


def test_six_threads_keep_their_own_bodies(market):
    """Each call's payloads are of its own pair, however many are on the wire."""
    with ThreadPoolExecutor(6) as pool:
        for found, pair in zip(pool.map(lambda one: market.fetch(one, None, 5), PAIRS * 3), PAIRS * 3, strict=True):
            (one,) = found.payloads
            assert one.subject == pair.key
            assert f"symbol={pair.binance}" in one.url
            assert float(json.loads(one.body)[-1][4]) == found.candles["close"].iloc[-1]
