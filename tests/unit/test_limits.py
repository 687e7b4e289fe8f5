"""What stops orders: three modes of the kill switch and three breakers, computed from the books."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.made import NOW, S, closed_position, position
from trading.limits import Equity, Mode, allows_entry, allows_exit, breakers, realised_equity
from trading.money import yen

WELL = Equity(yen(100), yen(100))
results = st.lists(st.tuples(st.integers(-9000, 9000), st.integers(0, 72)), max_size=12)


def book(*results, minutes=1):
    """Closed positions with these results, a minute apart, the last one at NOW."""
    start = NOW - timedelta(minutes=minutes * (len(results) - 1))
    times = [start + timedelta(minutes=minutes * index) for index in range(len(results))]
    return [closed_position(result, at, number) for number, (result, at) in enumerate(zip(results, times, strict=True))]


def tripped(closed, at=NOW, equity=WELL):
    return {name for name, on in breakers(closed, at, equity, S).items() if on}


@pytest.mark.parametrize(
    ("mode", "entry", "leave"), [("OFF", True, True), ("NO_ENTRIES", False, True), ("NOTHING", False, False)]
)
def test_the_kill_switch_modes(mode, entry, leave):
    """OFF stops nothing, NO_ENTRIES stops buying, NOTHING stops everything."""
    assert (allows_entry(Mode(mode)), allows_exit(Mode(mode))) == (entry, leave)


def test_nothing_closed_trips_nothing():
    """All three breakers are named and off with empty books."""
    assert breakers([], NOW, WELL, S) == {"daily_loss": False, "losses_in_a_row": False, "drawdown": False}


@pytest.mark.parametrize(("last", "on"), [(-4999, False), (-5000, True), (-9000, True)])
def test_the_daily_loss_limit(last, on):
    """15,000 yen lost on one day stop buying, gains of the day set off."""
    assert ("daily_loss" in tripped(book(-12_000, 2000, last))) is on


def test_a_day_is_a_day_in_japan():
    """What was lost before midnight in Tokyo (15:00 UTC) is yesterday's."""
    lost = [closed_position(-20_000, datetime(2024, 3, 5, 14, 59, tzinfo=UTC))]
    assert "daily_loss" in tripped(lost, datetime(2024, 3, 5, 14, 59, 59, tzinfo=UTC))
    assert "daily_loss" not in tripped(lost, datetime(2024, 3, 5, 15, 0, tzinfo=UTC))


def test_five_losses_in_a_row():
    """Four losses do not stop buying, five do, and a gain or a trade at nothing among the last five does not."""
    assert tripped(book(-1, -1, -1, -1)) == set()
    assert tripped(book(-1, -1, -1, -1, -1)) == {"losses_in_a_row"}
    assert tripped(book(5, -1, -1, -1, -1, -1)) == {"losses_in_a_row"}
    assert tripped(book(-1, -1, -1, 1, -1)) == set()
    assert tripped(book(-1, -1, 0, -1, -1)) == set()


def test_the_cool_down_ends_after_six_hours_and_a_new_loss_starts_it_again():
    """Six hours after the last loss buying is free again; one more loss stops it at once."""
    five = book(-1, -1, -1, -1, -1)
    assert tripped(five, NOW + timedelta(hours=6, seconds=-1)) == {"losses_in_a_row"}
    assert tripped(five, NOW + timedelta(hours=6)) == set()
    later = NOW + timedelta(hours=7)
    assert tripped([*five, closed_position(-1, later, 9)], later) == {"losses_in_a_row"}


def test_the_order_of_the_books_does_not_matter():
    """Positions are taken by the time they were closed, in whatever order they are listed."""
    five = book(3, -1, -1, -1, -1, -1)
    assert tripped(five[::-1]) == tripped(five) == {"losses_in_a_row"}


def test_the_future_and_the_open_do_not_count():
    """What is closed after the moment, and what is still open, trips nothing."""
    five = book(-9000, -9000, -1, -1, -1)
    assert tripped(five, NOW - timedelta(minutes=10)) == set()
    assert tripped([position() for _ in range(9)]) == set()


@pytest.mark.parametrize(
    ("now", "peak", "on"), [(81, 100, False), (80, 100, True), (0, 100, True), (120, 100, False), (0, 0, False)]
)
def test_drawdown(now, peak, on):
    """A fifth below the peak stops buying."""
    assert ("drawdown" in tripped([], equity=Equity(yen(now), yen(peak)))) is on


def test_realised_equity():
    """From closed positions alone: where it stands, and the highest it stood."""
    found = realised_equity(yen(1000), book(500, -700, 100))
    assert (found.now, found.peak, found.drawdown_pct) == (yen(900), yen(1500), Decimal(40))
    assert realised_equity(yen(1000), []) == Equity(yen(1000), yen(1000))


@given(results)
def test_breakers_only_look_back(made):
    """Adding what happens after a moment never changes what the breakers said at it."""
    closed = [closed_position(pnl, NOW + timedelta(hours=hour), n) for n, (pnl, hour) in enumerate(made)]
    at = NOW + timedelta(hours=36)
    known = [one for one in closed if one.closed_at <= at]
    assert breakers(closed, at, WELL, S) == breakers(known, at, WELL, S)
