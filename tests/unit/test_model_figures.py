"""What the model's card says is what the command measures, and the command measures what it says."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.model import card, evaluate
from trading.candles import frame
from trading.errors import BadInput, InsufficientData
from trading.signals.forecast import momentum_signal
from trading.signals.outlook import LEVELS
from trading.strategy import Strategy

CONTEXT = 30
START = datetime(2024, 1, 1, tzinfo=UTC)


def candles(count, seed=1, missing=()):
    prices = 100 * np.exp(np.random.default_rng(seed).normal(0, 0.002, count).cumsum())
    times = (START + timedelta(minutes=5 * n) for n in range(count))
    rows = [(at, p, p * 1.002, p * 0.999, p, 1.0) for at, p in zip(times, prices, strict=True)]
    return frame([row for n, row in enumerate(rows) if n not in missing])


def exact(hours):
    return dict.fromkeys(LEVELS, hours.actual)


def test_the_card_shows_what_the_command_measures(market_data):
    """The card's rows of BTC and SOL come out again, to one unit of the last digit."""
    model = evaluate.open_model(card.SHIPPED)
    for symbol in ("BTCUSDT", "SOLUSDT"):
        folders = [market_data / "candles", market_data / "candles-2024"]
        hours = evaluate.hours_by_symbol(folders, evaluate.trained_until(model), 336, 12, only=symbol)
        expected = card.row(symbol, evaluate.evaluate(hours, evaluate.forecasts(model, hours))[symbol])
        (shown,) = (line for line in card.CARD.read_text().splitlines() if line.startswith(f"| {symbol} |"))
        for mine, theirs in zip(expected.split("|")[2:-1], shown.split("|")[2:-1], strict=True):
            digits = len(mine.strip(" %").partition(".")[2])
            one, other = (float(cell.strip(" %").replace(",", "")) for cell in (mine, theirs))
            assert abs(one - other) <= 1.01 * 10**-digits, (symbol, expected, shown)


def test_the_card_has_every_row():
    """Six symbols, all of them together, and the steps up to an hour stand between the markers."""
    text = card.CARD.read_text()
    inside = text.partition(card.BEGIN)[2].partition(card.END)[0]
    rows = [line.split("|")[1].strip() for line in inside.splitlines() if line.startswith("| ")]
    assert [row for row in rows if row.endswith("USDT") or row == evaluate.ALL] == [
        "AVAXUSDT", "BTCUSDT", "DOGEUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "all",
    ]  # fmt: skip
    assert rows[-4:] == ["5", "15", "30", "60"]


def test_a_forecast_that_knows_what_comes_has_no_loss():
    """Paths equal to what came: error and pinball 0, all covered, no width."""
    hours = evaluate.hours_of(candles(200), CONTEXT, 12)
    found = evaluate.figures(hours, exact(hours))
    assert (found.error_pct, found.pinball_pct, found.covered_share, found.width_pct) == (0, 0, 1, 0)
    assert found.last_close_error_pct > 0


@given(seed=st.integers(0, 1_000))
def test_momentum_is_that_of_the_desk(seed):
    """The momentum of each hour is what momentum_signal says of the candles before it."""
    made = candles(CONTEXT + 12, seed)
    hours = evaluate.hours_of(made, CONTEXT, 12)
    signal = momentum_signal(made.head(CONTEXT), Strategy(), "to compare")
    assert hours.momentum_pct == pytest.approx([signal.change_pct])
    assert hours.price == pytest.approx([made["close"].iloc[CONTEXT - 1]])


@given(missing=st.sets(st.integers(0, 199), max_size=8), every=st.integers(1, 30))
def test_an_hour_with_a_missing_candle_is_left_out(missing, every):
    """Every hour that is judged has consecutive candles from its context's first to its last."""
    made = candles(200, missing=missing)
    hours = evaluate.hours_of(made, CONTEXT, every)
    absent = {pd.Timestamp(START + timedelta(minutes=5 * n)) for n in missing}
    for at in pd.to_datetime(hours.starts_at, utc=True):
        span = {at + timedelta(minutes=5 * n) for n in range(-CONTEXT, evaluate.STEPS)}
        assert not span & absent


@given(cut=st.integers(0, 250))
def test_nothing_before_the_cut_off_is_judged(tmp_path_factory, cut):
    """Contexts too start after the cut-off; where nothing is left the command says so."""
    folder = tmp_path_factory.mktemp("candles")
    candles(200).to_parquet(folder / "BTCUSDT-5m.parquet")
    after = START + timedelta(minutes=5 * cut)
    if cut > 200 - CONTEXT - evaluate.STEPS:
        with pytest.raises(InsufficientData, match="no candles after"):
            evaluate.hours_by_symbol([folder], after, CONTEXT, 12)
        return
    first = evaluate.hours_by_symbol([folder], after, CONTEXT, 12)["BTCUSDT"].starts_at.min()
    assert pd.Timestamp(first, tz="UTC") == after + timedelta(minutes=5 * CONTEXT)


def test_all_is_the_mean_over_every_hour():
    """The last row weighs every hour alike, not every symbol."""
    hours = {"A": evaluate.hours_of(candles(200), CONTEXT, 12), "B": evaluate.hours_of(candles(90, 2), CONTEXT, 12)}
    found = evaluate.evaluate(hours, {symbol: exact(one) for symbol, one in hours.items()})
    parts = [(found[symbol].hours, found[symbol].last_close_error_pct) for symbol in hours]
    assert found["all"].hours == sum(count for count, _ in parts)
    assert found["all"].last_close_error_pct == pytest.approx(
        np.average([e for _, e in parts], weights=[c for c, _ in parts])
    )


def test_a_model_that_does_not_say_its_cut_off_is_not_judged():
    """Without a training cut-off nobody knows which candles would be a test."""
    model = evaluate.open_model(card.SHIPPED)

    class Silent:
        def get_modelmeta(self):
            return self

        custom_metadata_map = {"trained_until": ""}  # noqa: RUF012

    with pytest.raises(BadInput, match="until when"):
        evaluate.trained_until(replace(model, session=Silent()))


@pytest.mark.parametrize(
    ("figure", "factor", "fine"),
    [
        ("error_pct", 1.019, True),
        ("error_pct", 0.97, False),
        ("pinball_pct", 1.03, False),
        ("covered_share", 0.99, True),
    ],
)
def test_a_model_trained_again_is_held_to_the_tolerance(figure, factor, fine, capsys):
    """Losses within 2 % and coverage within two points are the same model; more is not, and is said."""
    shipped = evaluate.Figures(**{f.name: 0.8 for f in fields(evaluate.Figures)} | {"hours": 10})
    other = replace(shipped, **{figure: 0.8 * factor})
    assert card.compare({"all": shipped}, {"all": other}) is fine
    assert ("more than" in capsys.readouterr().out) is not fine


def test_writing_the_card_changes_nothing_but_the_figures():
    """What stands outside the markers stays; writing twice is writing once."""
    text = f"before\n{card.BEGIN}\nold\n{card.END}\nafter\n"
    once = card.written(text, ["| new |"])
    assert once == f"before\n{card.BEGIN}\n\n| new |\n\n{card.END}\nafter\n"
    assert card.written(once, ["| new |"]) == once
