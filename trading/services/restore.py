"""Restore: items back into their tables, each only where none is; what stands there is never overwritten.

A restored book is stopped. What it says may be hours old: a position may have been sold since, and coins may not be its
own. So the kill switch goes to NOTHING before the first item, and stays there until a person compared book and venue.
That switch, and its entry in the history, are all in which the tables then differ from the backup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from trading.errors import Conflict, Halt
from trading.limits import KillSwitch, Mode
from trading.ports import Archive
from trading.ports.items import Items, Raw
from trading.services.archive import ARCHIVED, DAY, days_between, lines_in, stored
from trading.services.backup import Content, reading, table_named
from trading.services.lines import digest, item_of
from trading.tables import ORDER_STATE, TTL, Table

SWITCH = "SETTING#KILL_SWITCH"
DIFFERS_BY = ("the kill switch, now NOTHING, and its entry in the history",)


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore came to, by table: rows in the backup, rows written now, and whether the table says the same.

    differs_by  what is meant to differ; nothing, where the tables held all of it before and were left alone.
    """

    rows: Mapping[str, int]
    written: Mapping[str, int]
    sha256: Mapping[str, str]
    identical: bool
    differs_by: tuple[str, ...]


def restore(
    key: str, content: Content, at: datetime, by: str, items: Items, stop: Callable[[KillSwitch], None]
) -> Restored:
    """Put a backup into empty tables, or go on with one that was begun; then compare table and backup.

    stop: sets the kill switch of the books that are restored.
    Raises Halt when the tables hold anything that is not of this backup, before anything is written.
    """
    reason = f"restored from {key}: compare with trader reconcile, then switch off"
    tables = [table_named(name) for name in content]
    there = reading(items, tables)
    begun = _begun(content, there, reason)
    if not begun and all(set(lines) <= set(there[name]) for name, lines in content.items()):
        return _nothing_to_do(content)
    if not begun:
        stop(KillSwitch(Mode.NOTHING, reason, by, at))
    written = {table.name: _put(table, _wanted(table, content[table.name]), items) for table in tables}
    now = reading(items, tables)
    ours = {table.name: [line for line in now[table.name] if not _is_switch(table, line, reason)] for table in tables}
    expected = {table.name: _wanted(table, content[table.name]) for table in tables}
    return Restored(
        rows={name: len(lines) for name, lines in content.items()},
        written=written,
        sha256={name: digest(lines) for name, lines in ours.items()},
        identical=all(ours[name] == list(lines) for name, lines in expected.items()),
        differs_by=DIFFERS_BY,
    )


def _nothing_to_do(content: Content) -> Restored:
    """The tables are this backup already: a desk that runs is not stopped for nothing."""
    rows = {name: len(lines) for name, lines in content.items()}
    said = {name: digest(lines) for name, lines in content.items()}
    return Restored(rows, dict.fromkeys(rows, 0), said, identical=True, differs_by=())


def _begun(content: Content, there: Content, reason: str) -> bool:
    """Whether a restore of this very backup was begun. Raises Halt when the tables hold anything else."""
    begun = False
    for name, lines in there.items():
        table, known = table_named(name), set(content[name])
        others = [line for line in lines if line not in known]
        foreign = [line for line in others if not _is_switch(table, line, reason)]
        if foreign:
            msg = (
                f"{name} holds {len(foreign)} items that are not of this backup; nothing was written. "
                "Restore into an empty account, or with --into-prefix NAME beside it"
            )
            raise Halt(msg)
        begun = begun or len(others) > 0
    return begun


def _wanted(table: Table, lines: Sequence[str]) -> list[str]:
    """What is put back: everything but the kill switch itself, which the restore sets; its history is put back."""
    return [line for line in lines if not (table is ORDER_STATE and _text(item_of(line), "sk") == SWITCH)]


def _is_switch(table: Table, line: str, reason: str) -> bool:
    """Whether a line is the kill switch, or an entry of its history, as this restore set it."""
    if table is not ORDER_STATE:
        return False
    item = item_of(line)
    return _text(item, "sk").startswith(SWITCH) and _text(item, "reason") == reason


def _text(item: Raw, name: str) -> str:
    return str(item.get(name, {}).get("S", ""))


def _put(table: Table, lines: Iterable[str], items: Items) -> int:
    return sum(items.put_back(table, item_of(line)) for line in lines)


# ------------------------------------------------------------------------------------------------ from the archive


@dataclass(frozen=True, slots=True)
class RestoredDay:
    """One table's archived day: rows in the archive, written now, there already, and left out.

    expired  rows whose lifetime is over: left out, or with ``expired`` put back as they were.
    differ   rows that the table holds otherwise; what it holds stands.
    sha256   of the rows that were to be there;  identical  whether the table says just them.
    """

    table: str
    day: date
    rows: int
    written: int
    expired: int
    differ: int
    sha256: str
    identical: bool


def restore_days(
    since: date, until: date, at: datetime, items: Items, archive: Archive, *, expired: bool = False
) -> list[RestoredDay]:
    """Put the archived rows of some days (both included) back into their tables, as they were.

    expired: also those whose lifetime is over; the table forgets them again within days. Raises Halt when an archived
    day is not what was stored.
    """
    found = []
    for table in ARCHIVED:
        for day in days_between(since, until + DAY):
            said = stored(table.name, day, archive)
            if said is not None and said["rows"]:
                found.append(_restored_day(table, day, lines_in(said, archive), at, items, expired=expired))
    return found


def _restored_day(
    table: Table, day: date, lines: Sequence[str], at: datetime, items: Items, *, expired: bool
) -> RestoredDay:
    over = [line for line in lines if _is_over(item_of(line), at)]
    wanted = list(lines) if expired else sorted(set(lines) - set(over))
    written = differ = 0
    for line in wanted:
        try:
            written += items.put_back(table, item_of(line))
        except Conflict:
            differ += 1
    return RestoredDay(table.name, day, len(lines), written, len(over), differ, digest(wanted), identical=not differ)


def _is_over(item: Raw, at: datetime) -> bool:
    """Whether an item's lifetime has ended."""
    return TTL in item and int(item[TTL]["N"]) <= at.timestamp()
