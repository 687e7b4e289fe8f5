"""Task of ``analyze`` between deciding and booking: no order exists without the record of where it came from."""

from __future__ import annotations

import os
from datetime import datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from prefect.assets import materialize
from prefect.runtime import flow_run

from blocks.desk import open_desk
from tasks.assets import RECORDS, made
from tasks.policies import WRITE
from trading.limits import breakers
from trading.lineage.record import Inputs, Origin
from trading.scoring import Decision
from trading.services import calibrate, lineage
from trading.services.books import equity_of
from trading.services.seen import Seen

CODE_VERSION = "TRADER_CODE_VERSION"
"""Environment variable with the commit that is deployed; whoever builds the image sets it. Git is not run."""


HEAD = Path(__file__).resolve().parent.parent / ".git" / "HEAD"


@lru_cache(maxsize=1)
def _version() -> str:
    return version("crypto-trader")


def commit() -> str:
    """The commit that runs: as the image says, or the one that a checkout stands on; empty where nobody says it."""
    if told := os.environ.get(CODE_VERSION):
        return told
    try:
        head = HEAD.read_text().strip()
        named = HEAD.parent / head.removeprefix("ref: ")
        return named.read_text().strip() if head.startswith("ref: ") else head
    except OSError:  # no checkout, or its branches are packed
        return ""


@materialize(RECORDS, task_run_name="trace", **WRITE)
def trace_decision(desk: str, at: datetime, trigger: str, seen: Seen, decision: Decision) -> str:
    """Chain the record of a decision; its id, which the intents and the signal rows then carry."""
    room = open_desk(desk)
    keys = {pair.key: pair for pair in room.pairs}
    inputs = Inputs(
        seen.looks,
        seen.mood,
        calibrate.weight_of(seen.weighed, room.strategy),
        seen.books,
        seen.gate,
        seen.basis,
        breakers(seen.books.closed, at, equity_of(seen.books), room.strategy),
        lineage.readings_seen(seen.looks, keys, at, room.readings, room.news, room.strategy),
        lineage.context_seen(seen.mood, at, room.readings, room.strategy),
    )
    origin = Origin(room.name, trigger, _version(), commit(), flow_run.id or "")
    link = lineage.trace(origin, at, inputs, decision, room.lineage, room.strategy)
    made(RECORDS, desk=desk, record_id=link.record_id, sha256=link.sha256)
    return link.record_id
