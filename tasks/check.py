"""Tasks of ``analyze`` before the judges: what may be judged at all."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from prefect import task
from prefect.client.schemas.objects import State
from prefect.states import Completed

from blocks.desk import open_desk
from tasks.lines import say
from tasks.policies import ASK, WRITE
from trading.basis import Basis
from trading.services import quality, quarantine
from trading.services.looks import Outcomes
from trading.services.quality import Checked, Gate

JSON = "application/json"


@task(task_run_name="check-{pair} {at:%m-%d %H:%M}", **ASK)
def check_pair(desk: str, pair: str, at: datetime) -> Checked:
    """One pair's candles as they will be judged: read, repaired from the exchange where they have gaps, checked."""
    room = open_desk(desk)
    checked = quality.check_pair(
        room.pair(pair), at, room.candles, room.market, room.validator, room.strategy, room.memory, room.history
    )
    say(quarantine.line_of(checked), logging.INFO if checked.validation.passed else logging.WARNING)
    return checked


@task(task_run_name="gate", **ASK)
def gate(desk: str, checked: Outcomes[Checked], premiums: Mapping[str, Basis], at: datetime) -> Gate:
    """Which pairs may be judged: each by its own check, against the others, a second venue and the trading venue."""
    room = open_desk(desk)
    pairs = [room.pair(key) for key in (*checked.values, *checked.errors)]
    windows = {pair: room.candles.window(pair, at, room.strategy.candles_window) for pair in pairs}
    found = quality.gate(checked, windows, room.second, at, room.strategy, room.memory, premiums)
    return quality.apart(found, premiums, room.strategy)


@task(task_run_name="quarantine-{pair} {at:%m-%d %H:%M}", **WRITE)
def quarantine_pair(desk: str, pair: str, held: Gate, at: datetime) -> State[None]:
    """A pair sits out: the evidence goes to the archive and is counted; the state of this run says so."""
    room = open_desk(desk)
    one = room.pair(pair)
    window = {one: room.candles.window(one, at, room.strategy.candles_window)}
    alone = replace(held, quarantined={pair: held.quarantined[pair]})
    why = quarantine.why_of(held.quarantined[pair])
    for key, record in quarantine.records_of(alone, window, at).items():
        uri = room.archive.put(quarantine.BUCKET, key, record, JSON)
        say(f"{pair} sits out: {why}; evidence: {uri}", logging.WARNING)
    room.metrics.count(quarantine.METRIC, 1, at, {"pair": pair})  # last: a put that is tried again counts once
    return Completed(name="Quarantined", message=why)
