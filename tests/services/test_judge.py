"""What is judged was checked: the forecast that stands, and each value of the market's mood. What sits out, counted."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

import tasks.check
from tests.quality.stage import STRATEGY, Stored
from tests.services.test_quality import AT, ETH, RIGHT, START
from trading.calibration.records import Forecast
from trading.candles import INTERVAL
from trading.errors import Transient
from trading.quality.findings import Finding
from trading.services.judge import context_of, kept_forecast
from trading.services.quality import Gate
from trading.signals.forecast import score_forecast

STAMP = int(AT.timestamp()) - 60
OF = {name: {"as_of": STAMP} for name in ("fear_greed", "funding", "btc_dominance", "usd_jpy")}
ROW: dict[str, Any] = {
    "timestamp": STAMP, "score": 0.1, "fear_greed": 50, "funding": {"BTCUSDT": 0.0001, "ETHUSDT": 0.0002},
    "btc_dominance": 50.0, "usd_jpy": 150.0, "sources": OF,
}  # fmt: skip


class Ledger:
    """One that holds a forecast already: the one that is put, with what is changed in it."""

    def __init__(self, **changed: Any) -> None:
        self.changed = changed

    def put(self, made: Forecast) -> bool:
        """Somebody was first."""
        self.stands = replace(made, **{name: how(made) for name, how in self.changed.items()})
        return False

    def get(self, _pair: str, _at: Any) -> Forecast:
        """What stands."""
        return self.stands


class Up:
    """A Forecaster that sees the price a percent higher."""

    def forecast(self, _pair: Any, window: Any, strategy: Any) -> Any:
        """Quantiles around it."""
        price = float(window["close"].iloc[-1])
        low, mid, high = ((price * by,) * strategy.forecast_steps for by in (1.005, 1.01, 1.015))
        return score_forecast(low, mid, high, price, strategy, "up")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"q50": lambda made: tuple(3 * one for one in made.q50)}, "with q50 above q90"),
        ({"price": lambda made: made.price * 1.02}, "the one that stands has price"),
        ({"momentum_pct": lambda made: made.momentum_pct + 5}, "the one that stands has momentum_pct"),
        ({"first_step_at": lambda made: made.first_step_at - INTERVAL}, "the one that stands begins"),
    ],
)
def test_a_forecast_that_stands_is_judged_only_when_it_is_fit_and_of_this_window(changed: Any, why: str) -> None:
    """Else the fresh one is, and its note says so; one that differs in nothing but its forecast is the one judged."""
    store, ledger = Stored(RIGHT), Ledger(**changed)
    fresh = Up().forecast(ETH, RIGHT["eth_usdt"], STRATEGY)
    found = kept_forecast(ETH, AT, store, Up(), ledger, STRATEGY)  # type: ignore[arg-type]
    assert found.note.startswith("not kept: ")
    assert why in found.note
    assert replace(found, note="") == fresh
    other = Ledger(q90=lambda made: tuple(1.01 * one for one in made.q90))
    stood = kept_forecast(ETH, AT, store, Up(), other, STRATEGY)  # type: ignore[arg-type]
    assert stood.note == ""
    assert stood.q90 == other.stands.q90 != fresh.q90


@pytest.mark.parametrize(
    ("name", "value"), [("funding", 0.9), ("funding", {"BTCUSDT": 0.0001, "ETHUSDT": 0.9}), ("btc_dominance", 101.0)]
)
def test_a_value_that_breaks_a_rule_is_left_out_and_named(name: str, value: Any) -> None:
    """The others are judged as they are: a rate of 90 % is no funding, nor is a mean that it is part of."""
    found = context_of({**ROW, name: value}, AT, STRATEGY)
    without = context_of({key: one for key, one in ROW.items() if key != name}, AT, STRATEGY)
    assert replace(found, note="") == replace(without, note="")
    assert f"market context without {name}" in found.note
    assert name not in found.sources
    assert context_of(ROW, AT, STRATEGY).note == ""


@pytest.mark.parametrize("score", [7.5, None])
def test_a_broken_row_is_neutral_and_says_why(score: Any) -> None:
    """Whoever wrote a score of 7.5 may have written the rest: nothing of that row counts."""
    found = context_of({**ROW, "score": score}, AT, STRATEGY)
    assert (found.score, found.sources, found.fear_greed) == (0, (), None)
    assert found.note.startswith("the market context is not fit to be judged: 1 value")


def test_a_pair_that_sits_out_is_counted_once_however_often_its_evidence_is_put(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The archive fails once: the run is tried again, and the metric says one."""
    counted: list[Any] = []
    puts: Any = iter([Transient("no answer"), "s3://x"])

    def put(*_: Any) -> Any:
        answer = next(puts)
        if isinstance(answer, Exception):
            raise answer
        return answer

    room = SimpleNamespace(
        pair=lambda _: ETH, candles=Stored(RIGHT), strategy=STRATEGY, archive=SimpleNamespace(put=put),
        metrics=SimpleNamespace(count=lambda *what: counted.append(what)),
    )  # fmt: skip
    monkeypatch.setattr(tasks.check, "open_desk", lambda _: room)
    held = Gate((), {"eth_usdt": (Finding("fresh", 1, "1 candle that is old"),)}, {})
    with pytest.raises(Transient):
        tasks.check.quarantine_pair.fn("test", "eth_usdt", held, START)
    tasks.check.quarantine_pair.fn("test", "eth_usdt", held, START)
    assert len(counted) == 1
