"""What the demo's screen says of a cycle."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

from deployments.demo import Cycle
from deployments.demo_view import events_of
from tests.unit.made import execution
from trading.money import yen
from trading.order import Intent, Side, Status, Trade
from trading.pairs import parse_pairs

NOW = datetime(2026, 1, 5, 1, 30, tzinfo=UTC)
PAIRS = {pair.key: pair for pair in parse_pairs(None)}


def sold(pnl: int) -> tuple[Trade, SimpleNamespace]:
    """A filled exit of a Bitcoin position, and a desk whose books know what it earned."""
    filled = execution("0.01", "100000")
    intent = Intent(
        "TRD-1", "btc_usdt", "btc_jpy", Side.SELL, "TRAILING_STOP", "D", "S", "default", 1, NOW, NOW,
        quantity=filled.quantity, position_id="POS-1",
    )  # fmt: skip
    position = SimpleNamespace(realized_pnl=yen(pnl))
    desk = SimpleNamespace(pair=PAIRS.__getitem__, ledger=SimpleNamespace(position=lambda _: position))
    return Trade(intent, Status.FILLED, executed=filled), desk


def test_a_sale_says_why_and_what_it_earned() -> None:
    """A filled exit is one line with size, price, the reason and the signed result, a loss and a zero included."""
    for pnl, told in ((250, "+¥250"), (-40, "-¥40"), (0, "¥0")):
        trade, desk = sold(pnl)
        (line,) = events_of(Cycle(1, 1, NOW, None, (trade,), ()), desk)  # type: ignore[arg-type]
        assert line == f"sold 0.01 BTC at ¥10,000,000 (trailing stop): {told}"


def test_an_order_that_was_refused_says_why() -> None:
    """What came to nothing is told with its note, not left out."""
    trade, desk = sold(0)
    refused = Trade(trade.intent, Status.REFUSED, note="spread 1.20 % is above 1 %")
    (line,) = events_of(Cycle(1, 1, NOW, None, (refused,), ()), desk)  # type: ignore[arg-type]
    assert "REFUSED" in line
    assert "spread 1.20 %" in line
