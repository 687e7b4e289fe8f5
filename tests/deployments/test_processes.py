"""Programs that we started end when we ask, in their own time."""

from __future__ import annotations

import time
from pathlib import Path

from deployments.processes import Child, stop_all

WORKER = """
import signal, sys, time
asked = []
def ask(*_):
    asked.append(1)
    if len(asked) > 1: sys.exit(9)
signal.signal(signal.SIGTERM, ask)
print("ready", flush=True)
while not asked: time.sleep(0.05)
time.sleep(1)
"""
"""Like a Prefect worker: after the first SIGTERM it waits for its runs, after a second one it kills them."""


def started(tmp_path: Path) -> Child:
    """Such a worker, running."""
    child = Child("worker", ["-c", WORKER], None, tmp_path / "worker.log")
    child.start()
    while "ready" not in child.log.read_text():
        time.sleep(0.05)
    return child


def test_a_worker_is_asked_once_and_its_runs_may_end(tmp_path: Path) -> None:
    """Stopping all sends one SIGTERM and waits: what is under way is not killed by impatience."""
    child = started(tmp_path)
    stop_all([child])
    assert child.process is not None
    assert child.process.returncode == 0


def test_who_does_not_end_in_time_is_ended(tmp_path: Path) -> None:
    """Patience has a limit, which the caller says."""
    child = started(tmp_path)
    child.stop(limit_s=0.2)
    assert child.process is not None
    assert child.process.returncode == -9
