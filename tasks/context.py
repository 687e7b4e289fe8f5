"""Tasks of ``collect_context``."""

from __future__ import annotations

import logging
from datetime import datetime

from prefect import task
from prefect.artifacts import create_markdown_artifact

from blocks.desk import open_desk
from tasks.lines import say
from tasks.policies import ASK, THINK, WRITE
from trading.errors import BadInput
from trading.ports.context import Measured
from trading.services import context as verbs
from trading.services.context import Mood
from trading.services.looks import Outcomes
from trading.services.payloads import filed


@task(task_run_name="context-{source} {at:%m-%d %H:%M}", **ASK)
def ask_source(desk: str, source: str, at: datetime) -> Measured:
    """What one source says of the whole market. Its answers are kept."""
    room = open_desk(desk)
    for one in room.moods:
        if one.name == source:
            found, trouble = filed(verbs.measure(one, at, room.strategy), at, room.archive)
            if trouble:
                say(trouble, logging.WARNING)
            return found
    msg = f"unknown source {source!r} of the market context; there are {', '.join(one.name for one in room.moods)}"
    raise BadInput(msg)


@task(task_run_name="store-context", **WRITE)
def store_context(desk: str, read: Outcomes[Measured], at: datetime) -> Mood | None:
    """The reading into the table, with what failed; None when there is nothing to store."""
    room = open_desk(desk)
    return verbs.store(read, at, room.readings, room.strategy)


@task(task_run_name="show-context", **THINK)
def show_context(desk: str, mood: Mood, at: datetime) -> None:
    """The mood of the market with where each value came from, as a page."""
    create_markdown_artifact(verbs.page_of(mood), key="context", description=f"{desk} desk, {at:%Y-%m-%d %H:%M} UTC")
