"""Verify: the chain of each day, its archived copy, the cold candles and the payloads are what was written."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from trading.candles import COLUMNS
from trading.errors import Halt, Rejected
from trading.lineage.chain import differences, faults_of
from trading.lineage.kept import read_again
from trading.pairs import Pair
from trading.ports import Archive
from trading.ports.candles import ColdCandles
from trading.ports.items import Items, Raw
from trading.ports.lineage import Head, Lineage, Link
from trading.services import archive as archiving
from trading.services import payloads
from trading.services.cold_days import candles_of, raws_of
from trading.services.lines import item_of
from trading.services.named import beside, named
from trading.tables import LINEAGE, MARKET_CONTEXT, PRICES, SENTIMENT, Table

NAMING = (PRICES, SENTIMENT, MARKET_CONTEXT)
"""Tables whose rows name the payloads that they were read from."""


@dataclass(slots=True)
class DayVerified:
    """What was checked of a day, and everything that is wrong, each in one line that names it.

    archived: how many records the archive has; None when the day is not archived (yet).
    """

    day: date
    records: int = 0
    archived: int | None = None
    candle_days: int = 0
    payloads: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything is kept, and when it is looked at."""

    lineage: Lineage
    archive: Archive
    cold: ColdCandles
    items: Items
    pairs: Sequence[Pair]
    at: datetime


def verify_day(day: date, places: Places, *, read_payloads: bool = True) -> DayVerified:
    """Check one day. ``read_payloads``: also that every payload its rows name is there, and whole.

    What is wrong is told, not raised; what cannot be read now raises Transient.
    """
    seen = DayVerified(day)
    with _told(seen, ""):
        links = places.lineage.day(day)
        seen.records = len(links)
        seen.faults += map(str, faults_of(day, links, places.lineage.head(day)))
        _archived(seen, links, places)
    here = {table.name: _here(table, day, places.items) for table in NAMING}
    copies = {table.name: _copies(seen, table, places.archive) for table in NAMING}
    wanted = named((name, row) for found in (here, copies) for name, rows in found.items() for row in rows)
    for pair in places.pairs:
        with _told(seen, f"{day}: candles of {pair.key}: "):
            file = places.cold.get(pair, day)
            seen.candle_days += file is not None
            wanted |= dict.fromkeys(set(raws_of(file)) - {"", *wanted}, f"candles of {pair.key}")
            _same_candles(file, *(_values(pair, found[PRICES.name]) for found in (copies, here)))
    if read_payloads:
        _payloads(seen, wanted, places.archive)
    return seen


def _here(table: Table, day: date, items: Items) -> list[Raw]:
    """A table's rows of the day."""
    return archiving.rows_of(table, day, archiving.partitions_of(table, items), items)


def _copies(seen: DayVerified, table: Table, archive: Archive) -> list[Raw]:
    """The same as they were archived: what has left the table is only there."""
    found: list[Raw] = []
    with _told(seen, ""):
        said = archiving.stored(table.name, seen.day, archive)
        found += [] if said is None else map(item_of, archiving.lines_in(said, archive))
    return found


def _values(pair: Pair, rows: Sequence[Raw]) -> dict[datetime, tuple[float, ...]]:
    candles = candles_of([row for row in rows if row["pair"]["S"] == pair.key])
    return {at: tuple(values) for at, *values in candles[list(COLUMNS)].itertuples(index=False)}


def _same_candles(file: pd.DataFrame | None, copies: Mapping[datetime, Any], here: Mapping[datetime, Any]) -> None:
    """Each archived candle is in the file, as it was archived or as the table has it since. Raises Halt."""
    if file is None:
        if copies:
            msg = f"their file is gone, {len(copies)} of them are archived: trader run archive for that day"
            raise Halt(msg)
        return
    there = {at: tuple(values) for at, *values in file[list(COLUMNS)].itertuples(index=False)}
    differ = [at for at in sorted(copies) if there.get(at) not in (copies[at], here.get(at, copies[at]))]
    if differ:
        msg = f"{len(differ)} of {len(copies)} in their file are not what was archived, first {differ[0]:%H:%M} UTC"
        raise Halt(msg)


def _payloads(seen: DayVerified, wanted: Mapping[str, str], archive: Archive) -> None:
    """Every payload that is named must be there; it, and those that lie beside it, must be what they were."""
    for key in sorted({*wanted, *beside(wanted, seen.day, archive)}):
        with _told(seen, f"{seen.day}: "):
            try:
                payloads.load(key, archive)
            except Rejected as error:
                msg = f"{wanted.get(key, 'a listing')} names the payload {key}, which is gone"
                raise Halt(msg) from error
            seen.payloads += 1


@contextmanager
def _told(seen: DayVerified, where: str) -> Iterator[None]:
    """What needs a person, or is not there any more, is a fault of the day; the rest of it is checked all the same."""
    try:
        yield
    except (Halt, Rejected) as error:
        seen.faults.append(f"{where}{error}")


def _archived(seen: DayVerified, links: Sequence[Link], places: Places) -> None:
    """The archived records: the file's own hash, their chain, and whether they say what the table says."""
    archive = places.archive
    said = archiving.stored(LINEAGE.name, seen.day, archive)
    if said is None:
        return
    copies, head = _read(said, archive)
    seen.archived = len(copies)
    found = [f"archived {fault}" for fault in faults_of(seen.day, copies, head)]
    if copies and not links and places.at < archiving.start_of(seen.day) + timedelta(days=LINEAGE.ttl_days or 0):
        words = "records are archived, but gone from the table before their time: trader restore --archive has them"
        found.append(f"{seen.day}: {len(copies)} {words}")
    if links:
        found += map(str, differences(seen.day, links, copies))
    seen.faults += found
    if not found:
        archiving.lines_in(said, archive)  # every record is whole: then so must be the file


def _read(said: Mapping[str, Any], archive: Archive) -> tuple[list[Link], Head | None]:
    """The records in an archived file, whatever its own hash says: so that the broken one can be named."""
    try:
        items = [
            item_of(line.decode()) for line in gzip.decompress(archive.get(archiving.BUCKET, said["file"])).splitlines()
        ]
        numbered = sorted(((int(item["number"]["N"]), item) for item in items), key=lambda one: one[0])
        head = next((Head(int(item["count"]["N"]), item["sha256"]["S"]) for at, item in numbered if at == 0), None)
        return [_link(item, number) for number, item in numbered if number], head
    except (KeyError, TypeError, ValueError, OSError, EOFError, zlib.error) as error:
        msg = f"{said['file']} is not readable as records ({error!r}); fetch an older version of it from its bucket"
        raise Halt(msg) from error


def _link(item: Mapping[str, Any], number: int) -> Link:
    day = date.fromisoformat(item["day"]["S"])
    return Link(day, number, read_again(item["body"]["S"]), item["previous"]["S"], item["sha256"]["S"])
