"""A line in the log of the run, where a person looks for it; without a run, in the program's own log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

LOG = logging.getLogger("trader.tasks")
_ABOUT: ContextVar[str] = ContextVar("about", default="")


@contextmanager
def about(pair: str) -> Iterator[None]:
    """Lines written meanwhile begin with this pair, for a run that several pairs share."""
    before = _ABOUT.set(f"{pair}: ")
    try:
        yield
    finally:
        _ABOUT.reset(before)


def say(text: str, level: int = logging.INFO) -> None:
    """Write one line to the task run's log."""
    try:
        log = get_run_logger()
    except MissingContextError:  # the task's function was called by itself
        log = LOG
    log.log(level, "%s%s", _ABOUT.get(), text)
