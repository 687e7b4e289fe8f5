"""Archive: what leaves the tables is in the cold tier first, and what is there was read back and compared.

A UTC day of a table is one file of exact items, named after its content, and a manifest that names the file. The
manifest is written last: what was begun and not finished counts for nothing. A day whose rows changed later is written
again, from the rows there are and the rows that were archived, so that a day in the archive never shrinks; its manifest
lists every version.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from trading.errors import Halt, Rejected, Transient
from trading.ports import Archive, Notice
from trading.ports.items import Items, Raw
from trading.services.lines import GZIP, JSON, Key, digest, item_of, key_of, lines_of, manifest, unzipped, zipped
from trading.tables import (
    FORECASTS,
    IMPROVEMENTS,
    LINEAGE,
    MARKET_CONTEXT,
    ORDER_STATE,
    PAPER_ORDER_TTL_DAYS,
    POSITION_TTL_DAYS,
    PRICES,
    SENTIMENT,
    SIGNALS,
    TRADE_TTL_DAYS,
    TTL,
    Table,
)

BUCKET = "processed-market-data"
ENDED = {"trade": TRADE_TTL_DAYS, "position": POSITION_TTL_DAYS, "paper_order": PAPER_ORDER_TTL_DAYS}
"""Days that each kind of thing stays in order-state after its end. Leases and counters are not kept."""
ARCHIVED = (PRICES, SENTIMENT, SIGNALS, MARKET_CONTEXT, FORECASTS, LINEAGE, ORDER_STATE, IMPROVEMENTS)
"""Every table that forgets."""
MANIFEST = "manifest.json"
BY_END = {ORDER_STATE.name, IMPROVEMENTS.name}
"""Tables whose items have no time in their key: an item belongs to the day on which its lifetime began."""
LATE_DAYS, LAST_LOOK_DAYS = 3, 2
"""A day is read again on the days after it, when outcomes still come in, and once more before it leaves the table."""
MARKER = "edition "
"""What the keys of the candle store's own notes begin with: one a pair, at time 0, never forgotten, no row of a day."""
LOOKS = 3
"""How often a day is read until it stops changing under us."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table's day in the archive.

    how  ``new``, ``empty``, ``the same``, or what changed since it was archived.    changed  whether it was written.
    """

    table: str
    day: date
    rows: int
    sha256: str
    how: str
    file: str = ""
    changed: bool = False

    @property
    def late(self) -> bool:
        """Whether rows came, or changed, after the day was archived."""
        return self.changed and self.how not in {"new", "empty"}


def folder(table: str, day: date) -> str:
    """Where a table's day is."""
    return f"archive/{table}/date={day.isoformat()}"


def archived(table: str, archive: Archive, since: date, until: date) -> list[date]:
    """The days of a table between two, both included, that the archive has, oldest first.

    One listing a month: not of all that was ever archived, which only grows.
    """
    months = sorted({f"{day:%Y-%m}" for day in days_between(since, until + DAY)})
    keys = (key for month in months for key in archive.keys(BUCKET, f"archive/{table}/date={month}"))
    days = [
        date.fromisoformat(key.split("/")[-2].removeprefix("date=")) for key in keys if key.endswith(f"/{MANIFEST}")
    ]
    return [day for day in days if since <= day <= until]


def archive_table(table: Table, at: datetime, items: Items, archive: Archive, day: date | None = None) -> list[Sheet]:
    """Archive every finished day of a table that is due, or the one asked for; what each came to, oldest first.

    Raises Transient when a day keeps changing, Halt when what was read back differs, or a record changed that never
    may. Nothing is marked then; the next run goes on from there.
    """
    today = at.astimezone(UTC).date()
    if table.name in BY_END:
        there = archived(table.name, archive, today - (max(_lifetimes(table)) + LATE_DAYS) * DAY, today)
        due = due_days(table, at, set(there), day)
        return _kept(table, lambda: _ended(table, due, items), archive, at)
    partitions = partitions_of(table, items)
    first = first_day(table, partitions, items) or today
    due = due_days(table, at, set(archived(table.name, archive, first, today)), day)
    days = [one for one in days_between(first, today) if due(one)]
    found: list[Sheet] = []
    for one in days:  # one at a time: a day fits into memory, a table may not
        found += _kept(table, lambda: {one: rows_of(table, one, partitions, items)}, archive, at)  # noqa: B023
    return found


def notices_of(sheets: Iterable[Sheet], at: datetime) -> list[Notice]:
    """What people are told: days that changed when that was no longer to be expected."""
    expected = at.astimezone(UTC).date() - LATE_DAYS * DAY
    return [
        Notice("archive.changed", f"{one.table} of {one.day}: {one.how}; both versions are kept", at)
        for one in sheets
        if one.late and one.day < expected
    ]


def due_days(table: Table, at: datetime, there: set[date], only: date | None = None) -> Callable[[date], bool]:
    """Which days are looked at: finished ones that are not archived, that may still change, or that leave soon."""
    today = at.astimezone(UTC).date()
    lifetimes = _lifetimes(table)

    def due(day: date) -> bool:
        age = (today - day).days
        leaves = any(life - LAST_LOOK_DAYS <= age <= life for life in lifetimes)
        return age > 0 and (day == only if only else day not in there or age <= LATE_DAYS or leaves)

    return due


def _lifetimes(table: Table) -> set[int]:
    """How many days rows of a table stay."""
    return set(ENDED.values()) if table is ORDER_STATE else {table.ttl_days or 0}


def days_between(first: date, end: date) -> list[date]:
    """The days from the first one up to, not including, the end."""
    return [first + DAY * number for number in range((end - first).days)]


def start_of(day: date) -> datetime:
    """Midnight UTC."""
    return datetime.combine(day, time(), UTC)


def partitions_of(table: Table, items: Items) -> list[str]:
    """The partitions that hold rows of days."""
    return [one for one in items.partitions(table) if not one.startswith(MARKER)]


def rows_of(table: Table, day: date, partitions: Sequence[str], items: Items) -> list[Raw]:
    """The rows of a table's UTC day."""
    if table is LINEAGE:
        return list(items.between(table, day.isoformat(), 0, 10**12))
    first = int(start_of(day).timestamp())
    last = first + int(DAY.total_seconds()) - 1
    return [row for one in partitions for row in items.between(table, one, first, last)]


def first_day(table: Table, partitions: Sequence[str], items: Items) -> date | None:
    """The day of the oldest row there is."""
    if table is LINEAGE:
        return min((date.fromisoformat(one) for one in partitions), default=None)
    oldest = [next(iter(items.between(table, one, 0, 10**12)), None) for one in partitions]
    times = [int(row["timestamp"]["N"]) for row in oldest if row is not None]
    return datetime.fromtimestamp(min(times), UTC).date() if times else None


def _ended(table: Table, due: Callable[[date], bool], items: Items) -> dict[date, list[Raw]]:
    """The rows of a table without a time in its keys, by day: one scan for all days that are due."""
    found: dict[date, list[Raw]] = {}
    for row in items.all(table):
        day = ended_on(table, row)
        if day is not None and due(day):
            found.setdefault(day, []).append(row)
    return found


def ended_on(table: Table, row: Raw) -> date | None:
    """The day on which an item's last lifetime began; None for one that stays, or is not worth keeping."""
    if TTL not in row:
        return None
    lifetime = ENDED.get(row.get("item_type", {}).get("S", "")) if table is ORDER_STATE else table.ttl_days
    if lifetime is None:
        return None
    return (datetime.fromtimestamp(int(row[TTL]["N"]), UTC) - timedelta(days=lifetime)).date()


# -------------------------------------------------------------------------------------------------- a day is kept


@dataclass(frozen=True, slots=True)
class _Draft:
    """A day as it lies in the archive, read back and not marked yet, and its manifest so far."""

    sheet: Sheet
    lines: Mapping[Key, str]
    before: Mapping[str, Any] | None


def _kept(table: Table, read: Callable[[], Mapping[date, list[Raw]]], archive: Archive, at: datetime) -> list[Sheet]:
    """Bring days into the archive: write, read back, read the table again, and only then write the manifests.

    The second look at the table is a fresh one: rows that moved between the two are seen.
    """
    for _ in range(LOOKS):
        drafts = {day: _drafted(table, day, rows, archive) for day, rows in sorted(read().items())}
        again = read() if drafts else {}
        moved = [
            day for day, draft in drafts.items()
            if not _by_key(table, lines_of(again.get(day, []))).items() <= draft.lines.items()
        ]  # fmt: skip
        if not moved:
            for draft in drafts.values():
                _mark(draft, archive, at)
            return [draft.sheet for draft in drafts.values()]
    msg = f"{table.name} of {moved[0]} changes while it is archived; nothing is marked, the next run tries again"
    raise Transient(msg)


def _drafted(table: Table, day: date, rows: list[Raw], archive: Archive) -> _Draft:
    """One day written and read back. Raises Halt when what comes back is not what was written."""
    before = stored(table.name, day, archive)
    old = {} if before is None else _by_key(table, lines_in(before, archive))
    now = _by_key(table, lines_of(rows))
    lines = sorted((old | now).values())
    sha256, how = digest(lines), _how(table, day, before, old, now)
    changed = before is None or before["sha256"] != sha256
    file = f"{folder(table.name, day)}/rows-{sha256[:16]}.jsonl.gz" if changed or before is None else before["file"]
    if changed:
        archive.put(BUCKET, file, zipped(lines), GZIP)
    back = unzipped(archive.get(BUCKET, file), len(lines), sha256, file)
    return _Draft(Sheet(table.name, day, len(lines), sha256, how, file, changed), _by_key(table, back), before)


def _how(table: Table, day: date, before: Any, old: Mapping[Key, str], now: Mapping[Key, str]) -> str:
    """What the archive gains, in words. Raises Halt when a record changed that never may."""
    if before is None:
        return "new" if now else "empty"
    differ = [key for key, line in now.items() if key in old and old[key] != line]
    if table is LINEAGE and any(number != "0" for _, number in differ):
        msg = f"records of {day} changed after they were archived: see trader verify; nothing was archived over them"
        raise Halt(msg)
    late = sum(key not in old for key in now)
    return f"{len(differ)} changed, {late} late since it was archived" if differ or late else "the same"


def _mark(draft: _Draft, archive: Archive, at: datetime) -> None:
    """The manifest: this version and all before it. From here on the day counts as archived."""
    sheet = draft.sheet
    if not sheet.changed:
        return
    said = {"rows": sheet.rows, "sha256": sheet.sha256, "file": sheet.file, "how": sheet.how}
    said["archived_at"] = at.isoformat()
    versions = [*([] if draft.before is None else draft.before["versions"]), said]
    body = {"table": sheet.table, "day": sheet.day.isoformat(), **said, "versions": versions}
    key = f"{folder(sheet.table, sheet.day)}/{MANIFEST}"
    archive.put(BUCKET, key, json.dumps(body, indent=1).encode(), JSON)


def stored(table: str, day: date, archive: Archive) -> dict[str, Any] | None:
    """The manifest of a table's day; None when the day is not archived. Raises Halt when it is not readable."""
    key = f"{folder(table, day)}/{MANIFEST}"
    try:
        said = manifest(archive.get(BUCKET, key), key)
    except Rejected:
        return None
    if not {"file", "rows", "sha256", "versions"} <= said.keys():
        msg = f"{key} is no manifest; fetch an older version of it from its bucket"
        raise Halt(msg)
    return said


def lines_in(said: Mapping[str, Any], archive: Archive) -> list[str]:
    """The lines of an archived day. Raises Halt when they are not what was stored."""
    return unzipped(archive.get(BUCKET, said["file"]), said["rows"], said["sha256"], said["file"])


def _by_key(table: Table, lines: Iterable[str]) -> dict[Key, str]:
    return {key_of(table, item_of(line)): line for line in lines}
