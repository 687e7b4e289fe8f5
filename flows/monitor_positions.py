"""Watch what is held: raise stops, book exits."""

from __future__ import annotations

from datetime import datetime

from prefect import flow, unmapped

from blocks.desk import DeskName
from flows.lateness import CATCHING_UP
from flows.outcomes import SIX_THREADS, fail_if_any, outcomes_of, pair_keys, run_name
from tasks.artifacts import show_moved
from tasks.collect import market_time
from tasks.monitor import beat, guard_position, moved, open_positions, watch_position
from tasks.notify import queue_order, tell
from trading.position import PositionStatus
from trading.services.monitor import Watched, notices_of


@flow(name="monitor_positions", flow_run_name=run_name("monitor"), task_runner=SIX_THREADS, on_running=CATCHING_UP)
def monitor_positions(desk: DeskName = "embedded", at: datetime | None = None) -> list[Watched]:
    """Look at every open position at the venue's own price; an exit goes the same booked way as an entry.

    Args:
        desk: who holds them: embedded (the stand-in), paper (real market, play money) or live (real money).
        at: the market's time (UTC unless it has a zone); now when left out. A time to come counts as now.
    """
    pair_keys(desk)
    moment = market_time(desk, at)
    positions = open_positions(desk)
    looks = outcomes_of(
        [position.position_id for position in positions],
        watch_position.map(unmapped(desk), positions, unmapped(moment)),
    )
    seen = list(looks.values.values())
    for exit_ in (look.exit for look in seen if look.exit is not None):
        queue_order(desk, exit_.trade_id, {"decision_id": exit_.decision_id})
    held = [look.position for look in seen if look.exit is None and look.position.status is PositionStatus.OPEN]
    guarded = outcomes_of(
        [position.position_id for position in held], guard_position.map(unmapped(desk), held, unmapped(moment))
    )
    if notices := notices_of(seen, moment):
        tell(desk, notices)
    if not looks.errors:
        beat(desk, len(positions))
    if changed := moved(positions, seen):
        show_moved(desk, changed, moment)
    fail_if_any({**looks.errors, **guarded.errors})
    return seen
