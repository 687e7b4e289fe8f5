"""A pipeline in operation, once for all tests here: a Prefect server with its services, the world, and deployments.

Every schedule is paused right after deploying: a test starts what it wants to see.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client

from deployments.embedded import MarketOptions, World, _children
from deployments.prefect_runs import pointed_at
from deployments.processes import Child, stop_all

ROOT = Path(__file__).resolve().parents[2]

LIMIT_S = 400
"""Seconds for one command: a hang ends, a slow machine does not."""

LIVELY = {
    # What the embedded world leaves out and an operated one needs, at a pace that a test can wait for.
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "true",
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "3",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS": "1",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_SCHEDULED_TIME": "PT1S",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "true",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "3",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "PT5S",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "true",
    "PREFECT_SERVER_SERVICES_REPOSSESSOR_ENABLED": "true",
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_ENABLED": "true",
    "PREFECT_WORKER_QUERY_SECONDS": "1",
    "PREFECT_WORKER_HEARTBEAT_SECONDS": "5",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO",
    "TRADER_DESK": "embedded",
    "TRADER_QUALITY": "light",
    "TRADER_WORK_POOL": "process",
}


@dataclass
class Operated:
    """A pipeline that people operate: its world, the environment of its commands, and what it started."""

    world: World
    env: dict[str, str]
    children: list[Child]
    workers: list[Child] = field(default_factory=list)

    def command(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command of an operator, ``prefect ...`` or ``trader ...``, in the checkout."""
        program = [str(Path(sys.executable).with_name(argv[0])), *argv[1:]]
        env = {**os.environ, **self.env}
        done = subprocess.run(program, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=LIMIT_S)
        assert not check or done.returncode == 0, f"{' '.join(argv)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done

    def prefect(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """``prefect --no-prompt ...``."""
        return self.command("prefect", "--no-prompt", *argv, check=check)

    def asked(self, *argv: str) -> Any:
        """What ``prefect ... -o json`` answers."""
        return json.loads(self.prefect(*argv, "-o", "json").stdout)

    @contextmanager
    def client(self) -> Iterator[SyncPrefectClient]:
        """Prefect's own client of this server; nothing of this process points there afterwards."""
        with pointed_at(self.env["PREFECT_API_URL"]), get_client(sync_client=True) as client:
            yield client

    def start_worker(self, *options: str) -> Child:
        """One more process worker; it ends with the session at the latest."""
        name = f"worker-{len(self.workers) + 1}"
        argv = ["-m", "prefect", "worker", "start", "--pool", "trader", "--type", "process", "--name", name, *options]
        worker = Child(name, argv, "", self.world.state / "logs" / f"{name}.log", self.env)
        worker.start()
        self.workers.append(worker)
        return worker

    def pause_all(self) -> None:
        """No deployment runs by its schedule any more."""
        with self.client() as client:
            for deployment in client.read_deployments():
                client.pause_deployment(deployment.id)


@pytest.fixture(scope="session")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    """Everything runs and every flow is deployed; no worker yet, and no schedule is active."""
    state = tmp_path_factory.mktemp("operated")
    children, env = _children(state, MarketOptions(candles=None, start=None, seed=1, jpy=100_000))
    env |= LIVELY
    for child in children:
        child.env = env
        child.start()
    running = Operated(World(state, env["TRADER_COINCHECK_URL"].removesuffix("/coincheck"), env), env, children)
    try:
        for child in reversed(children):
            child.wait_ready(LIMIT_S)
        running.command("trader", "init", "--desk", "embedded")
        running.prefect("deploy", "--all")
        running.pause_all()
        yield running
    finally:
        stop_all(running.workers)
        stop_all(children)


@pytest.fixture(scope="session")
def worker(operated: Operated) -> Child:
    """A process worker that takes two runs at a time."""
    return operated.start_worker("--limit", "2")
