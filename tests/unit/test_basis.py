"""The basis: a broken price, a venue far from the market and a missing rate are told apart, and bar entries."""

import json
import logging
from dataclasses import asdict
from datetime import UTC, timedelta
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tasks.basis
from adapters.dynamodb.wire import from_analysis, to_analysis
from simulator.rates import read_rates
from tests.unit.made import NOW, S, price
from trading.basis import Rate, barred, premiums, rate_of
from trading.candles import INTERVAL, candle_file, frame, load_candles
from trading.errors import Rejected, Transient
from trading.pairs import parse_pairs
from trading.services.basis import measure
from trading.venue import Ticker

PAIRS = parse_pairs(None)
KEYS = sorted(pair.key for pair in PAIRS)
BAND = S.basis_band_pct
RATE, NONE = Rate(155.0), Rate(None, "no USD/JPY is stored")

dollars = st.floats(0.01, 200_000)
closes = st.fixed_dictionaries(dict.fromkeys(KEYS, dollars))
some_closes = st.dictionaries(st.sampled_from(KEYS), dollars, min_size=3)
near_pct = st.floats(-BAND / 3, BAND / 3)
rates = st.sampled_from([RATE, NONE])


def yen_of(usdt, pct=0.0, rate=155.0):
    """What a venue that follows asks, some percent off."""
    return {key: Decimal(repr(close * rate * (1 + pct / 100))) for key, close in usdt.items()}


@given(some_closes, st.data(), rates)
def test_a_venue_that_follows_bars_nothing(usdt, data, rate):
    """Every pair within a third of the band: none is barred, with a rate or without, and the premium is measured."""
    off = {key: data.draw(near_pct) for key in usdt}
    jpy = {key: yen_of({key: usdt[key]}, off[key])[key] for key in usdt}
    found = premiums(usdt, jpy, rate, S)
    assert not barred(found)
    for key, one in found.items():
        assert one.usd_jpy * one.usdt_price * (1 + one.premium_pct / 100) == pytest.approx(float(jpy[key]))
        assert one.stands_in == (rate is NONE) == ("stands in" in one.why)
        if rate is RATE:
            assert one.premium_pct == pytest.approx(off[key], abs=1e-6)


@given(
    closes, st.sampled_from(KEYS), st.sampled_from([100, 1 / 100, 155, 1 / 155, 1.07, 0.93]), near_pct, rates,
    st.sampled_from([3, 4, 5, 6]), st.booleans(),
)  # fmt: skip
def test_one_broken_price_bars_its_pair_and_no_other(usdt, key, factor, near, rate, count, in_yen):
    """Times 100, in the wrong currency, or 7 % off, on either side: that pair alone, with a rate and without one."""
    usdt = {name: usdt[name] for name in [key, *(other for other in KEYS if other != key)][:count]}
    jpy = yen_of(usdt, near)
    if in_yen:
        jpy[key] *= Decimal(repr(factor))
    else:
        usdt[key] *= factor
    assert set(barred(premiums(usdt, jpy, rate, S))) == {key}


@given(closes, st.floats(-20, 20), st.sampled_from(KEYS))
def test_the_whole_venue_apart_is_seen_with_a_rate_only(usdt, pct, key):
    """A premium of all pairs bars them beyond the band, as the venue's own; the pairs alone cannot see it."""
    found = premiums(usdt, yen_of(usdt, pct), RATE, S)
    beyond = round(abs(pct) - BAND, 6) > 0
    assert set(barred(found)) == (set(KEYS) if beyond else set())
    assert ("the venue's own, or a wrong rate" in found[key].why) == beyond
    alone = premiums(usdt, yen_of(usdt, pct), NONE, S)
    assert not barred(alone)
    assert "no USD/JPY is stored: the median of 6 pairs, " in alone[key].why


def test_a_pair_that_stays_behind_the_whole_venue_is_the_broken_one():
    """All at +2.5 % in a crash, one at -2 %: within the band by itself, but its price is not of this market."""
    usdt = dict.fromkeys(KEYS, 100.0)
    jpy = {**yen_of(usdt, 2.5), **yen_of({KEYS[0]: 100.0}, -2)}
    found = premiums(usdt, jpy, RATE, S)
    assert set(barred(found)) == {KEYS[0]}
    assert found[KEYS[0]].why == ("premium -2.00 %, over 3 % off the +2.50 % of the pairs: one of its prices is wrong")


@given(closes, st.sampled_from([1 / 155, 155.0, 100.0, 0.01]), rates)
def test_prices_of_a_wrong_currency_bar_every_pair(usdt, factor, rate):
    """All yen for dollars, dollars for yen, or a hundred times too much: no pair enters, with a rate or without."""
    found = premiums(usdt, {key: one * Decimal(repr(factor)) for key, one in yen_of(usdt).items()}, rate, S)
    assert set(barred(found)) == set(KEYS)


@given(st.sets(st.sampled_from(KEYS), min_size=1, max_size=2))
def test_two_pairs_do_not_stand_in_for_a_rate(few):
    """Without a rate, fewer than three prices cannot tell who is wrong: barred. With one they are measured."""
    usdt = dict.fromkeys(few, 100.0)
    found = premiums(usdt, yen_of(usdt), NONE, S)
    assert set(barred(found)) == few
    assert all("too few to stand in" in one.why and one.usd_jpy is None for one in found.values())
    assert not barred(premiums(usdt, yen_of(usdt), RATE, S))


anything = st.floats() | st.sampled_from([0.0, 1e-300, 1e300, -1.0])
any_yen = st.decimals().filter(lambda d: not d.is_snan()) | st.sampled_from([Decimal(0), Decimal("1e400")])


@given(
    st.dictionaries(st.sampled_from(KEYS), anything), st.dictionaries(st.sampled_from(KEYS), any_yen), rates,
    st.dictionaries(st.sampled_from(KEYS), st.just("Transient: no answer")),
)  # fmt: skip
def test_nothing_enters_unmeasured_whatever_the_prices_are(usdt, jpy, rate, absent):
    """No price makes it raise; what is not barred was measured within the band; all of it can be stored as JSON."""
    found = premiums(usdt, jpy, rate, S, absent)
    assert set(found) == {*usdt, *jpy, *absent}
    for key, one in found.items():
        row = asdict(one)
        assert json.loads(json.dumps(row, allow_nan=False)) == row
        assert to_analysis(from_analysis(row)) == pytest.approx(row)
        assert one.why
        assert not one.why.endswith(".")
        if not one.barred:
            assert key not in absent
            assert abs(one.premium_pct) <= BAND + 1e-6


@pytest.mark.parametrize(
    ("reading", "found"),
    [
        (None, Rate(None, "no USD/JPY is stored")),
        ({"fear_greed": 20}, Rate(None, "no USD/JPY is stored")),
        ({"usd_jpy": "155"}, Rate(None, "no USD/JPY is stored")),
        ({"usd_jpy": 155, "sources": {}}, Rate(None, "the stored USD/JPY is without a time of its own")),
        ({"usd_jpy": 155.5, "age_h": 6}, Rate(155.5)),
        ({"usd_jpy": 155.5, "age_h": 6.1}, Rate(None, "the stored USD/JPY is 6.1 h old, over 6 h")),
        ({"usd_jpy": 155.5, "age_h": -1}, Rate(None, "the stored USD/JPY is from the future")),
        (
            {"usd_jpy": 0.0064, "age_h": 0},
            Rate(None, "the stored USD/JPY is 0.0064 yen per dollar, not between 50 and 500"),
        ),
    ],
)
def test_a_stored_rate_counts_by_its_own_time_and_range(reading, found):
    """Missing, timeless, too old, of a time to come, or upside down: no rate, in words; else it is the rate."""
    if reading and "age_h" in reading:
        as_of = (NOW - timedelta(hours=reading.pop("age_h"))).timestamp()
        reading["sources"] = {"usd_jpy": {"as_of": as_of}}
    stamped = None if reading is None else {"timestamp": NOW.timestamp(), **reading}
    assert rate_of(stamped, NOW, S) == found


# ------------------------------------------------------------------------------------------------- read from the venues


class Venues:
    """Both venues and the stored rate of one moment; an error is raised where a price is asked for."""

    def __init__(self, usd_jpy=155.0):
        self.usd_jpy, self.asked = usd_jpy, []
        self.tickers = {pair.coincheck: [15_500.0] for pair in PAIRS}
        self.closes = {pair.key: (NOW - INTERVAL, 100.0) for pair in PAIRS}
        self.name, self.pairs, self.strategy = "test", PAIRS, S
        self.exchange = self.candles = self.readings = self

    def ticker(self, trading_pair):
        self.asked.append(trading_pair)
        answers = self.tickers[trading_pair]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        bid, ask = price(answer * 0.9997), price(answer * 1.0003)
        return Ticker(trading_pair, bid, ask, bid, NOW)

    def window(self, pair, at, count):
        assert count == 1
        at, close = self.closes.get(pair.key, (NOW, 0.0))
        return frame([(at, close, close, close, close, 1.0)] if close else [])

    def context(self, at):
        return {"timestamp": at.timestamp(), "usd_jpy": self.usd_jpy} if self.usd_jpy else None

    def measured(self):
        return measure(PAIRS, NOW, self, self, self, S)


def test_a_pair_that_cannot_be_read_is_barred_and_the_others_go_on():
    """A refused ticker, no candle, an old candle: each is named with its reason; the other three are measured."""
    venues = Venues()
    venues.tickers["eth_jpy"] = [Rejected("unknown pair.")]
    del venues.closes["sol_usdt"]
    venues.closes["xrp_usdt"] = (NOW - timedelta(minutes=20), 100.0)
    found = venues.measured()
    assert barred(found) == {
        "eth_usdt": "Rejected: unknown pair",
        "sol_usdt": "InsufficientData: sol_usdt has no candles yet",
        "xrp_usdt": "InsufficientData: the last candle of xrp_usdt closed 0:15:00 ago, over 10 min",
    }
    assert found["btc_usdt"].premium_pct == pytest.approx(0, abs=1e-6)
    venues.usd_jpy = None
    assert barred(venues.measured()).keys() == barred(found).keys(), "three pairs are enough to stand in"


def test_pairs_that_say_another_rate_than_the_last_one_do_not_stand_in():
    """All closes 30 % down in our feed, no rate since the morning: no premium is measured, and none enters."""
    venues = Venues(usd_jpy=None)
    venues.closes = {key: (at, 70.0) for key, (at, _) in venues.closes.items()}
    assert not barred(venues.measured()), "nothing was ever stored"
    stored = {"timestamp": (NOW - timedelta(hours=20)).timestamp(), "usd_jpy": 155.0}
    venues.context = lambda at: stored if at <= NOW - timedelta(hours=14) else {"timestamp": at.timestamp()}
    found = venues.measured()
    assert set(barred(found)) == set(KEYS)
    assert found[KEYS[0]].premium_pct is None
    assert found[KEYS[0]].why.endswith("the pairs themselves say 221.43, too far from the last one, 155")
    venues.closes = {key: (at, 102.0) for key, (at, _) in venues.closes.items()}
    assert not barred(venues.measured()), "the yen moved by 2 %"


def test_one_lost_reply_of_the_venue_bars_nothing():
    """A ticker that is unavailable once is asked again; twice is no price, and no more is asked."""
    venues = Venues()
    venues.tickers["eth_jpy"] = [Transient("no answer"), 15_500.0]
    assert not barred(venues.measured())
    venues.tickers["eth_jpy"], venues.asked = [Transient("no answer")], []
    assert barred(venues.measured()) == {"eth_usdt": "Transient: no answer"}
    assert venues.asked.count("eth_jpy") == 2


def test_the_task_says_each_pair_once(monkeypatch, caplog):
    """One line a pair in the run's log, a warning where it is barred."""
    venues = Venues()
    venues.tickers["eth_jpy"] = [1_550_000.0]
    monkeypatch.setattr(tasks.basis, "open_desk", lambda _name: venues)
    with caplog.at_level(logging.INFO, "trader.tasks"):
        found = tasks.basis.basis.fn("test", NOW)
    said = {record.message.partition(":")[0]: record for record in caplog.records}
    assert set(said) == set(found) == set(KEYS)
    assert [key for key, record in said.items() if record.levelno == logging.WARNING] == ["eth_usdt"]
    assert said["eth_usdt"].message.startswith("eth_usdt: premium +9900.00 %, over 3 % off the +0.00 % of the pairs")
    assert said["eth_usdt"].message.endswith(", no entry")


# -------------------------------------------------------------------------------------------------------- real crashes

CRASHES = {"candles": ["2023-08-17"], "candles-2024": ["2024-01-03", "2024-04-13"]}
SPREAD = Decimal("0.0003")


@pytest.fixture(scope="module")
def moments(market_data):
    """Every 5 minutes of three crash days: the closes of the six, the yen tickers that follow, and the ECB's rate."""
    yen_at = read_rates(str(market_data / "fx" / "usdjpy-daily-ecb.csv"))
    found = []
    for folder, days in CRASHES.items():
        frames = {p.key: load_candles(candle_file(market_data / folder, p.binance)) for p in PAIRS}
        for day in days:
            start = pd.Timestamp(day, tz=UTC)
            rows = {
                key: frame.set_index("open_time")["close"].loc[start : start + pd.Timedelta(hours=23, minutes=55)]
                for key, frame in frames.items()
            }
            for at, closes_then in pd.DataFrame(rows).iterrows():
                rate = yen_at.at(int(at.timestamp() * 1000))
                usdt = {str(key): float(close) for key, close in closes_then.items()}
                bids = {key: Decimal(repr(close)) * rate * (1 - SPREAD) for key, close in usdt.items()}
                asks = {key: Decimal(repr(close)) * rate * (1 + SPREAD) for key, close in usdt.items()}
                found.append((usdt, {key: (bids[key] + asks[key]) / 2 for key in KEYS}, float(rate)))
    return found


@pytest.mark.parametrize("known", [True, False])
def test_real_crashes_bar_nothing_while_the_venue_follows(moments, known):
    """Three crash days, 864 moments of six pairs: a market that falls by a fifth in one candle is no basis."""
    assert len(moments) == 864
    for usdt, jpy, yen in moments:
        assert not barred(premiums(usdt, jpy, Rate(yen) if known else NONE, S))


@pytest.mark.parametrize("known", [True, False])
def test_one_broken_feed_is_barred_at_every_moment_of_a_crash(moments, known):
    """Each pair in turn x100, in yen, or in dollars at the yen venue, and each two swapped: they and no other."""
    for number, (usdt, jpy, yen) in enumerate(moments):
        rate, key, other = Rate(yen) if known else NONE, KEYS[number % 6], KEYS[(number + 1) % 6]
        for broken in ({key: usdt[key] * 100}, {key: usdt[key] * yen}, {key: usdt[other], other: usdt[key]}):
            assert barred(premiums({**usdt, **broken}, jpy, rate, S)).keys() == broken.keys()
        in_dollars = {**jpy, key: jpy[key] / Decimal(yen)}
        assert barred(premiums(usdt, in_dollars, rate, S)).keys() == {key}
