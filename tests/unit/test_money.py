"""Money: exact, of one currency, and never mixed, neither at run time nor for the type checker."""

import subprocess
import sys
from decimal import Decimal
from operator import add, ge, gt, le, lt, sub, truediv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.made import coins, price
from trading.errors import BadInput
from trading.money import JPY, USDT, Amount, CurrencyMismatch, Price, Quantity, ceil_to, decimal, floor_to, yen

ROOT = Path(__file__).resolve().parents[2]
numbers = st.decimals(-(10**9), 10**9, allow_nan=False, places=8)
positives = st.decimals(Decimal("0.00000001"), 10**9, allow_nan=False, places=8)
steps = st.sampled_from([Decimal(1), Decimal("0.001"), Decimal("0.00000001"), Decimal(5)])


def dollars(number):
    return Amount(Decimal(number), USDT)


@given(numbers, numbers)
def test_sums_are_exact(a, b):
    """Adding and taking away again leaves not a digit behind."""
    assert yen(a) + yen(b) - yen(b) == yen(a)
    assert -yen(a) == yen(0) - yen(a)


@given(numbers, st.integers(-1000, 1000))
def test_products_are_exact(a, n):
    """N times an amount is the amount added n times."""
    assert yen(a) * n == yen(a * n)


@pytest.mark.parametrize("operation", [add, sub, lt, le, gt, ge, truediv, lambda a, b: a == b])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (yen(1), dollars(1)),
        (price(1, "BTC"), price(1, "ETH")),
        (price(1), Price(Decimal(1), "BTC", USDT)),
        (coins(1, "BTC"), coins(1, "ETH")),
    ],
    ids=["yen and dollars", "prices of two coins", "prices in two currencies", "two coins"],
)
def test_unlike_things_do_not_mix(operation, one, other):
    """Yen and dollars, Bitcoin and Ether: every operation on unlike things raises (I8)."""
    with pytest.raises(TypeError):
        operation(one, other)


@pytest.mark.parametrize("operation", [add, sub, lt, truediv])
@pytest.mark.parametrize("number", [1, Decimal(1), 1.0])
def test_money_does_not_mix_with_plain_numbers(operation, number):
    """An amount and a bare number are unlike things too."""
    with pytest.raises(TypeError):
        operation(yen(1), number)


def test_equality_with_something_else_is_just_false():
    """An amount is not equal to a bare number or text, without raising: it may sit in a mixed list."""
    assert yen(1) != 1
    assert coins(1) != "1 BTC"
    assert price(1) != Decimal(1)


def test_an_amount_is_not_a_truth_value():
    """``if amount`` would mean two things: it raises, and is_zero says the one that is meant."""
    with pytest.raises(TypeError, match="is_zero"):
        bool(yen(0))
    assert yen(0).is_zero
    assert not yen("0.1").is_zero


@pytest.mark.parametrize("wrong", [1.0, 0.1, True, None, "one", "", "NaN", "Infinity", "-inf", Decimal("NaN"), [1]])
def test_decimals_are_exact_and_finite(wrong):
    """A float, a truth value, text that is no number, NaN and infinity are refused."""
    with pytest.raises(BadInput):
        decimal(wrong)


@given(numbers)
def test_decimals_keep_every_digit(number):
    """Text, integer and Decimal come in as they are."""
    assert decimal(str(number)) == number
    assert decimal(number) is number or decimal(number) == number


@given(positives, steps)
def test_rounding_goes_one_way(number, step):
    """Rounding down never exceeds, rounding up never falls short, both by less than a step and on the step."""
    down, up = floor_to(number, step), ceil_to(number, step)
    assert down <= number <= up
    assert number - down < step
    assert up - number < step
    assert down % step == 0
    assert up % step == 0


@given(positives, positives)
def test_a_price_times_coins_is_money(number, size):
    """Price x quantity is an amount of the price's currency; the amount buys that quantity back."""
    cost = price(number) * coins(size)
    assert (cost.number, cost.currency) == (number * size, JPY)
    back = price(number).buys(cost)
    assert back.coin == "BTC"
    assert abs(back.number - size) <= size * Decimal("1e-26")


def test_a_price_prices_its_own_coin():
    """A Bitcoin price neither prices Ether nor takes dollars."""
    with pytest.raises(CurrencyMismatch):
        price(1, "BTC") * coins(1, "ETH")
    with pytest.raises(CurrencyMismatch):
        price(1).buys(dollars(1))


def test_ratios_are_plain_numbers():
    """Price / price and amount / amount have no unit."""
    assert price(3) / price(2) == Decimal("1.5")
    assert yen(3) / yen(2) == Decimal("1.5")


@pytest.mark.parametrize("wrong", ["0", "-1"])
def test_a_price_is_positive(wrong):
    """A price of nothing or less is bad input."""
    with pytest.raises(BadInput, match="a price is positive"):
        price(wrong)


def test_a_quantity_is_not_negative():
    """Coins owed do not exist; taking away more than there is raises."""
    with pytest.raises(BadInput, match="not negative"):
        coins(1) - coins(2)
    assert coins(0).is_zero
    assert coins(1) + coins(2) == coins(3)


@pytest.mark.parametrize("text", ["15000", "15000 EUR", "x JPY", "", "1.0USDT", "NaN JPY"])
def test_an_amount_is_read_from_one_form(text):
    """Only ``NUMBER CODE`` of a known currency is an amount."""
    with pytest.raises(BadInput):
        Amount.parse(text)


@given(numbers, st.sampled_from([JPY, USDT]))
def test_an_amount_reads_what_it_writes(number, currency):
    """Writing and parsing are each other's inverse."""
    amount = Amount(number, currency)
    assert Amount.parse(str(amount)) == amount


def test_rounding_is_for_people():
    """Yen are shown whole, dollars in cents, half to even."""
    assert str(yen("2.5").rounded()) == "2 JPY"
    assert str(dollars("1.005").rounded()) == "1.00 USDT"


def test_like_things_compare_and_hash():
    """Equal amounts are one entry of a set, and ordering is that of the numbers."""
    assert {yen(1), yen("1.0")} == {yen(1)}
    assert {price(1), price("1.0")} == {price(1)}
    assert {coins(1), coins("1.0")} == {coins(1)}
    assert max(yen(1), yen(3), yen(2)) == yen(3)
    assert sorted([price(2), price(1)]) == [price(1), price(2)]
    assert str(Quantity(Decimal("0.01"), "BTC")) == "0.01 BTC"
    assert str(price(5)) == "5 JPY per BTC"


def test_the_type_checker_knows_it_too(tmp_path):
    """Adding or comparing yen and dollars does not type-check; yen and yen do."""
    code = """
from decimal import Decimal
from trading.money import JPY, USDT, Amount, Price
y, d = Amount(Decimal(1), JPY), Amount(Decimal(1), USDT)
p, q = Price(Decimal(1), "BTC", JPY), Price(Decimal(1), "BTC", USDT)
y + y
y + d
y < d
p < q
p / q
y + p
y + 1
"""
    (tmp_path / "mixed.py").write_text(code)
    mypy = [sys.executable, "-m", "mypy", "--no-color-output", str(tmp_path / "mixed.py")]
    said = subprocess.run(mypy, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    lines = {int(line.split(":")[1]) for line in said.splitlines() if ": error: " in line}
    assert lines == {7, 8, 9, 10, 11, 12}, said
