"""``trader calibration``: a replay's table and weight, as text and as one JSON object; a desk's ledger; bad input."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from deployments.commands import calibration as command
from simulator.generated import write_market
from simulator.shapes import LIVELY
from tests.services.past import ledger
from tests.unit.made_forecasts import forecasts
from trading.errors import BadInput
from trading.pairs import parse_pairs
from trading.signals.forecast import MOMENTUM
from trading.strategy import Strategy

START = datetime(2024, 1, 3, tzinfo=UTC)
PAIRS = parse_pairs(None)
APP = typer.Typer()
APP.command()(command.calibration)


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """A candle folder of forty hours."""
    folder = tmp_path_factory.mktemp("market")
    write_market(folder, [pair.binance for pair in PAIRS], int(START.timestamp() * 1000), 480, 7, LIVELY)
    return folder


def run(*words):
    """What it prints. Raises what it raises."""
    return CliRunner().invoke(APP, [str(word) for word in words], catch_exceptions=False).stdout


def test_a_replay_in_json(market):
    """A row a pair and one of all, with numbers of every kind; momentum has no quantiles, and that is null."""
    to = (START + timedelta(hours=30)).isoformat()
    told = json.loads(
        run("--candles", market, "--from", "2024-01-03T06:00:00Z", "--to", to, "--model", "momentum", "--json")
    )
    assert [row["pair"] for row in told["rows"]] == [*sorted(pair.key for pair in PAIRS), "all"]
    assert {row["forecasts"] for row in told["rows"][:-1]} == {24}
    assert told["rows"][-1]["covered_share"] is None
    assert told["rows"][-1]["error_pct"] == told["rows"][-1]["momentum_error_pct"] > 0
    (weight,) = told["weights"]
    assert (weight["model"], weight["weight"]) == (MOMENTUM, 0.0)
    assert (told["from"], told["to"]) == ("2024-01-03T06:00:00+00:00", to)


def test_a_replay_of_the_shipped_model_in_words(market):
    """Without times: up to the newest candle; the table names the model, each coin and what the weight is and why."""
    told = run("--candles", market, "--every", "300")
    assert told.startswith("chronos-2-small, 2023-12-05 16:00 to 2024-01-04 16:00 UTC")
    assert all(pair.coin in told for pair in PAIRS)
    assert "Weight 0 of 0.25: " in told
    assert "1000 are needed" in " ".join(told.split())
    assert "\x1b" not in told


def test_the_ledger_of_a_desk(monkeypatch):
    """Without candles the desk's own past is shown: what was settled in the last 30 days by its clock."""
    log, made = ledger(), forecasts(40, 0.5, pairs=("btc_usdt",))
    for one in made:
        log.put(one)
        log.settle(one, one.outcome, one.ends_at)
    now = made[9].at + timedelta(days=30)
    desk = SimpleNamespace(pairs=PAIRS, strategy=Strategy(), forecasts=log, clock=SimpleNamespace(now=lambda: now))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # the desk below stands where it points
    monkeypatch.setattr("blocks.desk.inspect_desk", lambda name: desk if name == "embedded" else None)
    told = json.loads(run("--desk", "embedded", "--json"))
    assert [(row["pair"], row["model"], row["forecasts"]) for row in told["rows"]] == [("btc_usdt", "made", 31)]
    assert "No forecast from 2023-01-01 00:00 to 2023-01-31 00:00 UTC" in run(
        "--desk", "embedded", "--to", "2023-01-31"
    )


def test_input_that_cannot_be_used(market, tmp_path):
    """A folder, a span and a model that are not there are said in one line each."""
    for words, said in (
        (("--candles", tmp_path / "none"), "candle folder .* does not exist"),
        (("--candles", market, "--from", "2024-01-04", "--to", "2024-01-03"), "is no replay of 5-minute candles"),
        (("--candles", market, "--model", tmp_path / "none.onnx"), "none.onnx"),
        (("--candles", market, "--from", "then"), "'then' is not a time"),
    ):
        with pytest.raises(BadInput, match=said) as error:
            run(*words)
        assert "\n" not in str(error.value)
