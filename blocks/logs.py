"""The log of this process: without secrets, as text for people or as JSON lines for machines (TRADER_LOGS)."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from adapters.logs import JsonLines
from blocks.secrecy import keep_secrets
from blocks.settings import Settings

OURS = "trader"

JSON_FROM_THE_START = {
    "TRADER_LOGS": "json",
    "PREFECT_LOGGING_FORMATTERS_JSON_CLASS": "blocks.logs.RunLines",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER": "json",
    "PREFECT_LOGGING_COLORS": "false",
}
"""Environment of a container: Prefect sets up its log when it is imported, and what a run says before a desk is open
is then JSON too. Without the last three, those first lines are text."""


class RunLines(JsonLines):
    """JSON lines that know the Prefect run they are said in."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__(around=where)


def write_logs(settings: Settings) -> None:
    """From here on every line of this process is clean, and in the form that was asked for."""
    keep_secrets(settings)
    if settings.logs == "json":
        for handler in _written():
            handler.setFormatter(RunLines())
        logging.getLogger(OURS).setLevel(logging.INFO)


def where() -> dict[str, str]:
    """The run that is going on in this thread, and the pair and the decision it is about; nothing outside a run."""
    context = sys.modules.get("prefect.context")
    if context is None:  # a function that runs without Prefect never loads it
        return {}
    flow, task = context.FlowRunContext.get(), context.TaskRunContext.get()
    found: dict[str, str] = {}
    if flow is not None and flow.flow_run is not None:
        found |= {"flow_run": flow.flow_run.name, "flow_run_id": str(flow.flow_run.id)}
    if task is not None:
        found |= {"task_run": task.task_run.name, **about(task.parameters)}
    return found


def about(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The pair and the decision that a step was given, as a name or inside what it was given."""
    found: dict[str, str] = {}
    for name, value in parameters.items():
        inside = getattr(value, "intent", value)
        for key in ("pair", "trade_id", "decision_id"):
            told = value if name == key else getattr(inside, key, None)
            if isinstance(told, str):
                found.setdefault(key, told)
    return found


def _written() -> Iterable[logging.Handler]:
    """Every handler that writes text; those that send records elsewhere have no formatter."""
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):
            if isinstance(handler, logging.StreamHandler) and handler.formatter is not None:
                yield handler
