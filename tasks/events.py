"""Telling Prefect that something is done, for what waits on it. Nothing rests on it: behind events stand schedules."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from prefect.context import get_run_context
from prefect.events import emit_event
from prefect.exceptions import MissingContextError

from tasks.lines import say


def announce(event: str, resource: str, payload: Mapping[str, str], **labels: str) -> None:
    """Emit an event about a resource, after what it tells of was written. Never fails the step that did it.

    labels: what triggers may match, beside the resource's id. Outside a run nobody is told.
    """
    try:
        get_run_context()
        named = {f"trader.{name}": value for name, value in labels.items()}
        emit_event(event, {"prefect.resource.id": resource, **named}, payload=dict(payload))
    except MissingContextError:
        return
    except Exception as error:  # noqa: BLE001 (the order is on the queue, the candles are stored)
        say(f"the event {event} was not told: {type(error).__name__}", logging.WARNING)
