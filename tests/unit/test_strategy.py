"""The strategy: the page's numbers as defaults, bounds on every one, and one clear line for every bad file."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import trading
from trading.errors import BadInput
from trading.strategy import RISES, SUMS_TO_ONE, Strategy, load_strategy, strategy_from

LIMITS = ("ge", "gt", "le", "lt")
NUMBERS = [
    name
    for name, field in Strategy.model_fields.items()
    if field.annotation is not str and not get_args(field.annotation)
]


def limits(name):
    """The bounds of a field, by kind."""
    metadata = Strategy.model_fields[name].metadata
    return {key: getattr(item, key) for item in metadata for key in LIMITS if hasattr(item, key)}


def test_the_numbers_that_decide():
    """The defaults that matter most are those of the strategy page."""
    s = Strategy()
    assert (s.strategy_id, s.strategy_version) == ("default", 1)
    assert (s.candles_window, s.candles_min, s.trigger_change_pct, s.trigger_after_minutes) == (336, 50, 0.3, 60)
    assert (s.weight_technical, s.weight_forecast, s.weight_sentiment, s.weight_context) == (0.45, 0.25, 0.15, 0.15)
    assert (s.base_buy_threshold, s.base_sell_threshold, s.min_hold_minutes) == (0.28, -0.15, 30)
    assert (s.fear_buy_at, s.fear_buy_factor, s.greed_buy_at, s.greed_buy_factor) == (20, 1.35, 80, 1.2)
    assert (s.volatility_factor_min, s.volatility_factor_max, s.band_width_normal) == (0.67, 2.0, 0.03)
    assert (s.deceleration_slope, s.deceleration_factor) == (-0.3, 0.5)
    assert (s.reserve_jpy, s.position_cap_jpy, s.position_floor_jpy, s.max_spread_pct) == (1000, 15000, 500, 1)
    assert (s.stop_loss_pct, s.take_profit_pct, s.break_even_margin_pct) == (5, 30, Decimal("0.1"))
    assert [getattr(s, f"trail_{n}_from_pct") for n in range(1, 5)] == [3, 5, 8, 12]
    assert [getattr(s, f"trail_{n}_pct") for n in range(1, 5)] == [2, Decimal("1.5"), Decimal("1.2"), 1]
    assert (s.daily_loss_limit_jpy, s.losses_in_a_row, s.cool_down_hours) == (15000, 5, 6)
    assert (s.intent_ttl_s, s.price_band_pct, s.fill_price_tolerance_pct, s.lease_s) == (240, Decimal("1.5"), 15, 45)


def test_a_strategy_is_never_edited():
    """It is frozen: a change is a new strategy."""
    with pytest.raises(ValidationError):
        Strategy().stop_loss_pct = Decimal(6)


@pytest.mark.parametrize("name", Strategy.model_fields)
def test_every_parameter_says_what_it_means(name):
    """A description ending in a full stop, and no bound given twice (of two, pydantic would keep only one)."""
    field = Strategy.model_fields[name]
    assert re.fullmatch(r"[A-Z0-9].{8,}\.", field.description)
    kinds = [key for item in field.metadata for key in LIMITS if hasattr(item, key)]
    assert len(kinds) == len(set(kinds))


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_is_bounded(name):
    """Each number has a lower bound, each but the version an upper one, and what lies outside is refused by name."""
    found = limits(name)
    assert "ge" in found or "gt" in found
    assert "le" in found or "lt" in found or name == "strategy_version"
    outside = [found[key] - 1 for key in ("ge", "gt") if key in found] + [
        found[k] + 1 for k in ("le", "lt") if k in found
    ]
    outside += [found[key] for key in ("gt", "lt") if key in found]
    for value in outside:
        with pytest.raises(BadInput, match=rf"^here: {name}: "):
            strategy_from({name: value}, "here")


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_a_number(name):
    """True, null, text, lists, NaN and infinity are refused for every number, by its name."""
    for wrong in (True, None, "x", [1], float("nan"), float("inf")):
        with pytest.raises(BadInput, match=rf"^here: {name}: ") as error:
            strategy_from({name: wrong}, "here")
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("names", SUMS_TO_ONE)
def test_weights_sum_to_one(names):
    """Changing one weight of a group alone is refused, and all of the group are named."""
    with pytest.raises(BadInput, match=f"{', '.join(names)} must sum to 1"):
        strategy_from({names[0]: 0.01}, "here")


@pytest.mark.parametrize("names", RISES)
def test_curves_do_not_fold_back(names):
    """Two neighbouring points of a curve on the same place are refused."""
    values = Strategy().model_dump()
    with pytest.raises(BadInput, match=f"{' < '.join(names)} must hold"):
        strategy_from({names[0]: values[names[1]]}, "here")


def test_candles_min_covers_the_indicators():
    """Fewer candles than an indicator needs, or more than the window holds, are refused."""
    for wrong in (37, 337):
        with pytest.raises(BadInput, match="candles_min <= candles_window"):
            strategy_from({"candles_min": wrong}, "here")
    assert strategy_from({"candles_min": 38}, "here").candles_min == 38


def test_describe_is_complete_and_json():
    """``describe`` lists every parameter once, with its default beside what is in force, as JSON."""
    rows = strategy_from({"stop_loss_pct": 4.5}, "here").describe()
    assert [row["name"] for row in rows] == list(Strategy.model_fields)
    assert json.loads(json.dumps(rows)) == rows
    stop = next(row for row in rows if row["name"] == "stop_loss_pct")
    assert (stop["value"], stop["default"], stop["bounds"]) == (4.5, 5.0, "above 0 to below 100")
    assert all(set(row) == {"name", "value", "default", "meaning", "bounds"} for row in rows)


def test_describe_names_the_words_that_are_taken():
    """A parameter that is one of some words shows them; one that is any text says so, and no number does."""
    bounds = {row["name"]: row["bounds"] for row in Strategy().describe()}
    assert bounds["forecast_weight_mode"] == "fixed or earned"
    assert {name for name, said in bounds.items() if said == "a short text"} == {
        name for name, field in Strategy.model_fields.items() if field.annotation is str
    }


def test_no_file_is_the_default():
    """Without a file the strategy is the page's."""
    assert load_strategy(None) == Strategy()


def test_json_and_toml_say_the_same(tmp_path):
    """The same keys in JSON and in TOML make the same strategy, decimals to the digit."""
    (tmp_path / "a.json").write_text('{"base_buy_threshold": 0.3, "stop_loss_pct": 4.7, "preset": "balanced"}')
    (tmp_path / "a.toml").write_text('base_buy_threshold = 0.3\nstop_loss_pct = 4.7\npreset = "balanced"\n')
    one, two = load_strategy(tmp_path / "a.json"), load_strategy(tmp_path / "a.toml")
    assert one == two
    assert (one.base_buy_threshold, one.stop_loss_pct, one.strategy_id) == (0.3, Decimal("4.7"), "balanced")


def test_the_balanced_preset():
    """0.35 / 0.35 / 0.15 / 0.15 with base thresholds of +0.25 and -0.13, and its own name."""
    s = strategy_from({"preset": "balanced"}, "here")
    assert (s.weight_technical, s.weight_forecast, s.weight_sentiment, s.weight_context) == (0.35, 0.35, 0.15, 0.15)
    assert (s.base_buy_threshold, s.base_sell_threshold, s.strategy_id) == (0.25, -0.13, "balanced")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", "", "is not JSON"),
        ("a.json", "{", "is not JSON"),
        ("a.json", "[1]", "must hold one object"),
        ("a.json", "null", "must hold one object"),
        ("a.json", '{"stoploss": 4}', "stoploss is not a parameter"),
        ("a.json", '{"rsi_length": 14.5}', "rsi_length: Input should be a valid integer"),
        ("a.json", '{"rsi_length": "14"}', "rsi_length: Input should be a valid integer"),
        ("a.json", '{"preset": "wild"}', "preset 'wild' is unknown; there are default, balanced"),
        ("a.json", '{"preset": 1}', "preset 1 is unknown"),
        ("a.json", '{"strategy_id": ""}', "strategy_id: "),
        ("a.json", '{"stop_loss_pct": 1' + "0" * 5000 + "}", "is not JSON"),
        ("a.json", "[" * 100_000, "is not JSON"),
        ("a.toml", "a = ", "is not TOML"),
        ("a.toml", "weight_forecast = 0.5\n[x]\ny = 1\n", "x is not a parameter"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path, name, text, said):
    """Each broken file ends in one line that names the file and what is wrong."""
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(BadInput) as error:
        load_strategy(path)
    assert said in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_cannot_be_read(tmp_path):
    """A missing file, a folder and bytes that are no text are named as such."""
    (tmp_path / "b.json").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "none.json", tmp_path, tmp_path / "b.json"):
        with pytest.raises(BadInput, match=f"strategy file {path} cannot be read"):
            load_strategy(path)


@given(st.floats(0.1, 20).map(lambda value: round(value, 4)))
def test_decimals_keep_their_digits(value):
    """What is written as 4.7 is 4.7 exactly, not the nearest binary fraction."""
    assert strategy_from({"stop_loss_pct": value}, "here").stop_loss_pct == Decimal(str(value))


def test_no_other_file_repeats_a_number_of_the_page():
    """The telling numbers of the page stand in trading/parameters and nowhere else in trading/."""
    telling = re.compile(r"(?<![\w.])(0\.28|0\.15|0\.45|0\.35|336|1\.35|0\.67|0\.16|2\.56|0\.027|0\.0005)(?![\w.])")
    root = Path(trading.__file__).parent
    files = [path for path in root.rglob("*.py") if "parameters" not in path.parts and path.name != "strategy.py"]
    found = {}
    for path in files:
        code = re.sub(r'""".*?"""|#.*', "", path.read_text(), flags=re.DOTALL)
        if path.parent.name in ("trading", "signals") and (hits := telling.findall(code)):
            found[path.name] = hits
    assert found == {}
