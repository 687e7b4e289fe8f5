"""A line in the log of the run, where a person looks for it; without a run, in the program's own log."""

from __future__ import annotations

import logging

from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

LOG = logging.getLogger("trader.tasks")


def say(text: str, level: int = logging.INFO) -> None:
    """Write one line to the task run's log."""
    try:
        log = get_run_logger()
    except MissingContextError:  # the task's function was called by itself
        log = LOG
    log.log(level, text)
