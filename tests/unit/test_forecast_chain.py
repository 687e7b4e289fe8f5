"""The chain of forecasters: the first valid answer wins, and every reason on the way is told, counted and logged."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.forecast.chain import ForecastChain
from adapters.forecast.model import ModelForecaster
from adapters.forecast.momentum import MomentumForecaster
from tests.unit.forecast_models import Model
from trading.candles import frame
from trading.errors import BadInput, Halt, InsufficientData, Rejected, Transient
from trading.pairs import parse_pairs
from trading.ports import Forecaster
from trading.signals.forecast import MOMENTUM
from trading.signals.outlook import Quantiles
from trading.strategy import Strategy

AT = datetime(2026, 1, 6, tzinfo=UTC)
PAIR, S = parse_pairs(None)[0], Strategy()
CANDLES = frame([(AT + timedelta(minutes=5 * n), *([100.0 + n] * 4), 1.0) for n in range(100)])
ERRORS = (Transient("busy"), Rejected("no"), Halt("wrong"), BadInput("shape"))


class Stopped:
    def now(self):
        return AT


@dataclass
class Counted:
    counts: list = field(default_factory=list)
    answer: bool = True

    def count(self, name, value, at, of=None):
        self.counts.append((name, value, at, dict(of or {})))
        return self.answer


def link(kind, error=None):
    """A model that fails with this error, or answers."""
    if error is None:
        return ModelForecaster(Model(kind=kind, name=f"{kind}-model"))
    return ModelForecaster(Model(lambda asked, _: [error] * len(asked), kind, f"{kind}-model"))


def chain(*links, counted=None):
    made: Forecaster = ForecastChain(links, MomentumForecaster("unused"), counted or Counted(), Stopped())
    return made


@given(st.lists(st.sampled_from((None, *ERRORS)), max_size=4))
def test_the_first_that_answers_wins_and_the_reasons_are_kept(failures):
    """The model is the first without an error, or momentum; the reason names all that failed before, in their order."""
    counted = Counted()
    links = [link(f"k{n}", error) for n, error in enumerate(failures)]
    signal = chain(*links, counted=counted).forecast(PAIR, CANDLES, S)
    failed = [one for one in failures[: failures.index(None) if None in failures else None] if one is not None]
    assert signal.model == (f"k{len(failed)}-model" if None in failures else MOMENTUM)
    if failed:
        assert signal.fallback_reason == "; ".join(f"k{n}: {error}" for n, error in enumerate(failed))
        assert counted.counts == [("ForecastFallbacks", 1, AT, {"model": signal.model})]
    else:
        assert counted.counts == []
    assert (signal.q50 == ()) == (signal.model == MOMENTUM)


def test_a_better_model_that_answers_says_no_reason():
    """When the first model answers, nothing is a fallback: no reason, no count."""
    signal = chain(link("sagemaker"), link("local")).forecast(PAIR, CANDLES, S)
    assert (signal.model, signal.fallback_reason) == ("sagemaker-model", None)


def test_an_answer_that_makes_no_sense_is_a_reason():
    """A model whose numbers are out of all reason is passed over like one that failed, and never scored."""
    wild = ModelForecaster(Model(lambda *_: [Quantiles((9e9,) * 12, (9e9,) * 12, (9e9,) * 12)], "sagemaker"))
    signal = chain(wild, link("local")).forecast(PAIR, CANDLES, S)
    assert signal.model == "local-model"
    assert signal.fallback_reason.startswith("sagemaker: the forecast runs from 9e+09")


@pytest.mark.parametrize("bug", [ValueError("bad"), AttributeError("x"), MemoryError(), ZeroDivisionError("by zero")])
def test_a_bug_in_a_link_makes_no_pair_sit_out(caplog, bug):
    """Whatever a link raises, the next one answers; the reason names the error's type, and the log has an error."""

    class Broken:
        kind = "sagemaker"

        def forecast(self, *_):
            raise bug

    signal = chain(Broken(), link("local")).forecast(PAIR, CANDLES, S)
    assert signal.model == "local-model"
    assert signal.fallback_reason.startswith(f"sagemaker: {type(bug).__name__}")
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_too_few_candles_are_not_papered_over():
    """A pair with too few candles sits out, whatever momentum could still make of them (I18)."""
    counted = Counted()
    with pytest.raises(InsufficientData, match=f"^{PAIR.key}: 20 candles"):
        chain(link("local"), counted=counted).forecast(PAIR, CANDLES.tail(20), S)
    assert counted.counts == []


@pytest.mark.parametrize(
    ("errors", "level"),
    [((Transient("ThrottlingException after 4 tries"),), "INFO"), ((Transient("busy"), Halt("gone")), "WARNING")],
)
def test_expected_throttling_is_no_warning(caplog, errors, level):
    """A busy endpoint is one line of information, anything else one warning; neither is an error (I13)."""
    with caplog.at_level(logging.DEBUG, "trader.forecast"):
        chain(*(link(f"k{n}", error) for n, error in enumerate(errors))).forecast(PAIR, CANDLES, S)
    assert [record.levelname for record in caplog.records] == [level]


def test_a_reason_is_short_and_without_secrets():
    """However long an error is and whatever it quotes, the reason is one short line that shows no secret."""
    long = Halt("could not read http://x/?auth_token=TOPSECRET&a=1\n" + "x" * 5000)
    reason = chain(link("sagemaker", long)).forecast(PAIR, CANDLES, S).fallback_reason
    assert "TOPSECRET" not in reason
    assert "\n" not in reason
    assert len(reason) < 200


def test_a_metric_that_is_not_counted_changes_nothing():
    """The forecast is the same whether it could be counted or not."""
    first, second = (
        chain(link("local", Transient("busy")), counted=Counted(answer=answer)).forecast(PAIR, CANDLES, S)
        for answer in (True, False)
    )
    assert first == second
