"""``trader doctor``: what is well, what is not, and what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer
from pydantic import SecretStr

from blocks.settings import load_settings
from deployments.commands.options import AsJson, DeskOption, answer
from deployments.where import prepared_desk
from trading.errors import Halt
from trading.report.words import plural

if TYPE_CHECKING:
    from deployments.doctor.findings import Finding

COLOURS = {"OK": typer.colors.GREEN, "WARN": typer.colors.YELLOW, "FAIL": typer.colors.RED}


def doctor(desk: DeskOption = None, json: AsJson = False) -> None:
    """Look at everything a desk needs, side by side: OK, WARN or FAIL, and what to do. Exit 1 when something fails.

    It only reads, and shows no secret. Settings are listed with their values; a secret is set or unset.
    """
    name = desk or load_settings().desk
    try:
        with prepared_desk(name, start=False):
            failed = _look(name, as_json=json)
    except Halt as error:
        if "no embedded desk runs" not in str(error) or "add --desk" in str(error):
            raise
        failed = _look(name, as_json=json)  # that it does not run is what the checks will say
    if failed:
        print(f"trader: the doctor found {plural(len(failed), 'failure')}: {', '.join(failed)}", file=sys.stderr)
        if any(thread.name in failed for thread in threading.enumerate()):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(1)  # what still hangs would break while Python takes itself apart
        raise typer.Exit(1)


def _look(name: str, *, as_json: bool) -> list[str]:
    """Run, show; the names of the checks that failed."""
    from deployments.doctor.checks import checks_of
    from deployments.doctor.findings import State, run_all
    from deployments.doctor.machine import settings_shown

    settings = load_settings()
    secrets = [value for value in dict(settings).values() if isinstance(value, SecretStr)]
    found = run_all(checks_of(name, settings), secrets)
    shown = settings_shown(settings)
    failed = [check for check, finding in found.items() if finding.state is State.FAIL]
    checks = [{"name": check, "state": one.state.value, "said": one.said, "do": one.do} for check, one in found.items()]
    data = {"desk": name, "ok": not failed, "failed": failed, "checks": checks, "settings": shown}
    answer(data, as_json=as_json, text=screen(name, found, shown, shutil.get_terminal_size().columns))
    return failed


def screen(name: str, found: Mapping[str, Finding], settings: Mapping[str, str], columns: int) -> str:
    """Settings, what is well, and last, where the eye is, what is not and what to do."""
    width = max(40, min(columns, 120))
    plain = [(variable, value) for variable, value in settings.items() if value != "unset"]
    lines = [textwrap.shorten(f"{variable}={value}", width, placeholder="…") for variable, value in plain]
    unset = ", ".join(variable for variable, value in settings.items() if value == "unset")
    lines += textwrap.wrap(f"unset: {unset}", width) if unset else []
    lines.append("")
    order = {"OK": 0, "WARN": 1, "FAIL": 2}
    for check, one in sorted(found.items(), key=lambda item: order[item[1].state]):
        state = typer.style(f"{one.state.value:4}", fg=COLOURS[one.state.value], bold=one.state.value != "OK")
        said = one.said if one.do else textwrap.shorten(one.said, width - 22, placeholder=" …")
        first, *rest = textwrap.wrap(said, width - 22) or [""]
        lines.append(f"{state} {check:16} {first}")
        lines += [f"{'':22}{more}" for more in rest]
        lines += textwrap.wrap(one.do, width, initial_indent=f"{'':20}→ ", subsequent_indent=f"{'':22}")
    counts = {state: sum(one.state.value == state for one in found.values()) for state in order}
    lines.append(f"{name} desk: {counts['OK']} well, {counts['WARN']} to look at, {counts['FAIL']} failed")
    return "\n".join(lines)
