"""``trader watchdog``: is what is held being watched? Without Prefect, so that it sees when Prefect is down."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from blocks.names import must_be_known
from blocks.settings import load_settings
from blocks.settings_block import VARIABLE
from deployments.commands.options import AsJson, DeskOption, alarming, answer
from deployments.plain import plain
from deployments.where import prepared_desk
from trading.report.words import plural

if TYPE_CHECKING:
    from trading.services.watchdog import Look


def watchdog(
    desk: DeskOption = None,
    once: Annotated[bool, typer.Option("--once", help="One look; exit 1 when something is wrong.")] = False,
    every: Annotated[int, typer.Option(min=5, max=300, help="Seconds between two looks.")] = 60,
    json: AsJson = False,
) -> None:
    """Tell people when for 5 minutes nobody watches what is held or carries out an order, and stop entries if wanted.

    It needs no Prefect. TRADER_WATCHDOG_STOPS_ENTRIES says whether it may set the kill switch to no-entries (without a
    value: on the live desk only); it never turns it off: trader kill-switch off --reason TEXT.
    """
    os.environ.pop(VARIABLE, None)  # what looks whether Prefect works, waits for nothing of it
    name = must_be_known(desk or load_settings().desk)
    with prepared_desk(name, start=False):
        from deployments.watchdog import Watchdog, looks

        dog = Watchdog(name)
        if once:
            found = dog.look()
            _say(name, found, as_json=json)
            if found.troubles:
                raise typer.Exit(1)
            return
        for seen in looks(dog, timedelta(seconds=every)):
            if isinstance(seen, Exception):
                typer.echo(f"trader: {' '.join(str(seen).split())}", err=True)
            else:
                _say(name, seen, as_json=json)


def _say(desk: str, found: Look, *, as_json: bool) -> None:
    held = plural(found.positions, "position")
    lines = [alarming(one.text) for one in found.troubles] or [f"all is watched, {held} held"]
    lines += [alarming("entries are stopped: trader kill-switch show")] if found.entries_stopped else []
    text = "\n".join(f"{found.at:%Y-%m-%d %H:%M:%S} UTC  {line}" for line in lines)
    answer({"desk": desk, **plain(found)}, as_json=as_json, text=text)
