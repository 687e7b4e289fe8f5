"""``trader forecast``: the shipped model over recorded candles, as a table, as JSON and as a picture."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from deployments.cli import app
from trading.errors import BadInput, InsufficientData
from trading.signals.forecast import signed

AT = "2024-04-14T00:00"


@pytest.fixture
def candles(market_data: Path) -> Path:
    return market_data / "candles-2024"


def asked(candles: Path, *words: str, at: str = AT) -> Result:
    return CliRunner().invoke(app, ["forecast", "--candles", str(candles), "--at", at, *words], catch_exceptions=False)


def test_every_pair_has_sorted_quantiles_around_its_price(candles: Path) -> None:
    """Twelve steps of three quantiles in rising order, by the shipped model, for all six pairs."""
    pairs = json.loads(asked(candles, "--json").stdout)["pairs"]
    assert len(pairs) == 6
    for row in pairs.values():
        assert row["model"] == "chronos-2-small"
        steps = list(zip(row["q10"], row["q50"], row["q90"], strict=True))
        assert len(steps) == 12
        assert all(low <= middle <= high for low, middle, high in steps)


def test_the_chart_is_one_page_that_says_how_often_the_band_held(candles: Path, tmp_path: Path) -> None:
    """The file named is written; its first words count the prices that came inside."""
    file = tmp_path / "fan.html"
    assert str(file) in asked(candles, "--chart", str(file), "--pair", "sol_usdt", "--hours", "3").stdout
    page = file.read_text()
    assert "Solana, 14 April 2024 00:00 UTC" in page
    assert "of 36 prices came inside the band" in page


def test_what_comes_later_changes_no_forecast(candles: Path, tmp_path: Path) -> None:
    """From files that end at TIME the answer is the same as from files that go on."""
    for file in candles.glob("*-5m.parquet"):
        frame = pd.read_parquet(file)
        frame[frame["open_time"] < pd.Timestamp(AT, tz="UTC")].to_parquet(tmp_path / file.name)
    assert json.loads(asked(tmp_path, "--json").stdout) == json.loads(asked(candles, "--json").stdout)


def test_what_cannot_be_drawn_or_found_is_said(candles: Path, tmp_path: Path) -> None:
    """Momentum has no fan; an unknown pair and a missing folder are named; too few candles make a pair sit out."""
    chart = ["--chart", str(tmp_path / "fan.html")]
    with pytest.raises(BadInput, match="no fan to draw"):
        asked(candles, "--model", "momentum", *chart)
    with pytest.raises(BadInput, match="unknown pair 'eth'; configured are eth_usdt"):
        asked(candles, "--pair", "eth", *chart)
    with pytest.raises(BadInput, match="does not exist"):
        asked(tmp_path / "nowhere")
    assert "sits out" in asked(candles, at="2024-01-01T01:00").stdout
    with pytest.raises(BadInput, match=r"folder .*nowhere does not exist; --chart writes"):
        asked(candles, "--chart", str(tmp_path / "nowhere" / "fan.html"))
    with pytest.raises(BadInput, match="cannot be written: Is a directory"):
        asked(candles, "--chart", str(tmp_path), "--hours", "1")


def test_candles_that_ended_before_are_no_forecast(candles: Path, tmp_path: Path) -> None:
    """After the candles' end every pair sits out by name; candles as old as a desk allows still count."""
    late = json.loads(asked(candles, "--json", at="2099-01-01").stdout)["pairs"]
    assert len(late) == 6
    assert all(row["missing"].startswith(f"{key}: the last candle before 2099-01-01") for key, row in late.items())
    for file in candles.glob("*-5m.parquet"):
        frame = pd.read_parquet(file)
        frame[frame["open_time"] < pd.Timestamp(AT, tz="UTC")].to_parquet(tmp_path / file.name)
    for at, out in (("2024-04-14T00:10", False), ("2024-04-14T00:10:01", True)):
        assert {"missing" in row for row in json.loads(asked(tmp_path, "--json", at=at).stdout)["pairs"].values()} == {
            out
        }
    with pytest.raises(InsufficientData, match="the last candle before 2099"):
        asked(candles, "--chart", str(tmp_path / "fan.html"), "--pair", "sol_usdt", at="2099-01-01")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("/none/at/all.onnx", "the forecast model /none/at/all.onnx is not there; correct --model"),
        ("s3://bucket", "s3://bucket names no object; --model takes s3://bucket/key"),
    ],
)
def test_a_model_that_is_not_there_is_one_line(candles: Path, model: str, said: str) -> None:
    """A file may be given as the setting takes it, by path or s3 URI; where none is, the option is named."""
    with pytest.raises(BadInput) as error:
        asked(candles, "--model", model)
    assert str(error.value) == said


@given(st.floats(-1, 1))
def test_nothing_is_never_minus_nothing(value: float) -> None:
    """A change that rounds to zero has a plus; every other keeps its own sign and its rounding."""
    text = signed(value, 2)
    assert text == (f"{value:+.2f}" if f"{value:+.2f}" != "-0.00" else "+0.00")
