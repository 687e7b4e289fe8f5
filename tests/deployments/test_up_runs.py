"""``trader up`` as a whole, with small programs in the places of the large ones."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deployments.processes import Child, free_port
from deployments.up import run
from deployments.up.parts import Options, Parts
from deployments.up.place import MARK, Place
from trading.errors import Halt

SLEEP = ["-c", "import time; print('here', flush=True); time.sleep(60)"]


def small(first: str) -> tuple[dict[str, Child], Callable[[Options, Place], Parts]]:
    """A server that answers, a program that ends by itself, a worker."""
    made: dict[str, Child] = {}

    def parts(options: Options, place: Place) -> Parts:
        env, port = {MARK: place.mark}, free_port()
        argv = {
            "server": ["-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(place.logs)],
            "first": ["-c", first],
            "worker": SLEEP,
        }
        url = {"server": f"http://127.0.0.1:{port}/"}
        made.update({name: Child(name, words, url.get(name), place.logs / name, env) for name, words in argv.items()})
        return Parts(env, (made["server"],), (made["first"],), (made["worker"],), "http://none/api", own_server=False)

    return made, parts


def options(state: Path) -> Options:
    return Options("paper", replay=True, port=1, state=state)


def test_what_dies_is_started_again_and_everything_ends_in_the_end(tmp_path, monkeypatch) -> None:
    """A killed worker comes back; on the way out nothing of it runs on."""
    made, parts = small("pass")
    monkeypatch.setattr(run, "parts", parts)
    monkeypatch.setattr(run, "ASK_PAUSE_S", 0)  # nobody answers at its address
    said: list[str] = []
    with run.started(options(tmp_path), said.append) as up:
        assert not made["server"].ended()
        first = made["worker"].process.pid
        os.kill(first, signal.SIGKILL)
        while up.keeping.restarts == 0:
            up.keeping.look()
            time.sleep(0.02)
        assert made["worker"].process.pid != first
        assert not made["worker"].ended()
    assert all(child.ended() for child in made.values())
    assert any(line.startswith("the worker ended") for line in said)


def test_a_start_that_fails_says_why_and_leaves_nothing_running(tmp_path, monkeypatch) -> None:
    """The last words of what failed are the message; the workers never start, the servers end."""
    made, parts = small("import sys; print('no such table'); sys.exit(3)")
    monkeypatch.setattr(run, "parts", parts)
    with pytest.raises(Halt, match="first did not end well: no such table"), run.started(options(tmp_path), print):
        pytest.fail("it started all the same")
    assert made["worker"].process is None
    assert made["server"].ended()
