"""Queueing and telling: what several flows do at their end."""

from __future__ import annotations

from prefect import task

from blocks.desk import open_desk
from tasks.events import announce
from tasks.policies import THINK, WRITE
from trading.ports import Notice


@task(task_run_name="queue-{trade_id}", **WRITE)
def queue_order(desk: str, trade_id: str, trace: dict[str, str]) -> str:
    """Put one booked trade on the order queue, and say so, for whoever waits to carry it out."""
    open_desk(desk).queue.send(trade_id, trace)
    announce("trader.order.queued", f"trader.order.{trade_id}", {"desk": desk, "trade_id": trade_id, **trace})
    return trade_id


@task(task_run_name="tell", **THINK)
def tell(desk: str, notices: list[Notice]) -> int:
    """Tell people; how many could not be told. Never decides the outcome of a flow (I24)."""
    return open_desk(desk).alerts.tell(notices)
