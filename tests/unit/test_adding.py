"""Adding to a position: levels in their order, measured from the first entry, with stops that still only rise."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.made import coins, execution, position, price
from trading.adding import AddLevel, AddPlan
from trading.errors import BadInput, Halt
from trading.money import CurrencyMismatch, yen
from trading.position import added, closing, next_addition


def level(number, offset, multiplier="1"):
    return AddLevel(number, Decimal(offset), Decimal(multiplier))


def planned(*levels, max_levels=9):
    held = position()
    return replace(held, add_plan=AddPlan(max_levels, levels, held.entry_price, held.size))


def test_without_a_plan_nothing_is_added():
    """A position has no plan by default, and coins that were added to it are for a human."""
    assert next_addition(position(), price(50)) is None
    with pytest.raises(Halt, match="no plan to add by"):
        added(position(), execution("1", "90"))


def test_levels_on_the_way_down():
    """Below the first entry by the offset, the next level is due, and only the next one."""
    held = planned(level(1, "-2"), level(2, "-4", "1.5"))
    assert next_addition(held, price("98.1")) is None
    assert next_addition(held, price(98)) == coins(1)
    assert next_addition(held, price(90)) == coins(1)
    held = added(held, execution("1", "98"))
    assert next_addition(held, price("96.1")) is None
    assert next_addition(held, price(96)) == coins("1.5")


def test_levels_on_the_way_up():
    """A positive offset adds when the price has risen by it."""
    held = planned(level(1, "5", "0.5"))
    assert next_addition(held, price("104.9")) is None
    assert next_addition(held, price(105)) == coins("0.5")


def test_no_more_than_max_levels():
    """After ``max_levels`` additions, or when the levels are used up, nothing is due."""
    held = added(planned(level(1, "-1"), level(2, "-2"), max_levels=1), execution("1", "98"))
    assert next_addition(held, price(1)) is None
    assert next_addition(added(planned(level(1, "-1")), execution("1", "98")), price(1)) is None


def test_only_open_positions_are_added_to():
    """With an exit under way nothing is due, and an addition is for a human."""
    held = closing(planned(level(1, "-1")), "T")
    assert next_addition(held, price(1)) is None
    with pytest.raises(Halt):
        added(held, execution("1", "98"))


def test_an_addition_is_the_mean_of_all_prices():
    """Cost and coins add up, the entry is their ratio, take-profit keeps its +30 %, the version moves on."""
    held = added(planned(level(1, "-2")), execution("1", "100", "2"))
    assert (held.size, held.cost, held.entry_price) == (coins(2), yen(200), price(100))
    held = added(planned(level(1, "10")), execution("1", "110"))
    assert (held.entry_price, held.take_profit, held.stop_loss) == (price(105), price("136.5"), price("99.75"))
    assert (held.version, held.add_plan.done) == (2, 1)


@given(st.decimals("50", "150", places=2), st.decimals("0.1", "10", places=3), st.booleans())
def test_adding_never_moves_the_stop_down(each, size, trailed):
    """Whatever is added at whatever price, the stop does not fall; a stop that trailing has set stays where it is."""
    held = planned(level(1, "-2"))
    if trailed:
        held = replace(held, stop_loss=price(104), stop_reason="TRAILING_STOP")
    after = added(held, execution(str(size), str(each * size)))
    assert after.stop_loss >= held.stop_loss
    assert not trailed or after.stop_loss == held.stop_loss


def test_another_coins_price_is_refused():
    """An Ether price does not trigger a Bitcoin level."""
    with pytest.raises(CurrencyMismatch):
        next_addition(planned(level(1, "-2")), price(1, "ETH"))


@pytest.mark.parametrize("wrong", [(0, "-1", "1"), (1, "0", "1"), (1, "-1", "0"), (1, "-1", "-1")])
def test_a_level_means_something(wrong):
    """A level counts from 1, is somewhere else than the entry, and adds something."""
    with pytest.raises(BadInput):
        level(*wrong)


@pytest.mark.parametrize("numbers", [(2,), (1, 3), (2, 1), (1, 1)])
def test_levels_count_in_order(numbers):
    """Levels are 1, 2, 3 without a gap."""
    with pytest.raises(BadInput, match="count 1, 2, 3"):
        planned(*(level(number, "-1") for number in numbers))
