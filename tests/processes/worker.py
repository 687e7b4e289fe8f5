"""One process that runs a flow again and again until it is killed: an executor, or the reconciler.

The flows and tasks are the real ones, without Prefect's engine (tests/simulation/engineless.py), which would need a
server and seconds for each round. Processes are forked from a server that has everything loaded already.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

from adapters.aws import open_aws
from adapters.coincheck import CoincheckExchange
from adapters.notices import LoggedAlerts
from adapters.sqs import SqsOrderQueue
from blocks import desk as desks
from blocks.desk import Desk, desk_names, inspect_desk
from blocks.settings import load_settings
from flows.execute_orders import execute_orders
from flows.reconcile import reconcile
from tests.simulation.engineless import without_engine
from trading.tables import ORDER_REQUESTS

DESK = "embedded"
VISIBILITY_S = 3
QUICKER = 10
"""By how much the pauses of a task's retries are shortened."""
FLOWS: dict[str, tuple[Callable[..., object], float]] = {
    "execute": (execute_orders, 0.05),
    "reconcile": (reconcile, 5.0),
}
"""What a worker runs, and how many seconds it rests after each round."""

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


def started(verb: str, env: Mapping[str, str], log: Path) -> BaseProcess:
    """A new process that runs the flow of ``verb`` until it is killed, or until we are gone."""
    process = _processes.Process(target=_work, args=(verb, dict(env), log), daemon=True)
    process.start()
    return process


def open_quick_desk() -> Desk:
    """The embedded desk as the settings make it, but with messages that come again soon and no pace of our own."""
    settings, aws, desk = load_settings(), open_aws(), inspect_desk(DESK)
    queue = SqsOrderQueue(desk_names(DESK, settings), aws, queue=replace(ORDER_REQUESTS, visibility_s=VISIBILITY_S))
    keys = desks._credentials(settings)
    venue = CoincheckExchange(settings.coincheck_url, keys, desk.pairs, orders_per_s=None, details_per_s=None)
    return replace(desk, queue=queue, exchange=venue, alerts=LoggedAlerts())


def _work(verb: str, env: Mapping[str, str], log: Path) -> None:
    os.environ.update(env)
    desk, parent = open_quick_desk(), os.getppid()
    flow, rest_s = FLOWS[verb]
    with log.open("a") as told, without_engine(lambda: desk, lambda pause_s: time.sleep(pause_s / QUICKER)):
        while os.getppid() == parent:
            try:
                flow(desk=DESK)
            except Exception as error:  # noqa: BLE001 (a failed run; the next one goes on from the books)
                told.write(f"{type(error).__name__}: {error}\n".replace("; ", "\n"))
                told.flush()
            time.sleep(rest_s)
