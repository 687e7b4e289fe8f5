"""The books of the simulated account always add up."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.ledger import Fill, InsufficientFunds, Ledger

AMOUNTS = st.decimals(Decimal("0.00000001"), Decimal(5), places=8)
PRICES = st.decimals(Decimal("0.001"), Decimal(20_000_000), places=3)


@given(st.lists(st.tuples(st.sampled_from(["buy", "sell"]), AMOUNTS, PRICES, st.booleans()), max_size=30))
def test_start_plus_fills_is_what_is_there(trades: list[tuple[str, Decimal, Decimal, bool]]) -> None:
    """After any reservations, releases and fills: start + fills = free + reserved exactly, nothing is below zero."""
    ledger = Ledger({"jpy": Decimal(50_000_000), "btc": Decimal(3)})
    for number, (side, amount, price, released) in enumerate(trades):
        fill = Fill(number, number, "btc_jpy", side, price, amount, 0, taker=True)
        try:
            ledger.reserve(*fill.paid)
        except InsufficientFunds:
            continue
        if released:
            ledger.release(*fill.paid)
        else:
            ledger.settle(fill)
        assert not any(ledger.difference().values())
        assert min(ledger.free(name) for name in ledger.start) >= 0
    assert ledger.reserved("jpy") == ledger.reserved("btc") == 0


def test_refused_reservation_changes_nothing() -> None:
    """Asking for more than is free names the currency and leaves the balances alone."""
    ledger = Ledger({"jpy": Decimal(100)})
    with pytest.raises(InsufficientFunds) as refused:
        ledger.reserve("jpy", Decimal("100.01"))
    assert (refused.value.currency, ledger.free("jpy"), ledger.reserved("jpy")) == ("jpy", 100, 0)


def test_fill_without_reservation_is_a_bug() -> None:
    """A fill that pays more than its order holds is refused: the exchange would lend money otherwise."""
    ledger = Ledger({"jpy": Decimal(100), "btc": Decimal(0)})
    with pytest.raises(ArithmeticError):
        ledger.settle(Fill(1, 1, "btc_jpy", "buy", Decimal(10), Decimal(1), 0, taker=True))


def test_difference_finds_a_lost_yen() -> None:
    """The check can fail: a balance that no fill explains is seen."""
    ledger = Ledger({"jpy": Decimal(100)})
    ledger._free["jpy"] -= 1
    assert ledger.difference() == {"jpy": -1}
