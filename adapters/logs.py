"""Log lines for machines: one JSON object a line, with where it happened beside what happened."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.redaction import redacted

Around = Callable[[], Mapping[str, str]]

GIVEN = {"flow_run_name": "flow_run", "flow_run_id": "flow_run_id", "task_run_name": "task_run", "event": "event"}
"""What a record may carry, and what it is called in the line."""


class JsonLines(logging.Formatter):
    """Time, level, what was said, what happened (``event``), and the run, pair and decision it was about.

    A record is written as its redacted message and traceback only; its arguments, which may hold anything, are not.
    around: asks what the line is about; no run, no answer.
    """

    def __init__(self, *_: object, around: Around = dict, **__: object) -> None:
        super().__init__()
        self._around = around

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        given = {name: str(found) for key, name in GIVEN.items() if (found := getattr(record, key, None))}
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "logger": record.name,
            **self._around(),
            **given,
        }
        if record.exc_info and not record.exc_text:
            record.exc_text = redacted(self.formatException(record.exc_info))
        if record.exc_text:
            line["error"] = record.exc_text
        return json.dumps(line, ensure_ascii=False, default=str)
