"""Sizing: never over the free money, the cap or the lot rules, and nothing rather than too little."""

import math
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.made import S, price
from trading.money import Amount, yen
from trading.pairs import LOT_RULES, LotRules
from trading.sizing import NoEntry, entry_share, entry_spend, exact_score, kelly_fraction, least_spend

FINE = LotRules(Decimal("0.00000001"), Decimal("0.00000001"), Decimal(1))
returns = st.decimals("-0.3", "0.3", places=4)
histories = st.lists(returns, max_size=30)
frees = st.decimals(-(10**4), 10**6, places=3).map(yen) | st.decimals(5_000, 50_000, places=3).map(yen)
lots = st.builds(
    LotRules, st.sampled_from([Decimal("0.001"), Decimal(1)]), st.just(Decimal("0.00000001")), st.just(Decimal(1)),
    st.sampled_from([Decimal(1), Decimal(100), Decimal("0.01")]),
)  # fmt: skip
asks = st.decimals(1, 10**7, places=3).map(price) | st.decimals(1, 1000, places=3).map(price)


def spend(score, free=100_000, history=(), lot=FINE, ask=100):
    return entry_spend(score, yen(free), [Decimal(str(one)) for one in history], S, lot, price(ask))


@given(st.floats(-1, 1) | st.floats(0.15, 1), frees, histories, lots, asks)
def test_sizing_never_exceeds_anything(score, free, history, lot, ask):
    """A spend is whole yen on the lot's step, leaves the reserve, respects cap and floor, and buys the least size."""
    found = entry_spend(score, free, history, S, lot, ask)
    if isinstance(found, NoEntry):
        assert found.reason.endswith(".")
    assume(isinstance(found, Amount))
    assert found <= free - yen(1000)
    assert yen(500) <= found <= yen(15_000)
    assert found.number % 1 == 0
    assert found.number % lot.market_buy_step_jpy == 0
    assert ask.scaled(Decimal("1.015")).buys(found).number >= lot.min_size


@pytest.mark.parametrize(
    ("score", "yen_spent"),
    [(0.9, 6000), (0.45, 6000), (0.4499, 4500), (0.35, 4500), (0.25, 3000), (0.15, 2000)],
)
def test_without_a_history_the_score_decides(score, yen_spent):
    """60 % of the available 10,000 at a score of 0.45, then 45, 30 and 20 %."""
    assert spend(score, free=11_000) == yen(yen_spent)


@pytest.mark.parametrize("score", [0.1499, 0.0, -0.5, math.nan])
def test_a_low_score_is_no_entry(score):
    """Below 0.15, and for what is no score, there is no entry and a reason."""
    found = spend(score)
    assert isinstance(found, NoEntry)
    assert "below 0.15" in found.reason


def test_four_trades_are_no_history():
    """With four closed trades the score decides, with five Kelly does."""
    assert spend(0.45, 11_000, [-0.1] * 4) == yen(6000)
    assert isinstance(spend(0.45, 11_000, [-0.1] * 5), NoEntry)


def test_kelly():
    """Three wins of 4 % and two losses of 2 %: f = (0.6 x 2 - 0.4) / 2 = 0.4, half of it, times the score factor."""
    history = [0.04, 0.04, 0.04, -0.02, -0.02]
    assert kelly_fraction([Decimal(str(one)) for one in history]) == Decimal("0.4")
    assert spend(0.5, 11_000, history) == yen(2000)
    assert spend(0.3, 11_000, history) == yen(1000)
    assert spend(0.1, 11_000, history) == yen(1000)  # 0.4 / 2 x 0.3 = 0.06, at least a tenth


def test_all_wins_and_all_losses():
    """Only wins: f = 1, half of it, at most 0.8. Only losses, or only trades at nothing: no edge, no entry."""
    assert kelly_fraction([Decimal("0.01")] * 5) == 1
    assert spend(0.5, 11_000, [0.01] * 5) == yen(5000)
    assert kelly_fraction([Decimal(-1)] * 5) == -1
    for history in ([-0.01] * 5, [0] * 5):
        found = spend(0.9, 11_000, history)
        assert isinstance(found, NoEntry)
        assert "no edge" in found.reason


def test_a_trade_at_nothing_is_no_win():
    """A return of exactly 0 counts among the losses, as one of 0."""
    assert kelly_fraction([Decimal("0.02"), Decimal(0)]) == Decimal("0.5")


@given(st.lists(returns, min_size=1, max_size=30))
def test_kelly_is_the_formula(history):
    """(p b - q) / b wherever b = mean win / mean loss exists, and never more than p."""
    wins, losses = [one for one in history if one > 0], [-one for one in history if one <= 0]
    found = kelly_fraction(history)
    p = Decimal(len(wins)) / len(history)
    assert found <= p
    if wins and sum(losses) > 0:
        b = (sum(wins) / len(wins)) / (sum(losses) / len(losses))
        assert abs(found - (p * b - (1 - p)) / b) < Decimal("1e-20")


@given(st.lists(returns, min_size=5, max_size=30), st.decimals(-1, 1, places=6))
def test_a_kelly_share_stays_between_a_tenth_and_four_fifths(history, score):
    """Where Kelly sees an edge, the share is from 0.10 to 0.80 of the available money, whatever the score."""
    share = entry_share(score, history, S)
    assert isinstance(share, NoEntry) or Decimal("0.1") <= share <= Decimal("0.8")


@given(st.lists(returns, min_size=5, max_size=20), st.floats(0.15, 1), st.floats(0.15, 1))
def test_a_better_score_never_spends_less(history, a, b):
    """With the same history and money, the better score spends at least as much."""
    low, high = sorted((a, b))
    for known in ((), history):
        one, two = spend(low, history=known), spend(high, history=known)
        if isinstance(one, Amount):
            assert isinstance(two, Amount)
            assert one <= two


def test_the_cap_and_the_floor():
    """Never over 15,000 yen a position, never under 500."""
    assert spend(0.9, free=10**6) == yen(15_000)
    assert spend(0.15, free=1000 + 2500) == yen(500)
    found = spend(0.15, free=1000 + 2499)
    assert isinstance(found, NoEntry)
    assert "below the least entry of 500 JPY" in found.reason


@pytest.mark.parametrize("free", [1000, 0, -5])
def test_the_reserve_is_never_spent(free):
    """With the reserve or less there is nothing to spend."""
    found = spend(0.9, free=free)
    assert isinstance(found, NoEntry)
    assert "reserve" in found.reason


def test_the_venues_least_size_needs_a_margin():
    """0.001 BTC at 9,500,000 yen must still be bought when the price rises by the band's 1.5 %: 9,643 yen at least."""
    btc, ask = LOT_RULES["BTC"], price(9_500_000)
    assert least_spend(btc, ask, S) == yen("9642.5")
    assert spend(0.45, 1000 + 16_072, lot=btc, ask=9_500_000) == yen(9643)
    found = spend(0.45, 1000 + 16_070, lot=btc, ask=9_500_000)
    assert isinstance(found, NoEntry)
    assert "below the least entry" in found.reason


def test_a_coarse_step_rounds_down():
    """A venue that takes steps of 100 yen gets 5,900 of 5,999."""
    coarse = LotRules(Decimal("0.001"), Decimal("0.001"), Decimal(1), Decimal(100))
    assert spend(0.9, free=1000 + 9999, lot=coarse) == yen(5900)


@pytest.mark.parametrize(
    ("score", "exact"), [(0.45, "0.45"), (0.44999999999999996, "0.45"), (-0.1, "-0.1"), (1e-12, "0")]
)
def test_the_border_between_score_and_money(score, exact):
    """A float score becomes a decimal of nine places: 0.45 is 0.45, and float dust is gone."""
    assert exact_score(score) == Decimal(exact)
    assert exact_score(math.inf) == 0
