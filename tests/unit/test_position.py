"""A position's life: opened by fills, watched in one order of checks, closed to the last digit."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.made import NOW, S, buy_intent, coins, execution, position, price
from trading.errors import Halt
from trading.money import CurrencyMismatch, yen
from trading.order import MarketSell, Side, Trade
from trading.position import PositionStatus, closed, closing, exit_intent, opened, reduced, reopened, watch

walks = st.lists(st.decimals("60", "140", places=2), min_size=1, max_size=40)
funds = st.decimals(Decimal("0.01"), 10**7, places=4)
fees = st.decimals(0, 100, places=4)


def walked(bids, start=None):
    """A position of one coin at 100 yen after a walk of bids, and the reason it is sold for (None: still held)."""
    held = start or position()
    for bid in bids:
        found = watch(held, price(bid), S)
        held = found.position
        if found.exit_reason:
            return held, found.exit_reason
    return held, None


def test_an_opened_position():
    """It takes its ids from the trade, its cost from the fills with the fees in, and its stops from the strategy."""
    held = opened(Trade(buy_intent()), execution("0.01", "100150", "150"), NOW, S)
    assert (held.position_id, held.trade_id) == ("POS-A1-btc_usdt-BUY", "TRD-A1-btc_usdt-BUY")
    assert (held.signal_id, held.strategy_id, held.pair, held.trading_pair) == (
        "A1-btc_usdt", "default", "btc_usdt", "btc_jpy",
    )  # fmt: skip
    assert (held.cost, held.size, held.entry_price) == (yen(100150), coins("0.01"), price(10015000))
    assert held.stop_loss == price("9514250")
    assert held.take_profit == price("13019500")
    assert (held.status, held.version, held.exit_attempts, held.stop_reason) == ("OPEN", 1, 0, "STOP_LOSS")


@pytest.mark.parametrize(("gain", "stop"), [(4, "101.92"), (7, "105.395"), (11, "109.668"), (20, "118.8")])
def test_every_trailing_tier_fires(gain, stop):
    """At a peak of +4, +7, +11 and +20 % the stop trails 2.0, 1.5, 1.2 and 1.0 % below it, and there it sells (I10)."""
    held, reason = walked([100 + gain])
    assert (held.stop_loss, held.stop_reason, reason) == (price(stop), "TRAILING_STOP", None)
    just_above = Decimal(stop) + Decimal("0.001")
    assert watch(held, price(just_above), S).exit_reason is None
    assert watch(held, price(stop), S).exit_reason == "TRAILING_STOP"


@pytest.mark.parametrize(("gain", "stop"), [(3, "100.94"), (5, "103.425"), (8, "106.704"), (12, "110.88")])
def test_a_tier_holds_from_its_first_point(gain, stop):
    """At a peak of exactly +3, +5, +8 and +12 % the tier that begins there holds."""
    assert walked([100 + gain])[0].stop_loss == price(stop)


def test_take_profit_is_checked_last():
    """At +31 % the peak and the stop have risen first, then it takes the profit (I10)."""
    held, reason = walked([131])
    assert (held.highest_price, held.stop_loss, reason) == (price(131), price("129.69"), "TAKE_PROFIT")
    assert walked(["129.99"])[1] is None


def test_the_stop_is_checked_first():
    """A stop at or above the price sells as a stop, even where the take-profit would too, and raises nothing."""
    held = replace(position(), stop_loss=price(140))
    found = watch(held, price(135), S)
    assert found.exit_reason == "STOP_LOSS"
    assert (found.position.highest_price, found.position.stop_loss) == (price(100), price(140))


def test_a_stop_raised_by_this_look_is_checked_by_the_next():
    """A look that raises the stop above the price does not sell by it; the next one does."""
    held = replace(position(), highest_price=price(110))
    first = watch(held, price(102), S)
    assert (first.position.stop_loss, first.exit_reason) == (price("108.68"), None)
    assert watch(first.position, price(102), S).exit_reason == "TRAILING_STOP"


@pytest.mark.parametrize(("bid", "reason"), [("95.01", None), ("95", "STOP_LOSS"), ("80", "STOP_LOSS")])
def test_the_stop_loss(bid, reason):
    """Five percent below the entry the position is sold, at it included."""
    assert walked([bid])[1] == reason


def test_below_three_percent_nothing_trails():
    """A peak of +2.99 % leaves the first stop where it is."""
    assert walked(["102.99"])[0].stop_loss == price(95)


def test_break_even_holds_where_trailing_would_not():
    """From the trigger on the stop is at least entry x 1.001, and a sale there is called BREAK_EVEN."""
    held = replace(position(), break_even_trigger=price(102), trailing_distance=price(50))
    held = watch(held, price(102), S).position
    assert (held.stop_loss, held.stop_reason) == (price("100.1"), "BREAK_EVEN")
    assert watch(held, price(100), S).exit_reason == "BREAK_EVEN"


def test_without_its_own_trigger_break_even_comes_at_three_percent():
    """With a wide trailing distance the strategy's +3 % still brings the stop to entry x 1.001."""
    held = replace(position(), trailing_distance=price(50))
    assert watch(held, price("102.99"), S).position.stop_loss == price(95)
    assert watch(held, price(103), S).position.stop_loss == price("100.1")


def test_a_fixed_distance_trails_from_the_start():
    """A position with its own distance trails by so many yen at any gain, and never by the tiers."""
    held = replace(position(), trailing_distance=price(2))
    held = watch(held, price("101.5"), S).position
    assert (held.stop_loss, held.stop_reason) == (price("99.5"), "TRAILING_STOP")
    assert watch(held, price(120), S).position.stop_loss == price(118)


def test_a_distance_down_to_nothing_does_not_trail():
    """A distance as large as the peak leaves the stop where it is."""
    held = replace(position(), trailing_distance=price(200))
    assert watch(held, price(101), S).position.stop_loss == price(95)


@given(walks, st.none() | st.integers(1, 50), st.none() | st.integers(101, 130))
def test_stops_and_peaks_never_move_down(bids, distance, trigger):
    """Whatever the prices, the tiers, the distance and the trigger: the stop and the peak only rise."""
    held = replace(
        position(),
        trailing_distance=distance and price(distance),
        break_even_trigger=trigger and price(trigger),
    )
    seen = [held]
    for bid in bids:
        seen.append(watch(seen[-1], price(bid), S).position)
    for before, after in pairwise(seen):
        assert after.stop_loss >= before.stop_loss
        assert after.highest_price >= before.highest_price
        assert after.highest_price >= after.current_price
        assert after.version == before.version + (after != before)


@given(walks)
def test_a_position_that_once_gained_three_percent_is_not_sold_at_a_loss_by_plan(bids):
    """Once the peak was +3 %, the stop is above the entry."""
    held, _ = walked(bids)
    assert held.highest_price < price(103) or held.stop_loss >= price("100.1")


@given(walks)
def test_what_sells_is_what_was_hit(bids):
    """STOP_LOSS only at the first stop, TRAILING_STOP only above it, TAKE_PROFIT only at +30 %."""
    held, reason = walked(bids)
    if reason == "STOP_LOSS":
        assert held.stop_loss == price(95)
    elif reason == "TAKE_PROFIT":
        assert held.current_price >= price(130)
    elif reason is not None:
        assert held.stop_loss >= held.entry_price
        assert held.current_price <= held.stop_loss


def test_the_same_price_changes_nothing():
    """A look that sees nothing new gives the same version: nothing has to be saved."""
    held = watch(position(), price(101), S).position
    assert held.version == 2
    assert watch(held, price(101), S).position is held


def test_only_open_positions_are_watched():
    """A position with an exit under way is left alone."""
    held = closing(position(), "TRD-X")
    assert watch(held, price(1), S) == watch(held, price(200), S)
    assert watch(held, price(1), S).exit_reason is None


def test_another_coins_price_is_refused():
    """An Ether price does not move a Bitcoin position (I8)."""
    with pytest.raises(CurrencyMismatch):
        watch(position(), price(100, "ETH"), S)


def plan(held):
    return exit_intent(held, "STOP_LOSS", decision_id="M1", created_at=NOW, expires_at=NOW, strategy=S)


def test_an_exit_sells_all_of_it():
    """The exit names the position, sells every coin, has no price band and the number of its attempt."""
    intent = plan(position())
    assert (intent.trade_id, intent.side, intent.reason) == ("TRD-POS-A1-btc_usdt-BUY-SELL-1", Side.SELL, "STOP_LOSS")
    assert intent.order() == MarketSell("btc_jpy", coins(1))
    assert (intent.position_id, intent.band, intent.decision_id) == ("POS-A1-btc_usdt-BUY", None, "M1")
    assert intent.input_ids == ("TRD-A1-btc_usdt-BUY",)


def test_an_exit_that_came_to_nothing_is_tried_again_under_a_new_id():
    """Booking counts the attempt; reopened, the next exit has the next number, so no id is used twice."""
    held = closing(position(), plan(position()).trade_id)
    assert (held.status, held.exit_attempts, held.closing_trade_id) == ("CLOSING", 1, "TRD-POS-A1-btc_usdt-BUY-SELL-1")
    again = reopened(held, NOW)
    assert (again.status, again.exit_attempts, again.closing_trade_id, again.version) == ("OPEN", 1, None, 3)
    assert plan(again).trade_id == "TRD-POS-A1-btc_usdt-BUY-SELL-2"


@given(funds, fees, funds, fees)
def test_the_result_is_exact(paid, fee_in, brought, fee_out):
    """Realised = yen that came in - yen that went out, fees in both as the venue moved them, to the last digit."""
    held = position(str(paid), fee=str(fee_in))
    sold = closed(closing(held, "T"), execution("1", str(brought), str(fee_out)), "SIGNAL", NOW)
    assert sold.realized_pnl == yen(brought - paid)
    assert (sold.status, sold.exit_reason, sold.closed_at, sold.version) == ("CLOSED", "SIGNAL", NOW, 3)
    assert sold.exit_price == price(brought)


@pytest.mark.parametrize("sold", ["0.999", "1.001"])
def test_other_coins_than_held_were_sold(sold):
    """A sale of more or fewer coins than were held stops for a human: book and venue disagree (I9)."""
    with pytest.raises(Halt, match=r"holds 1 BTC, but .* were sold"):
        closed(closing(position(), "T"), execution(sold, "100"), "SIGNAL", NOW)


def test_every_change_needs_its_status():
    """Closing needs OPEN, reopening and closed need CLOSING, an exit needs OPEN; anything else is for a human."""
    one = position()
    two = closing(one, "T")
    three = closed(two, execution("1", "100"), "SIGNAL", NOW)
    wrong = [
        lambda: closing(two, "T"),
        lambda: closing(three, "T"),
        lambda: reopened(one, NOW),
        lambda: reopened(three, NOW),
        lambda: closed(one, execution("1", "100"), "SIGNAL", NOW),
        lambda: closed(three, execution("1", "100"), "SIGNAL", NOW),
        lambda: plan(two),
        lambda: plan(three),
    ]
    for change in wrong:
        with pytest.raises(Halt, match="the books need a human"):
            change()
    assert three.status is PositionStatus.CLOSED


PARTS = st.lists(st.integers(1, 400), min_size=1, max_size=5)


@given(PARTS, st.integers(1, 10**6))
def test_parts_sold_one_by_one_are_the_whole(parts, cost):
    """However an exit is split over several orders, what it brought and cost is the same to the last digit."""
    size = sum(parts)
    held = position(entry=str(cost), size=str(size))
    brought = yen(0)
    for number, part in enumerate(parts, start=1):
        sold = execution(size=str(part), funds=str(part * 7))
        brought = brought + sold.funds
        leaving = closing(held, f"T{number}")
        held = closed(leaving, sold, "SIGNAL", NOW) if number == len(parts) else reduced(leaving, sold)
    assert held.realized_pnl == brought - held.paid
    assert held.paid == position(entry=str(cost), size=str(size)).cost


def test_only_a_part_is_a_part():
    """All of it closes the position, more than all of it halts: neither is taken for a part."""
    leaving = closing(position(), "T1")
    for size in ("1", "2"):
        with pytest.raises(Halt):
            reduced(leaving, execution(size=size))
