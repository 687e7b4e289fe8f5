"""A venue that refuses us, and a person who stops us: one clear line, nothing half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from blocks.desk import Desk, open_desk
from deployments.cli import main
from deployments.embedded import World
from flows.analyze import analyze
from flows.collect_prices import collect_prices
from tests.flows.runs import number_of_runs
from trading.errors import Halt

STARTED_LIMIT_S = 60


def test_a_venue_that_refuses_the_key_books_nothing(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a wrong secret the analysis fails with Halt, no signal and no intent is written, and the program says so."""
    at = world.now()
    collect_prices(desk="embedded", at=at)
    monkeypatch.setenv("TRADER_COINCHECK_SECRET_KEY", "not-the-secret")
    later = at + timedelta(seconds=1)
    with pytest.raises(Halt, match="key"):
        analyze(desk="embedded", at=later, with_orders=True)
    room = open_desk("embedded")
    assert room.ledger.pending_trades() == []
    assert room.ledger.signals_of("btc_usdt", later, later) == []

    monkeypatch.setattr(sys, "argv", ["trader", "status"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (1, "")
    assert "TRADER_COINCHECK" in told.err.strip().splitlines()[-1] or "key" in told.err.strip().splitlines()[-1]
    assert "not-the-secret" not in told.err


def processes_of(state: Path) -> list[int]:
    """The processes that were started for an embedded world in this directory."""
    mark = f"PREFECT_HOME={state / 'prefect'}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:  # it ended meanwhile, or is not ours to look at
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc: Linux only")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopping_the_demo_leaves_nothing_running(tmp_path: Path, how: signal.Signals) -> None:
    """Ctrl-C and a polite kill end the demo with one line and exit 1; even a hard kill leaves no server behind."""
    state = tmp_path / "demo"
    argv = [sys.executable, "-m", "deployments.cli", "demo", "--state", str(state)]
    demo = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {})
    waited_until = time.monotonic() + STARTED_LIMIT_S
    while len(processes_of(state)) < 3 and time.monotonic() < waited_until:
        time.sleep(0.2)
    assert len(processes_of(state)) >= 3
    demo.send_signal(how)
    _, err = demo.communicate(timeout=60)
    if how is not signal.SIGKILL:
        assert demo.returncode == 1
        assert [line for line in err.splitlines() if line.startswith("trader: stopped")]
    while processes_of(state) and time.monotonic() < waited_until + STARTED_LIMIT_S:
        time.sleep(0.2)
    assert processes_of(state) == []


def test_a_run_from_another_terminal_is_seen_on_the_running_worlds_server(world: World, desk: Desk) -> None:
    """``trader run`` finds the world in the state directory, and its flow run stands on that world's Prefect server."""
    ours = {name for name in os.environ if name.startswith(("AWS_", "PREFECT_", "TRADER_"))} - {"TRADER_PREFIX"}
    env = {name: value for name, value in os.environ.items() if name not in ours}
    argv = [sys.executable, "-m", "deployments.cli", "run", "monitor_positions", "--json"]
    before = number_of_runs("monitor_positions")
    done = subprocess.run(
        argv, env=env | {"TRADER_STATE": str(world.state)}, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert number_of_runs("monitor_positions") == before + 1
