"""Named: which payloads the rows of a day say they were read from, and the archive's other ones of that day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from trading.ports import Archive
from trading.ports.items import Raw
from trading.services.payloads import BUCKET, REFUSED

DATED = "/date="


def raw_of(row: Raw) -> Iterator[str]:
    """The payload keys in a row of prices, sentiment or market context: its own, and those of its sources."""
    sources: Mapping[str, Any] = row.get("sources", {}).get("M", {})
    for one in (row, *(source.get("M", {}) for source in sources.values())):
        if key := one.get("raw", {}).get("S", ""):
            yield key


def named(rows: Iterable[tuple[str, Raw]]) -> dict[str, str]:
    """Every payload that rows name, and by which table and pair it is named first. Each row comes with its table."""
    found: dict[str, str] = {}
    for table, row in rows:
        of = row.get("pair", {}).get("S", "")
        for key in raw_of(row):
            found.setdefault(key, f"{table} of {of}" if of else table)
    return found


def beside(keys: Iterable[str], day: date, archive: Archive) -> set[str]:
    """What else lies in the archive of a day, believed or refused, where these payloads lie.

    Only those folders are listed: a listing of the whole bucket grows with every day that the desk lives.
    """
    folders = {key.removeprefix(REFUSED).partition(DATED)[0] for key in keys}
    places = [f"{start}{one}{DATED}{day.isoformat()}/" for one in folders for start in ("", REFUSED)]
    return {key for place in places for key in archive.keys(BUCKET, place) if key.endswith(".json.gz")}


def gone(keys: Iterable[str], archive: Archive) -> list[str]:
    """Those of the payloads that the archive does not have any more, from one listing a folder."""
    wanted = set(keys)
    folders = {f"{key.rpartition('/')[0]}/" for key in wanted}
    return sorted(wanted.difference(*(archive.keys(BUCKET, folder) for folder in folders)))
