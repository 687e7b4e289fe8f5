"""Every secret of ours is kept out of every log of this process, from the first desk that is opened on (I25)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from pydantic import SecretStr

from adapters.redaction import RedactingFilter
from blocks.settings import Settings


def keep_secrets(settings: Settings) -> None:
    """Clean records where they are made, with all configured secrets: whichever handler comes later gets them clean."""
    secrets = tuple(value for value in dict(settings).values() if isinstance(value, SecretStr))
    made = logging.getLogRecordFactory()
    logging.setLogRecordFactory(CleanRecords(made.made if isinstance(made, CleanRecords) else made, secrets))


class CleanRecords:
    """A record factory whose records show no secret: neither message, nor arguments, nor traceback."""

    def __init__(self, made: Callable[..., logging.LogRecord], secrets: tuple[SecretStr, ...]) -> None:
        self.made, self._guard = made, RedactingFilter(secrets)

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        """The record, redacted."""
        record = self.made(*args, **kwargs)
        self._guard.filter(record)
        return record
