"""The basis on its way into a decision: it bars in the market, and every number of it stands in the pair's row."""

from dataclasses import asdict

from adapters.dynamodb.wire import from_analysis, to_analysis
from tests.unit.made import NOW, S
from trading.basis import Basis
from trading.calibration.weight import EarnedWeight
from trading.limits import KillSwitch, Mode
from trading.money import yen
from trading.scoring import decide
from trading.services.books import Books, market_of
from trading.services.looks import Look
from trading.services.rows import signal_rows
from trading.signals.context import context_signal
from trading.venue import Balances

LOOKS = [Look(key, None, None, None, {"technical": "no candles"}) for key in ("btc_usdt", "eth_usdt")]
MOOD = context_signal(None, NOW, S)
EARNED = EarnedWeight(0.3, 0.3, "model", None, "fixed")
BOOKS = Books((), (), (), KillSwitch(Mode.OFF, "", "", None), Balances(yen(15_000), yen(0), {}, {}))
BASIS = {
    "btc_usdt": Basis("btc_usdt", 100.0, 15_520.0, 155.0, 0.129, barred=False, why="premium +0.13 %", market_pct=0.1),
    "eth_usdt": Basis("eth_usdt", None, None, 155.0, None, barred=True, why="Transient: no answer"),
}


def test_what_the_basis_bars_is_barred_in_the_market():
    """The reasons arrive by pair; without a basis nothing is barred."""
    assert market_of(LOOKS, MOOD, EARNED, BOOKS, NOW, S, BASIS).barred == {"eth_usdt": "Transient: no answer"}
    assert market_of(LOOKS, MOOD, EARNED, BOOKS, NOW, S).barred == {}


def test_every_row_has_the_basis_of_its_pair():
    """Prices, rate, premium, the market's, and the reason: all of it, in a form that the table keeps exactly."""
    decision = decide(market_of(LOOKS, MOOD, EARNED, BOOKS, NOW, S, BASIS), S)
    rows = signal_rows(LOOKS, MOOD, EARNED, decision, NOW, "test", S, BASIS)
    assert [row["basis"] for row in rows] == [asdict(BASIS[row["pair"]]) for row in rows]
    assert [to_analysis(from_analysis(row["basis"])) for row in rows] == [row["basis"] for row in rows]
    assert [row["basis"] for row in signal_rows(LOOKS, MOOD, EARNED, decision, NOW, "test", S)] == [{}, {}]
