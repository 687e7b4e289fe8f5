"""Tasks of ``monitor_positions``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from prefect import task

from blocks.desk import open_desk
from tasks.policies import ASK, WRITE
from trading.ports.heartbeats import Heartbeat
from trading.position import Position
from trading.services import monitor
from trading.services.monitor import Watched


@task(task_run_name="open-positions", **ASK)
def open_positions(desk: str) -> list[Position]:
    """Everything that is held, through the sparse index."""
    return open_desk(desk).ledger.open_positions()


@task(task_run_name="watch-{position.pair} {at:%m-%d %H:%M}", **ASK)
def watch_position(desk: str, position: Position, at: datetime) -> Watched:
    """Look at one position: raise its stop, book its exit."""
    room = open_desk(desk)
    return monitor.look_at(position, at, room.ledger, room.exchange, room.strategy)


@task(task_run_name="guard-{position.pair} {at:%m-%d %H:%M}", **WRITE)
def guard_position(desk: str, position: Position, at: datetime) -> None:
    """Keep the stop that rests at the venue in step with the book, where the desk has one."""
    open_desk(desk).guard(position.position_id, at)


@task(task_run_name="heartbeat", **WRITE)
def beat(desk: str, positions: int) -> None:
    """Leave a sign of life: all that is held was looked at. The watchdog alarms when it stays away."""
    room = open_desk(desk)
    at = room.clock.now()
    room.heartbeats.beat(Heartbeat(at, positions))
    room.metrics.count("Heartbeat", 1, at)


def moved(before: Sequence[Position], seen: Sequence[Watched]) -> list[Watched]:
    """The looks after which something is different: another stop, or an exit under way."""
    stops = {position.position_id: position.stop_loss for position in before}
    return [look for look in seen if look.exit or look.position.stop_loss != stops[look.position.position_id]]
