"""Items as files: one canonical line each, sorted, zipped; the same items give the same bytes and the same hash."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from trading.errors import Halt
from trading.lineage.inputs import canonical
from trading.ports.items import Raw
from trading.tables import Table

GZIP = "application/gzip"
JSON = "application/json"

type Key = tuple[str, ...]
"""Where an item stands in its table: the texts of its key."""


def lines_of(items: Iterable[Raw]) -> list[str]:
    """One canonical line an item, in order."""
    return sorted(canonical(item) for item in items)


def digest(lines: Sequence[str]) -> str:
    """SHA-256 (hex) of the lines; the order they come in counts, so sort them first."""
    found = hashlib.sha256()
    for line in lines:
        found.update(line.encode() + b"\n")
    return found.hexdigest()


def zipped(lines: Sequence[str]) -> bytes:
    """The lines as a gz file that says nothing of when it was made."""
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)


def unzipped(data: bytes, rows: int, sha256: str, key: str) -> list[str]:
    """The lines of a file. Raises Halt when they are not what was stored there."""
    try:
        lines = gzip.decompress(data).decode().split("\n")[:-1]  # only our own line ends; a text may hold others
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        msg = f"{key} is not readable ({type(error).__name__}); fetch an older version of it from its bucket"
        raise Halt(msg) from error
    if len(lines) != rows or digest(lines) != sha256:
        msg = f"{key} is not what was stored: {len(lines)} rows for {rows}, or another hash; fetch an older version"
        raise Halt(msg)
    return lines


def item_of(line: str) -> Raw:
    """The item that a line holds."""
    item: Raw = json.loads(line)
    return item


def manifest(data: bytes, key: str) -> dict[str, Any]:
    """What a manifest says. Raises Halt when it is not readable."""
    try:
        said = json.loads(data)
    except ValueError as error:
        msg = f"{key} is no manifest; fetch an older version of it from its bucket"
        raise Halt(msg) from error
    if not isinstance(said, dict):
        msg = f"{key} is no manifest; fetch an older version of it from its bucket"
        raise Halt(msg)
    return said


def key_of(table: Table, item: Raw) -> Key:
    """Where an item stands in its table."""
    keys = (table.pk, *((table.sk,) if table.sk else ()))
    return tuple(str(item[key.name][key.kind]) for key in keys)
