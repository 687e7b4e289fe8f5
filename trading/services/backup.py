"""Backup: the books as whole tables, read until two readings agree.

A scan is no snapshot while trading goes on. Two readings of all tables, one after the other, that are equal item by
item are one: no item ever returns to an earlier state (each change has a version of its own), so nothing changed
between the end of the first reading and the beginning of the second. Where trading never pauses that long the backup is
kept all the same, and its manifest names the tables that moved; on AWS point-in-time recovery is then the better tool.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from trading.errors import Halt, Rejected
from trading.ports import Archive
from trading.ports.items import Items
from trading.services.lines import GZIP, JSON, digest, lines_of, manifest, unzipped, zipped
from trading.tables import ANALYSIS_STATE, IMPROVEMENTS, LINEAGE, ORDER_STATE, REVISIONS, TABLES, Table

BUCKET = "backups"
MANIFEST = "manifest.json"
BACKED_UP = (ORDER_STATE, ANALYSIS_STATE, IMPROVEMENTS, LINEAGE, REVISIONS)
READINGS = 4
"""How often all tables are read at most until two readings agree."""

type Content = Mapping[str, Sequence[str]]
"""The lines of each table, by its name."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds. ``moved``: tables of which no two readings agreed; empty for a true snapshot.

    rows, sha256  by table.    key  what a restore is given.
    """

    key: str
    taken_at: datetime
    code_version: str
    rows: Mapping[str, int]
    sha256: Mapping[str, str]
    moved: tuple[str, ...]
    readings: int


def take(at: datetime, code_version: str, items: Items, archive: Archive) -> Backup:
    """Store a backup and read it back; the manifest comes last, and without it there is none.

    Raises Halt when what was read back differs, Transient, Unknown (take another) or Halt of the stores.
    """
    content, moved, readings = _settled(items)
    key = f"backup/{at.astimezone(UTC):%Y-%m-%dT%H%M%SZ}"
    made = Backup(
        key, at, code_version, {name: one.rows for name, one in content.items()},
        {name: one.sha256 for name, one in content.items()}, moved, readings,
    )  # fmt: skip
    for name, one in content.items():
        archive.put(BUCKET, _file(key, name), one.data, GZIP)
        _lines(made, name, archive)
    archive.put(BUCKET, f"{key}/{MANIFEST}", json.dumps(_manifest(made), indent=1).encode(), JSON)
    return made


@dataclass(frozen=True, slots=True)
class _Packed:
    """A table as it was read, zipped: the books of a year are far larger than what may lie in memory twice."""

    rows: int
    sha256: str
    data: bytes


def _settled(items: Items) -> tuple[Mapping[str, _Packed], tuple[str, ...], int]:
    """The tables as two readings in a row saw them, or as the last one did; which moved; how many readings.

    Readings are compared by their hashes, and of no more than one table are the lines in memory at a time.
    """
    before = {table.name: digest(lines_of(items.all(table))) for table in BACKED_UP}
    now, readings = _packed(items), 2
    while (moved := tuple(name for name in now if now[name].sha256 != before[name])) and readings < READINGS:
        before = {name: one.sha256 for name, one in now.items()}
        now, readings = _packed(items), readings + 1
    return now, moved, readings


def _packed(items: Items) -> dict[str, _Packed]:
    return {table.name: _pack(lines_of(items.all(table))) for table in BACKED_UP}


def _pack(lines: Sequence[str]) -> _Packed:
    return _Packed(len(lines), digest(lines), zipped(lines))


def reading(items: Items, tables: Sequence[Table] = BACKED_UP) -> Content:
    """Every line of the tables, by table."""
    return {table.name: lines_of(items.all(table)) for table in tables}


def kept(archive: Archive) -> list[str]:
    """The keys of the backups there are, oldest first."""
    return [key.removesuffix(f"/{MANIFEST}") for key in archive.keys(BUCKET, "backup/") if key.endswith(MANIFEST)]


def found(key: str, archive: Archive) -> Backup:
    """A backup by its key, or the newest one by ``latest``. Raises Rejected when there is none, Halt."""
    if key == "latest":
        there = kept(archive)
        if not there:
            msg = "there is no backup; trader backup makes one"
            raise Rejected(msg)
        key = there[-1]
    key = key.removesuffix("/").removesuffix(f"/{MANIFEST}")
    try:
        said = manifest(archive.get(BUCKET, f"{key}/{MANIFEST}"), f"{key}/{MANIFEST}")
    except Rejected as error:
        msg = f"there is no backup {key}; the newest is {(kept(archive) or ['none'])[-1]}"
        raise Rejected(msg) from error
    return _backup(key, said)


def content_of(backup: Backup, archive: Archive) -> Content:
    """The lines of every table of a backup. Raises Halt when they are not what was stored."""
    return {name: _lines(backup, name, archive) for name in backup.rows}


def _lines(backup: Backup, name: str, archive: Archive) -> list[str]:
    """The lines of one table of a backup, read back. Raises Halt when they are not what was stored."""
    file = _file(backup.key, name)
    return unzipped(archive.get(BUCKET, file), backup.rows[name], backup.sha256[name], file)


def table_named(name: str) -> Table:
    """A table by its name. Raises Halt: a backup of tables that this code does not know is not for it."""
    for table in TABLES:
        if table.name == name:
            return table
    msg = f"there is no table {name!r} here; restore with the code version that the manifest names"
    raise Halt(msg)


def _file(key: str, table: str) -> str:
    return f"{key}/{table}.jsonl.gz"


def _manifest(backup: Backup) -> dict[str, Any]:
    return {
        "taken_at": backup.taken_at.isoformat(),
        "code_version": backup.code_version,
        "snapshot": not backup.moved,
        "moved": list(backup.moved),
        "readings": backup.readings,
        "tables": {name: {"rows": rows, "sha256": backup.sha256[name]} for name, rows in backup.rows.items()},
    }


def _backup(key: str, said: Mapping[str, Any]) -> Backup:
    """Raises Halt when the manifest is not one of a backup."""
    try:
        tables = said["tables"]
        rows = {name: int(one["rows"]) for name, one in tables.items()}
        hashes = {name: str(one["sha256"]) for name, one in tables.items()}
        taken_at, version = datetime.fromisoformat(said["taken_at"]), str(said["code_version"])
        return Backup(key, taken_at, version, rows, hashes, tuple(said["moved"]), int(said["readings"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"{key}/{MANIFEST} is no manifest of a backup ({error!r}); take an older backup"
        raise Halt(msg) from error
