"""Tasks of ``collect_prices``."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from prefect import task
from prefect.assets import materialize

from blocks.desk import open_desk
from tasks.assets import CANDLES, made
from tasks.events import announce
from tasks.lines import say
from tasks.policies import ASK
from trading.services import collect as verbs
from trading.services.collect import Collected, Trigger


@task(task_run_name="market-time", **ASK)
def market_time(desk: str, at: datetime | None) -> datetime:
    """The time a run is for: ``at``, or now when it is left out or lies in the future.

    A run for a time to come would take a forming candle for a closed one, and date its intents so that they never go
    stale (I19). A time without a zone is UTC, and every name and page says UTC.
    """
    now = open_desk(desk).clock.now()
    asked = at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
    return now if asked is None else min(asked, now).astimezone(UTC)


@materialize(CANDLES, task_run_name="collect-{pair} {at:%m-%d %H:%M}", **ASK)
def collect_pair(desk: str, pair: str, at: datetime) -> Collected:
    """Store the closed candles of one pair."""
    room = open_desk(desk)
    found = verbs.collect(room.pair(pair), at, room.market, room.candles, room.strategy, room.history)
    made(CANDLES, desk=desk, pair=pair, raw=found.raw)
    if found.revised:
        say(f"the venue changed {found.revised} stored candles; both versions are kept", logging.WARNING)
    if found.note:
        say(found.note, logging.WARNING)
    return found


@task(task_run_name="trigger", **ASK)
def find_trigger(desk: str, collected: list[Collected], at: datetime) -> Trigger | None:
    """Whether an analysis is due, and why; that candles are stored, and this, is told to whoever waits for it."""
    room = open_desk(desk)
    changes = {one.pair: one.change_pct for one in collected}
    analysed = {one.pair: room.ledger.last_analysed(one.pair) for one in collected}
    found = verbs.analysis_due(changes, analysed, at, room.strategy)
    told = {"desk": desk, "at": at.isoformat(), "trigger": found.text if found else ""}
    announce("trader.candles.collected", f"trader.candles.{desk}", told, analysis="due" if found else "not-due")
    return found
