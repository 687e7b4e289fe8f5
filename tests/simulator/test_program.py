"""The simulator as a program."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from simulator.main import from_options
from simulator.shapes import CALM
from tests.simulator.visitor import Worlds
from trading.errors import BadInput


def start(root: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "simulator", *options]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_program_says_where_it_is_and_ends_when_told(root: Path, told: signal.Signals) -> None:
    """One JSON line with the URL and the time when it answers, exit code 0 and silence when it is stopped."""
    program = start(root, "--speed", "0", "--start", "2026-01-05T00:00:00Z", "--seed", "7")
    assert program.stdout is not None
    ready = json.loads(program.stdout.readline())
    assert ready["now"] == "2026-01-05T00:00:00.000Z"
    assert httpx.get(ready["url"] + "/_health").json()["now"] == ready["now"]
    program.send_signal(told)
    out, err = program.communicate(timeout=20)
    assert (program.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--candles", "/no/such/folder"), "does not exist"),
        (("--start", "soon"), "not a time"),
        (("--speed", "-1"), "speed"),
        (("--usdjpy", "0"), "zero"),
    ],
)
def test_program_that_cannot_run_says_why(root: Path, options: tuple[str, ...], word: str) -> None:
    """Exit code 1 and one line on stderr."""
    program = start(root, *options)
    out, err = program.communicate(timeout=20)
    assert (program.returncode, out, err.count("\n")) == (1, "", 1)
    assert word in err


def test_port_in_use_is_a_clear_error(root: Path) -> None:
    """A port that somebody has is named, with what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        program = start(root, "--port", str(port))
        _, err = program.communicate(timeout=20)
    assert (program.returncode, f"port {port}" in err, err.count("\n")) == (1, True, 1)


def test_world_listens_on_the_loopback_interface_only(world: Worlds) -> None:
    """Another address of this machine is refused."""
    port = int(world().url.rsplit(":", 1)[1])
    with socket.socket() as other, pytest.raises(OSError, match="refused"):
        other.connect(("127.0.0.2", port))


def test_options_become_a_configuration() -> None:
    """What is not given keeps its default; what is given is checked."""
    config = from_options(shape="calm", jpy="250000", start="2026-01-05", history=None, seed=3)
    assert (config.shape, str(config.jpy), config.history, config.seed) == (CALM, "250000", 500, 3)
    for wrong in ({"shape": "wild"}, {"jpy": "much"}, {"jpy": "-1"}, {"spread_pct": "NaN"}, {"fear_greed": 101}):
        with pytest.raises(BadInput):
            from_options(**wrong)
