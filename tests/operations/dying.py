"""Killing what runs, for real: the process of a flow run and the worker above it; and runs that were missed."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Scheduled

from tests.operations.conftest import Operated

LIMIT_S = 240
"""How long a test waits for something that takes seconds on a machine of its own."""


def until[T](found: Callable[[], T | None], limit_s: float = LIMIT_S) -> T:
    """What is found at last."""
    deadline = time.monotonic() + limit_s
    while (value := found()) is None:
        assert time.monotonic() < deadline, f"not found in {limit_s} s"
        time.sleep(0.5)
    return value


def asked(operated: Operated, flow: str, at: datetime | None = None, **given: Any) -> UUID:
    """One run of a deployed flow, due now or at a time that is past."""
    with operated.client() as client:
        deployment = client.read_deployment_by_name(f"{flow}/trader")
        state = Scheduled(scheduled_time=at) if at else None
        return client.create_flow_run_from_deployment(deployment.id, parameters=given, state=state).id


def seen(operated: Operated, run_id: UUID) -> FlowRun:
    """A run as the server has it."""
    with operated.client() as client:
        return client.read_flow_run(run_id)


def ended(operated: Operated, run_id: UUID) -> str | None:
    """How a run ended, if it has."""
    state = seen(operated, run_id).state
    return state.name if state is not None and state.is_final() else None


def process_of(operated: Operated, run_id: UUID, states: Collection[StateType]) -> int | None:
    """The process of a run that is in one of these states."""
    state = seen(operated, run_id).state
    mark = f"PREFECT__FLOW_RUN_ID={run_id}".encode()
    for entry in Path("/proc").glob("[0-9]*") if state is not None and state.type in states else ():
        with suppress(OSError):
            if mark in (entry / "environ").read_bytes() and b"prefect.engine" in (entry / "cmdline").read_bytes():
                return int(entry.name)
    return None


def frozen(operated: Operated, run_ids: Sequence[UUID]) -> None:
    """Stop the processes of these runs as soon as they have begun, so that they are in the middle when they die."""
    for run_id in run_ids:
        os.kill(until(lambda run_id=run_id: process_of(operated, run_id, (StateType.RUNNING,))), signal.SIGSTOP)


def killed_with_all_workers(operated: Operated, run_ids: Sequence[UUID], *states: StateType) -> None:
    """Wait until all these have begun; then SIGKILL every worker and the processes of these runs, as a machine dies.

    states: those that a run may be in when it dies, where it need not have begun.
    """
    wanted = states or (StateType.RUNNING,)
    processes = [until(lambda run_id=run_id: process_of(operated, run_id, wanted)) for run_id in run_ids]
    workers = [one.process.pid for one in operated.workers if one.process is not None and one.process.poll() is None]
    for one in (*workers, *processes):
        os.kill(one, signal.SIGKILL)


def all_ended(operated: Operated, run_ids: Sequence[UUID]) -> list[str]:
    """How these runs ended, once all have."""
    return [until(lambda run_id=run_id: ended(operated, run_id)) for run_id in run_ids]


def missed(operated: Operated, flow: str, minutes: list[int]) -> dict[UUID, int]:
    """Runs that a schedule made for so many minutes ago, while the pool's workers were away: id -> minutes late.

    Prefect lets nobody else make such runs; the mark that a schedule made them is set in the server's own table.
    """
    now = datetime.now(UTC)
    runs = {asked(operated, flow, now - timedelta(minutes=one), desk="embedded"): one for one in minutes}
    with closing(sqlite3.connect(operated.world.state / "prefect" / "prefect.db", timeout=60)) as tables, tables:
        for run_id in runs:
            tables.execute("UPDATE flow_run SET auto_scheduled = 1 WHERE id = ?", (str(run_id),))
    return runs
