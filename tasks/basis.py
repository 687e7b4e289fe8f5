"""The task of ``analyze`` that compares the two venues' prices."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from prefect import task

from blocks.desk import open_desk
from tasks.lines import say
from tasks.policies import ASK
from trading.basis import Basis
from trading.services import basis as verbs


@task(task_run_name="basis", **ASK)
def basis(desk: str, at: datetime) -> Mapping[str, Basis]:
    """The premium of the trading venue on every pair of the desk, and which pairs it bars from being entered."""
    room = open_desk(desk)
    found = verbs.measure(room.pairs, at, room.exchange, room.candles, room.readings, room.strategy)
    for key, one in found.items():
        say(f"{key}: {one.why}{', no entry' if one.barred else ''}", logging.WARNING if one.barred else logging.INFO)
    return found
