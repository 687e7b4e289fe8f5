"""Commands that run flows: one flow once, and the creation of what a desk needs."""

from __future__ import annotations

import json as jsonlib
import os
from typing import Annotated, Any

import typer

from blocks.settings import load_settings
from deployments.calls import flow_named
from deployments.commands.options import AsJson, DeskOption, answer
from deployments.plain import plain
from deployments.prefect_runs import flush
from deployments.where import prepared_desk
from flows import FLOWS
from trading.errors import BadInput
from trading.strategy import load_strategy

KEEPING = frozenset({"archive", "backup", "data_docs"})
"""Flows about what a desk has: of a world that was just started they would keep nothing, and say that all is well."""


def run(
    flow: Annotated[str, typer.Argument(metavar="FLOW", help=f"One of {', '.join(FLOWS)}.")],
    desk: DeskOption = None,
    params: Annotated[
        str | None, typer.Option(metavar="JSON", help="Parameters of the flow, as a JSON object.")
    ] = None,
    json: AsJson = False,
) -> None:
    """One flow, once, in this process. Without a running embedded world, the embedded desk starts one for this run."""
    given = _parameters(params)
    name = desk or given.pop("desk", None) or load_settings().desk
    os.environ.setdefault(
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL"
    )  # the result, or one line, is the output
    call, _ = flow_named(flow, {"desk": name, **given})
    with prepared_desk(name, start=flow not in KEEPING):
        from blocks.desk import open_desk

        open_desk(name)  # what is wrong with the desk ends here, in one line, before a run exists
        data = plain(call(desk=name, **given))
        flush()
    text = jsonlib.dumps(data, indent=2, default=str)
    answer({"flow": flow, "desk": name, "result": data}, as_json=json, text=f"{flow} done\n{text}")


def _parameters(text: str | None) -> dict[str, Any]:
    try:
        given = jsonlib.loads(text or "{}")
    except jsonlib.JSONDecodeError as error:
        msg = f"--params is not JSON: {error.msg} at character {error.pos}"
        raise BadInput(msg) from error
    if not isinstance(given, dict):
        msg = '--params must be a JSON object, like {"at": "2024-01-03T12:10:00Z"}'
        raise BadInput(msg)
    return given


def init(
    desk: DeskOption = None,
    reset: Annotated[
        bool, typer.Option("--reset", help="Put back what a person changed in Prefect; left as it is otherwise.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Create what a desk needs and does not have yet: tables, queues, buckets, and what Prefect needs. Safe to repeat.

    In Prefect, where an API is configured: work pool, queues, blocks, limits, variables, automations.
    """
    name = desk or load_settings().desk
    load_strategy(load_settings().strategy)  # nothing trades with a broken one: said before anything is made
    with prepared_desk(name, start=False):
        from blocks.provisioning import provision_desk

        created = provision_desk(name)
        typer.echo("\n".join([f"created {one}" for one in created] or ["in AWS everything is there already"]), err=json)
        from deployments.as_code import apply_all, configured

        applied = apply_all(name, reset=reset) if configured() else None
    changed, left = (applied.changed, applied.left) if applied else ([], [])
    lines = ["no PREFECT_API_URL: Prefect is left out"] if applied is None else changed
    lines = [*(lines or ["in Prefect everything is there already"]), *left, *([KEPT] if left else [])]
    data = {"desk": name, "created": created, "prefect": changed, "left": left, "with_prefect": applied is not None}
    answer(data, as_json=json, text="\n".join(lines))


KEPT = "what a person changed stays; `trader init --reset` puts it back"
