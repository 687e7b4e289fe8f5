"""What is stored is what comes back: trades, positions, switches, candle values and analysis rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dynamodb import items
from adapters.dynamodb.records import from_item, to_item
from adapters.dynamodb.wire import (
    float_number,
    from_analysis,
    from_wire,
    iso,
    item_from_wire,
    item_to_wire,
    number,
    to_analysis,
    to_wire,
)
from tests.contract.books import NOW, buy
from trading.adding import AddLevel, AddPlan
from trading.errors import BadInput, Halt
from trading.limits import KillSwitch, Mode
from trading.money import JPY, USDT, Amount, Price, Quantity, yen
from trading.order import TERMINAL, Execution, Holdings, Intent, PriceBand, Side, Status, Trade
from trading.position import Position, PositionStatus, Protection, StopMove
from trading.reconciliation import Baseline, Finding, Reconciliation, Verdict
from trading.selling import SoldPart

COIN = "BTC"
TEXT = st.text(max_size=12)
IDS = st.text(alphabet="ABCabc019-_", min_size=1, max_size=20)
NUMBERS = st.decimals("0", "99999999999", places=8) | st.decimals("0.0000000001", "1", places=20)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
SIGNED = st.decimals("-9999999", "9999999", places=10)
QUANTITIES = NUMBERS.map(lambda value: Quantity(value, COIN))
PRICES = NUMBERS.filter(lambda value: value > 0).map(lambda value: Price(value, COIN, JPY))
AMOUNTS = SIGNED.map(lambda value: Amount(value, JPY))
POSITIVE = st.decimals("0.01", "99", places=4)
LEVELS = st.lists(st.tuples(POSITIVE, POSITIVE), max_size=3).map(
    lambda parts: tuple(AddLevel(number, *part) for number, part in enumerate(parts, start=1))
)
PLANS = st.builds(AddPlan, st.integers(0, 3), LEVELS, PRICES, QUANTITIES, st.integers(0, 3))
BY_TYPE = {str: TEXT, datetime: TIMES, Decimal: SIGNED, Quantity: QUANTITIES, AddPlan: PLANS}
BUYS = st.builds(
    buy, IDS, st.sampled_from(["btc_usdt"]), created_at=TIMES, expires_at=TIMES, reason=TEXT, signal_id=TEXT,
    band=st.none() | st.builds(PriceBand, PRICES, PRICES), spend=AMOUNTS, input_ids=st.lists(TEXT).map(tuple),
)  # fmt: skip
SELLS = st.builds(
    lambda intent, size, of: replace(intent, side=Side.SELL, spend=None, quantity=size, position_id=of),
    BUYS, QUANTITIES, IDS,
)  # fmt: skip
BY_TEXT = {kind.__name__: values for kind, values in BY_TYPE.items()} | {
    "Price[JPY]": PRICES,
    "Amount[JPY]": AMOUNTS,
    "int": st.integers(0, 9),
    "bool": st.booleans(),
    "Intent": BUYS | SELLS,
    "Status": st.sampled_from(Status),
    "Execution": st.builds(Execution, QUANTITIES, AMOUNTS, AMOUNTS, PRICES),
    "Holdings": st.builds(Holdings, AMOUNTS, QUANTITIES),
    "PositionStatus": st.sampled_from(PositionStatus),
    "tuple[StopMove, ...]": st.lists(st.builds(StopMove, TIMES, PRICES), max_size=3).map(tuple),
    "Protection": st.builds(Protection, PRICES, TIMES, st.none() | IDS),
    "SoldPart": st.builds(SoldPart, QUANTITIES, AMOUNTS, AMOUNTS),
    "Mapping[str, str]": st.dictionaries(TEXT, TEXT, max_size=3),
    "Verdict": st.sampled_from(Verdict),
    "tuple[str, ...]": st.lists(TEXT, max_size=3).map(tuple),
    "tuple[Finding, ...]": st.lists(st.builds(Finding, TEXT, TEXT, TEXT, TEXT, TEXT), max_size=3).map(tuple),
}


def any_of(cls, **by_name):
    """A strategy for each field by its type, so that fields of later are tried too."""
    found = {}
    for each in fields(cls):
        bare = str(each.type).removesuffix(" | None")
        values = by_name[each.name] if each.name in by_name else BY_TEXT[bare]
        found[each.name] = st.none() | values if bare != each.type else values
    return st.builds(cls, **found)


VERSIONS = st.integers(1, 10**9)
TRADES = any_of(Trade, version=VERSIONS)
POSITIONS = any_of(Position, position_id=IDS, version=VERSIONS, exit_attempts=st.integers(0, 99))


def through_the_wire(item):
    return item_from_wire(item_to_wire(item))


@given(TRADES)
def test_a_trade_comes_back_as_it_was(trade):
    """Every status, with and without band, execution, claim, holdings: storing and reading is the identity."""
    item = through_the_wire(items.trade_item(trade, NOW))
    assert items.trade_from(item) == trade
    assert ("gs3pk" in item) == (trade.status not in TERMINAL)
    assert item["symbol"] == trade.intent.pair


@given(POSITIONS)
def test_a_position_comes_back_from_its_item_and_from_both_lists(position):
    """The main item and the adjacency items all hold the whole position, the stop that protects it too."""
    for item in items.position_items(position, NOW):
        assert items.position_from(through_the_wire(item)) == position


@given(st.builds(KillSwitch, st.sampled_from(Mode), TEXT, TEXT, st.none() | TIMES, st.integers(0, 99)))
def test_a_kill_switch_comes_back_as_it_was(switch):
    """Mode, reason, who, when, version."""
    assert items.kill_switch_from(through_the_wire(to_item(switch))) == switch


@given(any_of(Baseline) | any_of(Reconciliation))
def test_what_reconciliation_knows_comes_back_as_it_was(known):
    """Baseline and verdict: every amount stays the very text it was."""
    assert from_item(type(known), through_the_wire(to_item(known))) == known


def test_an_account_without_a_coin_of_the_kind_comes_back_as_it_was():
    """No coins before a first buy is known, not forgotten, also where no price says which coin it is about."""
    trade = Trade(buy(band=None), before=Holdings(yen("0.5"), Quantity(Decimal(0), "BTC")))
    assert items.trade_from(through_the_wire(items.trade_item(trade, NOW))) == trade


WHOLE_S = TIMES.map(lambda at: at.replace(microsecond=0))


@given(WHOLE_S, st.timedeltas(-timedelta(seconds=2), timedelta(seconds=2)))
def test_times_as_text_sort_like_times(one, apart):
    """What is stored can be compared in the table itself, with and without a fraction of a second."""
    other = one + apart
    assert (iso(one) < iso(other)) == (one < other)


def test_intent_and_trade_share_no_field_name():
    """They are stored side by side in one item."""
    assert {field.name for field in fields(Intent)} & {field.name for field in fields(Trade)} == set()


def test_money_is_stored_as_bare_numbers():
    """A reader of the table sees numbers, the coin once, and no float anywhere."""
    wire = item_to_wire(items.trade_item(Trade(buy()), NOW))
    assert wire["spend"] == {"N": "15000"}
    assert wire["band"]["M"]["low"] == {"N": "9500000.5"}
    assert wire["coin"] == {"S": "BTC"}


def test_a_record_of_two_coins_is_refused():
    """The coin is stored once: a position of BTC with a stop of ETH cannot be stored."""
    wrong = Execution(Quantity(Decimal(1), "BTC"), yen(1), yen(0), Price(Decimal(1), "ETH", JPY))
    with pytest.raises(Halt, match="one coin, not BTC and ETH"):
        to_item(wrong)


def test_a_price_in_another_currency_is_refused():
    """I8: dollars do not get into a field of yen."""
    wrong = Execution(Quantity(Decimal(1), "BTC"), yen(1), yen(0), Price(Decimal(1), "BTC", USDT))  # type: ignore[arg-type]
    with pytest.raises(Halt, match="does not belong"):
        to_item(wrong)


@dataclass(frozen=True)
class Odd:
    """A record with a default that is not None, a mapping, and a default that is made."""

    note: str | None = "default"
    parts: Any = None
    by_name: dict[str, Decimal] | None = None
    made: Mapping[str, str] = field(default_factory=dict)


def test_a_none_that_was_meant_comes_back_as_none():
    """Only a None that reading restores by itself is left out."""
    for odd in (Odd(), Odd(note=None), Odd(by_name={"a": Decimal("1.5")})):
        assert from_item(Odd, through_the_wire(to_item(odd))) == odd


def test_a_row_written_before_a_field_was_added_is_readable():
    """A missing attribute takes the field's default."""
    assert from_item(Odd, {"pk": "x"}) == Odd()


@pytest.mark.parametrize("value", [{"note": Decimal(1)}, {"by_name": {"a": "no number"}}])
def test_an_attribute_of_another_type_halts(value):
    """Somebody else wrote it: it is not guessed at."""
    with pytest.raises(Halt, match="not readable"):
        from_item(Odd, value)


# ------------------------------------------------------------------------------------------------------------ numbers

PLAIN_FLOATS = st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: x == 0 or 1e-129 < abs(x) < 1e125)


@given(PLAIN_FLOATS)
def test_a_candle_value_comes_back_as_the_same_float(value):
    """64 bits out, 64 bits in."""
    text = float_number(value)
    assert float(text).hex() == value.hex()
    assert Decimal(text) == Decimal(repr(value))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e200, 5e-324])
def test_a_candle_value_that_a_table_cannot_keep_is_refused(value):
    """Nothing is rounded silently."""
    with pytest.raises(BadInput):
        float_number(value)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_comes_back_exactly_or_is_refused(value):
    """38 digits and exponents up to 125 are kept to the last digit; nothing else passes."""
    try:
        text = number(value)
    except BadInput:
        assert len(value.normalize().as_tuple().digits) > 27 or abs(value.adjusted()) > 124
    else:
        assert Decimal(text) == value


@pytest.mark.parametrize("text", ["1" * 39, "0." + "1" * 39, "1E+126", "1E-131", "NaN", "Infinity"])
def test_a_number_that_would_be_rounded_is_refused(text):
    """39 digits, or a size beyond what DynamoDB keeps."""
    with pytest.raises(BadInput, match="exactly"):
        number(Decimal(text))


def test_a_float_is_not_money():
    """The money side of the tables takes no float, wherever it hides."""
    for value in (1.5, [1.5], {"a": {"b": 1.5}}, np.float64(1.5)):
        with pytest.raises(BadInput, match="money is Decimal"):
            to_wire(value)


def test_a_foreign_attribute_is_refused():
    """Binary and set attributes are not ours."""
    with pytest.raises(BadInput, match="somebody else"):
        from_wire({"SS": ["a"]})


ANALYSIS = st.recursive(
    st.none() | st.booleans() | TEXT | PLAIN_FLOATS | st.integers(-(2**53), 2**53),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(ANALYSIS)
def test_an_analysis_row_comes_back_as_it_was(value):
    """Nested dicts and lists of text and numbers: equal after the way there and back."""
    assert to_analysis(from_wire(to_wire(from_analysis(value)))) == value


def test_the_analysis_border_knows_the_types_of_an_analysis():
    """Scalars of numpy, enums, times and tuples have a plain form; a tiny float becomes nothing."""
    row = {
        "f": np.float64(0.1), "i": np.int64(3), "b": np.bool_(True), "side": Side.BUY, "at": NOW, "t": (1, 2.5),
        "tiny": 5e-324, "money": Decimal("1.50"),
    }  # fmt: skip
    assert from_analysis(row) == {
        "f": Decimal("0.1"), "i": 3, "b": True, "side": "BUY", "at": iso(NOW), "t": [1, Decimal("2.5")],
        "tiny": 0, "money": Decimal("1.50"),
    }  # fmt: skip


@pytest.mark.parametrize("value", [math.nan, math.inf, object(), {1, 2}])
def test_what_has_no_form_is_named_by_its_place(value):
    """The message says where in the row it stood."""
    with pytest.raises(BadInput, match=r"row\.a\[1\]"):
        from_analysis({"a": [1, value]}, "row")


def test_a_time_without_a_zone_is_refused():
    """Times are aware."""
    with pytest.raises(BadInput, match="zone"):
        iso(datetime(2026, 1, 1))  # noqa: DTZ001
