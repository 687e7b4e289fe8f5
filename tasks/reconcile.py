"""Tasks of ``reconcile``."""

from __future__ import annotations

from datetime import datetime

from prefect import task

from blocks.desk import open_desk
from tasks.policies import ASK
from trading.order import Trade
from trading.reconciliation import Reconciliation
from trading.services import reconcile, sweep


@task(task_run_name="sweep", **ASK)
def forgotten_trades(desk: str, at: datetime) -> list[Trade]:
    """Trades under way of which nobody speaks any more."""
    room = open_desk(desk)
    return sweep.forgotten(room.ledger.pending_trades(), at, room.strategy)


@task(task_run_name="compare", **ASK)
def compare(desk: str, at: datetime) -> Reconciliation:
    """Book against venue; what came of it is in the books."""
    room = open_desk(desk)
    return reconcile.reconcile(at, room.pairs, room.ledger, room.exchange, room.strategy)
