"""What an order takes from a book."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from simulator.coincheck.book import Level, best, build
from simulator.coincheck.matching import spend, split, take
from simulator.coincheck.rules import RULES

STEP = Decimal("0.00000001")
COINS = st.sampled_from(sorted(RULES))
MIDS = st.decimals(Decimal(5), Decimal(20000000), places=5)
FUNDS = st.integers(1, 3_000_000).map(Decimal)


@given(COINS, MIDS, st.integers(0, 10**6))
def test_book_is_a_book(coin: str, price: Decimal, second: int) -> None:
    """Asks rise, bids fall, they never meet, all prices are on the tick and all amounts on the step."""
    rule = RULES[coin]
    book = build(price, rule, Decimal("0.06"), 1, f"{coin}_jpy", second * 1000)
    asks, bids = [level.price for level in book.asks], [level.price for level in book.bids]
    assert asks == sorted(set(asks))
    assert bids[0] < asks[0]
    assert all(later <= earlier for earlier, later in pairwise(bids))
    for level in (*book.asks, *book.bids):
        assert level.price % rule.price_tick == 0 < level.price
        assert level.amount % rule.amount_step == 0 < level.amount


@given(COINS, MIDS, FUNDS, st.integers(0, 10**6))
def test_spending_never_overspends_and_leaves_less_than_a_step(
    coin: str, price: Decimal, funds: Decimal, second: int
) -> None:
    """Ordinary sums buy in one to four parts at rising prices; what is left would not buy another step."""
    rule = RULES[coin]
    parts = spend(build(price, rule, Decimal("0.06"), 1, coin, second * 1000).asks, funds, rule.amount_step)
    left = funds - sum(part.price * part.amount for part in parts)
    assert len(parts) <= 4
    assert 0 <= left < rule.amount_step * (parts[-1].price if parts else price * 2)
    assert [part.price for part in parts] == sorted(part.price for part in parts)


@given(
    st.lists(st.tuples(st.integers(1, 100), st.integers(1, 50)), min_size=1, max_size=8),
    st.integers(1, 300),
    st.none() | st.integers(1, 100),
    st.booleans(),
)
def test_taking_respects_amount_levels_and_limit(
    raw: list[tuple[int, int]], amount: int, limit: int | None, buying: bool
) -> None:
    """No level gives more than it has, no part is worse than the limit, and all that is allowed is taken."""
    levels = [Level(Decimal(price), Decimal(size)) for price, size in sorted(raw, reverse=not buying)]
    allowed = [level for level in levels if limit is None or (level.price <= limit if buying else level.price >= limit)]
    parts = take(levels, Decimal(amount), None if limit is None else Decimal(limit), buying=buying)
    assert sum(part.amount for part in parts) == min(amount, sum(level.amount for level in allowed))
    for part, level in zip(parts, allowed, strict=False):
        assert (part.price, part.amount <= level.amount) == (level.price, True)


@given(st.decimals(STEP, Decimal(100), places=8), st.lists(st.floats(0.01, 0.5), max_size=3))
def test_split_parts_add_up(amount: Decimal, shares: list[float]) -> None:
    """However an amount is cut, the parts are positive and add up to it exactly."""
    parts = split(Decimal(5), amount, shares, STEP)
    assert sum(part.amount for part in parts) == amount
    assert min(part.amount for part in parts) > 0


@given(COINS, MIDS)
def test_spread_is_at_least_as_wide_as_asked(coin: str, price: Decimal) -> None:
    """Rounding to the tick never makes the exchange cheaper than its spread."""
    bid, ask = best(price, RULES[coin], Decimal("0.06"))
    assert bid <= price * Decimal("0.9997") or bid == RULES[coin].price_tick
    assert ask >= price * Decimal("1.0003")
