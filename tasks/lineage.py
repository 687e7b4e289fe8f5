"""Task of ``analyze`` between deciding and booking: no order exists without the record of where it came from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from prefect import task
from prefect.runtime import flow_run

from blocks.desk import open_desk
from tasks.policies import WRITE
from trading.calibration.weight import EarnedWeight
from trading.limits import breakers
from trading.lineage.record import Inputs, Origin
from trading.scoring import Decision
from trading.services import calibrate, lineage
from trading.services.books import Books, equity_of
from trading.services.looks import Look, Outcomes
from trading.services.quality import Gate
from trading.signals.context import ContextSignal

CODE_VERSION = "TRADER_CODE_VERSION"
"""Environment variable with the commit that is deployed; whoever builds the image sets it. Git is not asked."""


@lru_cache(maxsize=1)
def _version() -> str:
    return version("crypto-trader")


@task(task_run_name="trace", **WRITE)
def trace_decision(  # noqa: PLR0913 (each is a fact of its own)
    desk: str,
    at: datetime,
    trigger: str,
    gate: Gate | None,
    looks: list[Look],
    mood: ContextSignal,
    weighed: Outcomes[EarnedWeight],
    basis: Mapping[str, Any],
    account: Books,
    decision: Decision,
) -> str:
    """Chain the record of a decision; its id, which the intents and the signal rows then carry."""
    room = open_desk(desk)
    keys = {pair.key: pair for pair in room.pairs}
    seen = Inputs(
        looks,
        mood,
        calibrate.weight_of(weighed, room.strategy),
        account,
        gate,
        basis,
        breakers(account.closed, at, equity_of(account), room.strategy),
        lineage.readings_seen(looks, keys, at, room.readings, room.news, room.strategy),
        lineage.context_seen(mood, at, room.readings, room.strategy),
    )
    origin = Origin(room.name, trigger, _version(), os.environ.get(CODE_VERSION, ""), flow_run.id or "")
    return lineage.trace(origin, at, seen, decision, room.lineage, room.strategy).record_id
