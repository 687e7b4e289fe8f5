"""The file of ``trader decide``: the contract's shape in and out, and one line for everything malformed."""

import json
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.decision_file import as_answer, read_state
from trading.errors import BadInput
from trading.scoring import ContextInputs, Held, MissingInputs, PairInputs, decide

PAIR = {
    "technical_score": 0.6,
    "forecast_score": 0.5,
    "forecast_confidence": 0.7,
    "sentiment_score": 0.1,
    "bb_width": 0.03,
    "macd_histogram": 1,
    "macd_histogram_slope": 0.0,
}
CONTEXT = {"score": 0.1, "fear_greed": 50, "btc_dominance": 55.5, "age_s": 60}
HELD = {"pair": "eth_usdt", "entered_at": "2024-03-05T11:00:00+00:00", "entry_price_jpy": 512345.678901}
STATE = {
    "now": "2024-03-05T12:00:00Z",
    "strategy": {"base_buy_threshold": 0.3},
    "pairs": {"btc_usdt": PAIR, "eth_usdt": {"missing": ["technical"]}},
    "context": CONTEXT,
    "positions": [HELD],
    "breakers": {"kill_switch": False, "daily_loss": False},
}


def read(tmp_path, state):
    path = tmp_path / "state.json"
    path.write_text(state if isinstance(state, str) else json.dumps(state), encoding="utf-8")
    return read_state(path)


def changed(**changes):
    return {**STATE, **changes}


def pair(**changes):
    return changed(pairs={"btc_usdt": {**PAIR, **changes}})


def test_a_whole_state(tmp_path):
    """Every part of the contract's file arrives, yen to the digit."""
    market, strategy = read(tmp_path, STATE)
    assert market.now == datetime(2024, 3, 5, 12, tzinfo=UTC)
    assert market.pairs == {"btc_usdt": PairInputs(**PAIR), "eth_usdt": MissingInputs(("technical",))}
    assert market.context == ContextInputs(0.1, 50, 55.5, 60)
    assert market.positions == (Held("eth_usdt", datetime(2024, 3, 5, 11, tzinfo=UTC), Decimal("512345.678901")),)
    assert market.breakers == {"kill_switch": False, "daily_loss": False}
    assert (market.forecast_weight, strategy.base_buy_threshold) == (None, 0.3)


def test_what_is_barred_is_not_entered(tmp_path):
    """The only pair that would be bought is barred, with the reason; a reason that says nothing is refused."""
    decision = decide(*read(tmp_path, changed(barred={"btc_usdt": "premium +9 %, over 3 %."})))
    assert decision.action == "HOLD"
    assert decision.reasons[1].endswith("but is barred: premium +9 %, over 3 %.")
    for nothing in ("", " ", None, True, {}):
        with pytest.raises(BadInput, match=r"barred.btc_usdt must say why"):
            read(tmp_path, changed(barred={"btc_usdt": nothing}))


def test_the_answer_has_the_contracts_shape(tmp_path):
    """Thresholds, the ranking with weights and components, and the decision with its reasons, all of it JSON."""
    answer = as_answer(decide(*read(tmp_path, STATE)))
    assert json.loads(json.dumps(answer)) == answer
    assert set(answer) == {"buy_threshold", "sell_threshold", "ranking", "decision"}
    assert set(answer["decision"]) == {"action", "pairs", "reasons"}
    assert (answer["decision"]["action"], answer["decision"]["pairs"]) == ("BUY", ["btc_usdt"])
    (one,) = answer["ranking"]
    assert {"pair", "score", "weights", "components"} <= set(one)
    names = {"technical", "forecast", "sentiment", "context"}
    assert set(one["weights"]) == set(one["components"]) == names
    assert one["score"] == pytest.approx(0.418 * 0.6 + 0.282 * 0.5 + 0.15 * 0.1 + 0.15 * 0.1)
    assert answer["buy_threshold"] == pytest.approx(0.3)


def test_the_least_state(tmp_path):
    """Only the time and the pairs must be there; the rest is empty, and no context is neutral."""
    market, _ = read(tmp_path, {"now": "2024-03-05", "pairs": {}})
    assert (market.pairs, market.context, market.positions, market.breakers) == ({}, None, (), {})
    assert decide(market, read(tmp_path, STATE)[1]).action == "HOLD"


@pytest.mark.parametrize(
    "text", ["2024-03-05T12:00:00", "2024-03-05T12:00:00Z", "2024-03-05T21:00:00+09:00", "2024-03-05 12:00"]
)
def test_times(tmp_path, text, monkeypatch):
    """A time without a zone is UTC, also on a machine in Tokyo; another zone is understood."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert read(tmp_path, changed(now=text))[0].now == datetime(2024, 3, 5, 12, tzinfo=UTC)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("state", "missing"),
    [
        (pair(missing=["sentiment"]), ("sentiment",)),
        (pair(technical_score=None), ("technical_score",)),
        (changed(pairs={"btc_usdt": {k: v for k, v in PAIR.items() if k != "bb_width"}}), ("bb_width",)),
        (changed(pairs={"btc_usdt": {}}), tuple(PAIR)),
    ],
)
def test_what_is_not_there_is_missing(tmp_path, state, missing):
    """Named as missing, null or absent: the pair sits out, even beside good scores."""
    market, strategy = read(tmp_path, state)
    assert market.pairs["btc_usdt"] == MissingInputs(missing)
    assert decide(market, strategy).ranking == ()


def test_an_empty_missing_list_misses_nothing(tmp_path):
    """``missing: []`` beside all scores is a whole pair."""
    assert isinstance(read(tmp_path, pair(missing=[]))[0].pairs["btc_usdt"], PairInputs)


@pytest.mark.parametrize("mode", [True, False, "OFF", "NO_ENTRIES", "NOTHING"])
def test_the_kill_switch_may_be_a_mode(tmp_path, mode):
    """True, false or one of the three modes."""
    assert read(tmp_path, changed(breakers={"kill_switch": mode}))[0].breakers == {"kill_switch": mode}


def test_an_earned_weight(tmp_path):
    """``forecast_weight`` replaces the strategy's."""
    market, strategy = read(tmp_path, changed(forecast_weight=0))
    assert decide(market, strategy).ranking[0].weights["forecast"] == 0


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ('{"now": 1' + "0" * 5000 + "}", "is not JSON"),
        ("[]", "the file must be an object"),
        ('{"now": "2024-03-05", "pairs": {}, "pairs": {}}', "pairs is given twice"),
        ('{"now": "2024-03-05", "pairs": {"btc_usdt": {"technical_score": NaN}}}', "NaN is not a number"),
        ({"now": "2024-03-05"}, "pairs is missing"),
        ({"pairs": {}}, "now is missing"),
        (changed(colour=1), "unknown field colour"),
        (changed(now=5), "now must be an ISO 8601 time"),
        (changed(now="noon"), "now must be an ISO 8601 time"),
        (changed(now="0001-01-01T00:00:00+09:00"), "now must be an ISO 8601 time"),
        (changed(pairs=[]), "pairs must be an object"),
        (changed(pairs={"btc_usdt": 1}), "pairs.btc_usdt must be an object"),
        (pair(tehnical_score=1), "pairs.btc_usdt has the unknown field tehnical_score"),
        (pair(technical_score="0.5"), "pairs.btc_usdt.technical_score must be a number"),
        (pair(technical_score=True), "pairs.btc_usdt.technical_score must be a number"),
        (pair(technical_score=1.01), "pairs.btc_usdt: technical_score must be a number from -1 to 1"),
        (pair(forecast_score=-7, missing=["forecast"]), "forecast_score must be a number from -1 to 1"),
        (pair(sentiment_score=10**400), "pairs.btc_usdt.sentiment_score must be a finite number"),
        (json.dumps(STATE).replace("0.7", "1e999"), "forecast_confidence must be a finite number"),
        (pair(forecast_confidence=1.5), "forecast_confidence must be a number from 0 to 1"),
        (pair(bb_width=-1), "bb_width must be"),
        (pair(missing="technical"), "pairs.btc_usdt.missing must be a list of names"),
        (pair(missing=[1]), "pairs.btc_usdt.missing must be a list of names"),
        (changed(context=[]), "context must be an object"),
        (changed(context={}), "context.score is missing"),
        (changed(context={**CONTEXT, "age_s": None}), "context.age_s is missing"),
        (changed(context={**CONTEXT, "score": 2}), "context score must be a number from -1 to 1"),
        (changed(context={**CONTEXT, "fear_greed": 101}), "fear_greed must be a number from 0 to 100"),
        (changed(context={**CONTEXT, "mood": 1}), "context has the unknown field mood"),
        (changed(positions={}), "positions must be a list"),
        (changed(positions=[1]), "positions[0] must be an object"),
        (changed(positions=[{**HELD, "pair": None}]), "positions[0].pair is missing"),
        (changed(positions=[{**HELD, "pair": 1}]), "positions[0].pair must be a pair key"),
        (changed(positions=[{"pair": "eth_usdt"}]), "positions[0].entered_at is missing"),
        (changed(positions=[{**HELD, "entry_price_jpy": 0}]), "positions[0].entry_price_jpy must be yen above 0"),
        (changed(positions=[{**HELD, "entry_price_jpy": "x"}]), "not a number: 'x'"),
        (changed(positions=[{**HELD, "entry_price_jpy": True}]), "positions[0].entry_price_jpy must be yen above 0"),
        (changed(positions=[{**HELD, "size": 1}]), "positions[0] has the unknown field size"),
        (changed(breakers=[]), "breakers must be an object"),
        (changed(breakers={"daily_loss": 1}), "breakers.daily_loss must be true or false, not 1"),
        (changed(breakers={"daily_loss": "OFF"}), "breakers.daily_loss must be true or false, not 'OFF'"),
        (changed(breakers={"kill_switch": "on"}), "breakers.kill_switch must be true or false, or one of OFF"),
        (changed(breakers={"kill_switch": []}), "breakers.kill_switch must be true or false"),
        (changed(forecast_weight=1.1), "forecast_weight must be a finite number from 0 to 1"),
        (changed(strategy=[]), "strategy must be an object"),
        (changed(strategy={"stoploss": 1}), "strategy: stoploss is not a parameter"),
        (changed(strategy={"weight_forecast": 0.9}), "must sum to 1"),
    ],
)
def test_a_malformed_state_is_one_line(tmp_path, state, said):
    """Each fault ends in one line that names the file and the field."""
    with pytest.raises(BadInput) as error:
        read(tmp_path, state)
    assert said in str(error.value)
    assert str(error.value).startswith(f"state file {tmp_path / 'state.json'}")
    assert "\n" not in str(error.value)


def test_a_file_that_cannot_be_read(tmp_path):
    """A missing file, a folder and bytes that are no text are named as such."""
    (tmp_path / "b.json").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "none.json", tmp_path, tmp_path / "b.json"):
        with pytest.raises(BadInput, match=f"state file {path} cannot be read"):
            read_state(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_any_json_is_a_decision_or_one_line(tmp_path_factory, data):
    """Whatever stands in any field, the outcome is a decision or BadInput, nothing else."""
    key = data.draw(st.sampled_from([*STATE, "forecast_weight"]))
    state = changed(**{key: data.draw(json_values)})
    if data.draw(st.booleans()):
        state = pair(**{data.draw(st.sampled_from([*PAIR, "missing"])): data.draw(json_values)})
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(state), encoding="utf-8")
    try:
        market, strategy = read_state(path)
    except BadInput as error:
        assert "\n" not in str(error)  # noqa: PT017 - both outcomes are right; this one must read well
    else:
        assert decide(market, strategy).action in ("BUY", "SELL", "HOLD")
