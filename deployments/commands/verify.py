"""``trader verify``: whether the records, the archive, the candles and the payloads are what was written."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Annotated, Any

import typer

from blocks.settings import load_settings
from deployments.commands.options import AsJson, DeskOption, answer, day_named
from deployments.where import prepared_desk
from trading.errors import Halt
from trading.report.words import plural


def verify(
    day: Annotated[str | None, typer.Option(metavar="DAY", help="One UTC day, such as 2024-01-03.")] = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="So many days back from now, today included.")] = 7,
    payloads: Annotated[bool, typer.Option(help="Also read every payload that rows of these days name.")] = True,
    desk: DeskOption = None,
    json: AsJson = False,
) -> None:
    """Recompute each day's chain of decisions, and compare it with its archived copy; check candles and payloads.

    Exit 1, and one line that names the day, the record and what differs, when something is not what was written.
    """
    name = desk or load_settings().desk
    with prepared_desk(name, start=False):
        from blocks.desk import inspect_desk
        from trading.services.verify import Places, verify_day

        room = inspect_desk(name)
        wanted = [day_named(day)] if day else _until(room.clock.now().astimezone(UTC).date(), days)
        places = Places(room.lineage, room.archive, room.cold, room.items, room.pairs, room.clock.now())
        seen = [verify_day(one, places, read_payloads=payloads) for one in wanted]
    faults = [fault for one in seen for fault in one.faults]
    data = {"desk": name, "whole": not faults, "days": [_data(one) for one in seen], "faults": faults}
    if faults and not json:
        more = f" (and {plural(len(faults) - 1, 'other fault')}: trader verify --json)" if len(faults) > 1 else ""
        raise Halt(f"{faults[0]}{more}")
    answer(data, as_json=json, text=_table(seen))
    if faults:
        raise typer.Exit(1)


def _until(last: date, count: int) -> list[date]:
    return [last - timedelta(days=number) for number in reversed(range(count))]


def _data(one: Any) -> dict[str, Any]:
    return {
        "day": one.day.isoformat(),
        "records": one.records,
        "archived": one.archived,
        "candle_days": one.candle_days,
        "payloads": one.payloads,
        "faults": one.faults,
    }


def _table(seen: list[Any]) -> str:
    head = f"{'day':10}  {'records':>7}  {'archived':>8}  {'candle files':>12}  {'payloads':>8}"
    lines = [
        f"{one.day.isoformat():10}  {one.records:>7}  {'-' if one.archived is None else one.archived:>8}"
        f"  {one.candle_days:>12}  {one.payloads:>8}"
        for one in seen
    ]
    return "\n".join([head, *lines, "all of it is what was written"])
