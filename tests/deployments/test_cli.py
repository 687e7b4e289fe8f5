"""What ``trader`` does with what it is given: one clear line and exit 1 for bad input, 2 for wrong usage."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from deployments.cli import main
from simulator.generated import write_market
from simulator.shapes import LIVELY
from trading.candles import candle_file
from trading.pairs import parse_pairs

START = datetime(2024, 1, 3, tzinfo=UTC)
AT = (START + timedelta(hours=40)).isoformat()
SYMBOLS = [pair.binance for pair in parse_pairs(None)]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market")
    write_market(folder, SYMBOLS, int(START.timestamp() * 1000), 500, 7, LIVELY)
    return folder


@pytest.fixture
def trader(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Run the program in this process; its exit code, stdout and stderr."""
    monkeypatch.setenv("TRADER_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)  # other tests' stand-in is not ours

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["trader", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return run


def one_line(err: str) -> str:
    lines = err.strip().splitlines()
    assert len(lines) == 1, err
    return lines[0]


def test_score_gives_every_pair_its_indicators(trader, market: Path) -> None:
    """``score --json`` is one object with all six pairs, a bounded score and the contract's indicator names."""
    code, out, _ = trader("score", "--candles", market, "--at", AT, "--json")
    told = json.loads(out)
    names = {"rsi", "macd", "macd_signal", "macd_histogram", "macd_histogram_slope", "sma_20", "sma_200", "bb_upper"}
    names |= {"bb_lower", "bb_width", "adx", "atr", "atr_percent", "volume_multiplier"}
    assert code == 0
    assert set(told["pairs"]) == {pair.key for pair in parse_pairs(None)}
    for row in told["pairs"].values():
        assert set(row["indicators"]) == names
        assert -1 <= row["technical_score"] <= 1
        assert row["candles"] == 336


def test_a_time_without_a_zone_is_utc(trader, market: Path) -> None:
    """``--at 2024-01-04T16:00`` and the same with Z are the same moment."""
    bare = trader("score", "--candles", market, "--at", "2024-01-04T16:00:00", "--json")
    zoned = trader("score", "--candles", market, "--at", "2024-01-04T16:00:00Z", "--json")
    assert bare == zoned


def test_too_few_candles_sit_out_and_are_named(trader, market: Path) -> None:
    """Before 50 candles closed a pair has no score, and the answer says so instead of inventing one."""
    code, out, _ = trader("score", "--candles", market, "--at", (START + timedelta(hours=2)).isoformat(), "--json")
    rows = json.loads(out)["pairs"].values()
    assert code == 0
    assert all(row["technical_score"] is None and row["regime"] == "insufficient data" for row in rows)


def spoilt(folder: Path, market: Path, how: str) -> Path:
    """A copy of the market whose Bitcoin file has one fault."""
    for symbol in SYMBOLS:
        candle_file(folder, symbol).write_bytes(candle_file(market, symbol).read_bytes())
    path = candle_file(folder, "BTCUSDT")
    frame = pd.read_parquet(path)
    if how == "missing":
        path.unlink()
    elif how == "corrupt":
        path.write_bytes(b"not parquet")
    else:
        faults = {
            "empty": frame.iloc[:0],
            "unordered": frame.iloc[::-1],
            "duplicate": pd.concat([frame.iloc[:10], frame.iloc[9:]]),
            "wrong column": frame.rename(columns={"close": "last"}),
        }
        faults[how].to_parquet(path, index=False)
    return folder


@pytest.mark.parametrize("how", ["missing", "corrupt", "empty", "unordered", "duplicate", "wrong column"])
@pytest.mark.parametrize("command", ["score", "demo"])
def test_a_bad_candle_file_is_one_line_that_names_it(
    trader, market: Path, tmp_path: Path, how: str, command: str
) -> None:
    """A bad candle file ends a command before anything starts: exit 1, one line with the file's name."""
    words = ("score", "--at", AT) if command == "score" else ("demo",)
    code, out, err = trader(*words, "--candles", spoilt(tmp_path, market, how))
    assert (code, out) == (1, "")
    assert "BTCUSDT-5m.parquet" in one_line(err)


@pytest.mark.parametrize("config", ["", "{}", "nonsense", '{"btc_usdt": {"binance": "BTCUSDT"}}', "[1]"])
def test_a_bad_pairs_config_is_one_line(trader, market: Path, monkeypatch: pytest.MonkeyPatch, config: str) -> None:
    """A broken or empty TRADING_PAIRS_CONFIG ends every command that needs pairs: exit 1, one line that names it."""
    monkeypatch.setenv("TRADING_PAIRS_CONFIG", config)
    for words in (("score", "--candles", market, "--at", AT), ("demo",), ("simulator",)):
        code, out, err = trader(*words)
        assert (code, out) == (1, "")
        assert "TRADING_PAIRS_CONFIG" in one_line(err)


def test_wrong_usage_is_exit_2(trader) -> None:
    """A command that does not exist and an option without its value are usage errors."""
    assert trader("nonsense")[0] == 2
    assert trader("score")[0] == 2


@pytest.mark.parametrize("words", [("status",), ("positions",), ("kill-switch", "show"), ("init",)])
def test_a_desk_that_does_not_run_is_said_so(trader, words: tuple[str, ...]) -> None:
    """Without an embedded world a command that looks at the desk says how to start one."""
    code, out, err = trader(*words)
    assert (code, out) == (1, "")
    assert "trader demo --hold" in one_line(err)


def test_a_desk_that_is_none_is_a_mistake_and_no_alarm(trader, monkeypatch: pytest.MonkeyPatch) -> None:
    """A typo in the watchdog's desk is one line for the person who typed it; nobody is told."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("deployments.watchdog.SoughtAlerts", lambda _: pytest.fail("people were told"))
    code, out, err = trader("watchdog", "--once", "--desk", "nope")
    assert (code, out) == (1, "")
    assert "unknown desk 'nope'" in one_line(err)


@pytest.mark.parametrize("words", [("status",), ("init",), ("run", "analyze")])
def test_an_aws_endpoint_that_is_not_there_is_one_line(trader, monkeypatch: pytest.MonkeyPatch, words: tuple) -> None:
    """An endpoint where nobody listens ends a command with exit 1 and its address, before a flow starts."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("TRADER_COINCHECK_ACCESS_KEY", "key")
    monkeypatch.setenv("TRADER_COINCHECK_SECRET_KEY", "secret")
    code, out, err = trader(*words)
    assert (code, out) == (1, "")
    assert "127.0.0.1:9" in one_line(err)


@pytest.mark.parametrize("params", ["nonsense", "[1]", '{"nope": 1}', '{"at": "yesterday"}'])
def test_bad_flow_parameters_are_one_line(trader, monkeypatch: pytest.MonkeyPatch, params: str) -> None:
    """Parameters that are not JSON, not an object, unknown or of a wrong type end before anything is started."""
    code, out, err = trader("run", "analyze", "--params", params)
    assert (code, out) == (1, "")
    assert "param" in one_line(err)


def test_a_desk_that_is_unknown_says_so(trader) -> None:
    """It is refused by name with the desks there are; nothing falls back to another one."""
    code, out, err = trader("status", "--desk", "nonsense")
    assert (code, out) == (1, "")
    assert "embedded, paper and live" in one_line(err)


def test_the_live_desk_says_what_it_needs(trader) -> None:
    """Without the phrase no flow runs on it, and the line says which variable to set to which words."""
    code, out, err = trader("run", "execute_orders", "--desk", "live")
    assert (code, out) == (1, "")
    assert "TRADER_LIVE=I-accept-real-orders" in one_line(err)


def test_decide_answers_in_the_contracts_shape(trader, tmp_path: Path) -> None:
    """``decide --json`` gives thresholds, the ranking with weights and components, and a decision with reasons."""
    scores = {"technical_score": 0.9, "forecast_score": 0.5, "forecast_confidence": 0.6, "sentiment_score": 0.2}
    shape = {"bb_width": 0.02, "macd_histogram": 1.0, "macd_histogram_slope": 0.1}
    state = {"now": "2024-01-03T12:10:00Z", "pairs": {"btc_usdt": scores | shape}, "context": None, "positions": []}
    file = tmp_path / "state.json"
    file.write_text(json.dumps(state))
    code, out, _ = trader("decide", "--state", file, "--json")
    told = json.loads(out)
    assert code == 0
    assert {"buy_threshold", "sell_threshold", "ranking", "decision"} <= set(told)
    assert told["decision"]["action"] == "BUY"
    assert told["decision"]["pairs"] == ["btc_usdt"]
    assert {"pair", "score", "weights", "components"} <= set(told["ranking"][0])


def test_the_ui_of_a_demo_that_never_ran_is_said_so(trader, tmp_path: Path) -> None:
    """``trader ui`` on a directory without runs says which option names the right one."""
    code, out, err = trader("ui", "--state", tmp_path)
    assert (code, out) == (1, "")
    assert "trader ui --state DIR" in one_line(err)


@pytest.mark.parametrize("command", ["demo", "up", "init"])
def test_a_broken_strategy_ends_a_command_before_anything_starts(
    trader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """A strategy file with an unknown key is one line, and no state directory is made."""
    file = tmp_path / "strategy.json"
    file.write_text('{"nope": 1}')
    monkeypatch.setenv("TRADER_STRATEGY", str(file))
    monkeypatch.setattr("deployments.up.run.started", lambda *_: pytest.fail("up started"))
    where = () if command == "init" else ("--state", tmp_path / "state")
    code, out, err = trader(command, *where)
    assert (code, out) == (1, "")
    assert "nope" in one_line(err)
    assert not (tmp_path / "state").exists()
