"""Readings, forecasts and signals: what the product stores passes, and what it never would does not."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.made_quality import S
from trading.calibration.records import Forecast
from trading.ports.context import Measured
from trading.quality.frames import BY_TABLE, check_reading
from trading.quality.light import LightValidator
from trading.services.context import row_of
from trading.services.looks import Outcomes
from trading.signals.news import reading_of
from trading.tables import FORECASTS, MARKET_CONTEXT, SENTIMENT, SIGNALS

AT = datetime(2024, 3, 5, 12, 0, tzinfo=UTC)
STAMP = int(AT.timestamp())
NEWS = {
    **reading_of([]),
    "value": 0.75,
    "score": 0.5,
    "article_count": 2,
    "headlines": [{"title": "a", "published_at": AT - timedelta(hours=1)}, {"published_at": AT.isoformat()}],
    "timestamp": STAMP,
}
MEASURED = {
    "fear_greed": Measured("fear_greed", 55.0, AT - timedelta(hours=9), "p", "u"),
    "funding": Measured("funding", {"BTCUSDT": 0.0001, "SOLUSDT": -0.02}, AT, "p", "u"),
    "btc_dominance": Measured("btc_dominance", 52.1, AT + timedelta(minutes=4), "p", "u"),
}
MOOD = {**row_of(Outcomes(MEASURED, {}), AT, S), "usd_jpy": 149.9, "timestamp": STAMP}
FORECAST = {
    **asdict(
        Forecast("sol_usdt", AT, "m", None, "D", AT, 100.0, (99.0, 98.0), (100.0, 100.5), (101.0, 102.0), 0.1, 0.2)
    ),
    "timestamp": STAMP,
}
SIGNAL = {
    "pair": "sol_usdt",
    "decision_id": "D",
    "action": "HOLD",
    "buy_threshold": 0.28,
    "sell_threshold": -0.15,
    "score": 0.1,
    "components": {"technical": 0.2, "forecast": -1.0},
    "weights": {"technical": 0.7, "forecast": 0.3},
    "timestamp": STAMP,
}
CLEAN = {SENTIMENT: NEWS, MARKET_CONTEXT: MOOD, FORECASTS: FORECAST, SIGNALS: SIGNAL}
SOURCES = MOOD["sources"]
LATE = {**SOURCES, "funding": {**SOURCES["funding"], "as_of": STAMP + 301}}

FAULTS = [
    (SENTIMENT, {"value": 1.2}, "value is at most 1"),
    (SENTIMENT, {"value": -0.1}, "value is at least 0"),
    (SENTIMENT, {"value": None}, "timestamp and value are there"),
    (SENTIMENT, {"score": "good"}, "values are of their kind"),
    (SENTIMENT, {"score": -1.5}, "score is at least -1"),
    (SENTIMENT, {"score": 0.2}, "score says what value says"),
    (SENTIMENT, {"article_count": -1}, "articles are counted"),
    (SENTIMENT, {"timestamp": STAMP + 1}, "not from the future"),
    (SENTIMENT, {"headlines": [{"published_at": AT + timedelta(seconds=1)}]}, "not from the future"),
    (SENTIMENT, {"headlines": [{"published_at": "yesterday"}]}, "headlines are dated"),
    (MARKET_CONTEXT, {"score": None}, "value is there"),
    (MARKET_CONTEXT, {"score": 1.01}, "at most what it can be"),
    (MARKET_CONTEXT, {"fear_greed": 101}, "at most what it can be"),
    (MARKET_CONTEXT, {"fear_greed": -1}, "at least what it can be"),
    (MARKET_CONTEXT, {"btc_dominance": 101.0}, "at most what it can be"),
    (MARKET_CONTEXT, {"usd_jpy": 1.5}, "at least what it can be"),
    (MARKET_CONTEXT, {"usd_jpy": 14_990.0}, "at most what it can be"),
    (MARKET_CONTEXT, {"funding": {"BTCUSDT": 0.06}}, "at most what it can be"),
    (MARKET_CONTEXT, {"funding": {"BTCUSDT": "0.01"}}, "values are of their kind"),
    (MARKET_CONTEXT, {"sources": LATE}, "not from the future"),
    (MARKET_CONTEXT, dict.fromkeys(("fear_greed", "funding", "btc_dominance", "usd_jpy")), "something was measured"),
    (FORECASTS, {"q50": ()}, "price and q50 are there"),
    (FORECASTS, {"q10": (), "q50": (), "q90": ()}, "there are steps"),
    (FORECASTS, {"price": 0.0}, "prices are above zero"),
    (FORECASTS, {"q10": (100.1, 98.0)}, "q10 <= q50"),
    (FORECASTS, {"q90": (101.0, 100.4)}, "q50 <= q90"),
    (FORECASTS, {"q90": (101.0,)}, "paths end together"),
    (FORECASTS, {"q50": (100.0, float("nan"))}, "price and q50 are there"),
    (FORECASTS, {"timestamp": STAMP + 5}, "not from the future"),
    (SIGNALS, {"score": 1.1}, "score is at most 1"),
    (SIGNALS, {"action": "SHORT"}, "action is known"),
    (SIGNALS, {"pair": None}, "pair, decision_id, action, buy_threshold and sell_threshold are there"),
    (SIGNALS, {"buy_threshold": 0.0}, "buys above zero"),
    (SIGNALS, {"sell_threshold": 0.3}, "sells below"),
    (SIGNALS, {"components": {"technical": -1.2}}, "components are at least -1"),
    (SIGNALS, {"components": {"technical": 1.2}}, "components are at most 1"),
    (SIGNALS, {"components": {"technical": "up"}}, "values are of their kind"),
    (SIGNALS, {"weights": {"technical": 0.5}}, "weights sum to 1"),
    (SIGNALS, {"timestamp": STAMP + 5}, "not from the future"),
]
ANY = st.recursive(
    st.none() | st.floats() | st.integers() | st.text(max_size=3) | st.just(AT),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=3,
)


def rules(table, *rows):
    return [found.rule for found in check_reading(table, "x", rows, AT, LightValidator(), S).findings]


@pytest.mark.parametrize("table", CLEAN, ids=lambda table: table.name)
def test_what_is_stored_passes(table):
    """A row as the product stores it breaks no rule, and its findings would be under its table's name."""
    said = check_reading(table, "x", [CLEAN[table]], AT, LightValidator(), S)
    assert (said.suite, said.findings) == (table.name, ())


@pytest.mark.parametrize(("table", "changes", "rule"), FAULTS)
def test_each_fault_breaks_its_rule(table, changes, rule):
    """A value that cannot be, a time that has not come, a path that ends early: the rule named for it."""
    assert rule in rules(table, {**CLEAN[table], **changes})


def test_what_may_be_missing_is_no_fault():
    """A source that failed, a model without quantiles and a pair that was not scored are no faults."""
    assert rules(MARKET_CONTEXT, {**MOOD, "funding": None, "usd_jpy": None}) == []
    assert rules(FORECASTS, {**FORECAST, "q10": (), "q90": ()}) == []
    assert rules(SIGNALS, {**SIGNAL, "score": None, "components": {}, "weights": {}}) == []


def test_a_pair_is_in_a_decision_once():
    """Two rows of one pair in one decision are a fault; no row at all is one too."""
    assert rules(SIGNALS, SIGNAL, SIGNAL) == ["each pair once"]
    assert rules(SIGNALS, SIGNAL, {**SIGNAL, "pair": "btc_usdt"}) == []
    assert "there are rows" in rules(SIGNALS)


@given(st.sampled_from(sorted(CLEAN, key=lambda table: table.name)), st.data())
@settings(max_examples=60)
def test_rows_never_make_it_raise(table, data):
    """Whatever stands in a stored row, checking it ends in a validation."""
    keys = sorted(CLEAN[table])
    changes = data.draw(st.dictionaries(st.sampled_from(keys), ANY, max_size=4))
    gone = data.draw(st.sets(st.sampled_from(keys), max_size=2))
    row = {key: value for key, value in {**CLEAN[table], **changes}.items() if key not in gone}
    assert check_reading(table, "x", [row], AT, LightValidator(), S).suite == table.name


def test_every_table_of_readings_has_a_suite():
    """News, context, forecasts and signals: each table that a decision reads has its suite, under its name."""
    assert {name: suite.name for name, (suite, _) in BY_TABLE.items()} == {table.name: table.name for table in CLEAN}


def test_a_forecast_of_the_ledger_passes():
    """A forecast record as it is kept is what the suite is about, with its outcome too."""
    kept = replace(Forecast(**{k: v for k, v in FORECAST.items() if k != "timestamp"}), outcome=(100.2, None))
    assert rules(FORECASTS, asdict(kept)) == []
