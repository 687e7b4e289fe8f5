"""Verify: the chain of each day, its archived copy, the cold candles and the payloads are what was written."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from trading.errors import Halt, Rejected
from trading.lineage.chain import differences, faults_of
from trading.pairs import Pair
from trading.ports import Archive
from trading.ports.candles import ColdCandles
from trading.ports.lineage import Head, Lineage, Link
from trading.services import archive as archiving
from trading.services import payloads
from trading.services.lines import item_of
from trading.tables import LINEAGE


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


def verify_day(
    day: date, lineage: Lineage, archive: Archive, cold: ColdCandles, pairs: Sequence[Pair], keys: Iterable[str] = ()
) -> DayVerified:
    """Check one day. ``keys``: its payloads, as ``payload_keys`` gives them.

    What is wrong is told, not raised; what cannot be read now raises Transient.
    """
    seen = DayVerified(day)
    with _told(seen, ""):
        links = lineage.day(day)
        seen.records = len(links)
        seen.faults += map(str, faults_of(day, links, lineage.head(day)))
        _archived(seen, links, archive)
    for pair in pairs:
        with _told(seen, f"{day}: candles of {pair.key}: "):
            seen.candle_days += cold.get(pair, day) is not None
    for key in keys:
        with _told(seen, f"{day}: "):
            payloads.load(key, archive)
            seen.payloads += 1
    return seen


def payload_keys(archive: Archive, days: Iterable[date]) -> Mapping[date, list[str]]:
    """The payloads of each day, from one listing of the bucket."""
    found: dict[date, list[str]] = {day: [] for day in days}
    places = {f"/date={day.isoformat()}/": day for day in found}
    for key in archive.keys(payloads.BUCKET, ""):
        day = next((day for place, day in places.items() if place in key), None)
        if day is not None and key.endswith(".json.gz"):
            found[day].append(key)
    return found


@contextmanager
def _told(seen: DayVerified, where: str) -> Iterator[None]:
    """What needs a person, or is not there any more, is a fault of the day; the rest of it is checked all the same."""
    try:
        yield
    except (Halt, Rejected) as error:
        seen.faults.append(f"{where}{error}")


def _archived(seen: DayVerified, links: Sequence[Link], archive: Archive) -> None:
    """The archived records: the file's own hash, their chain, and whether they say what the table says."""
    said = archiving.stored(LINEAGE.name, seen.day, archive)
    if said is None:
        return
    copies, head = _read(said, archive)
    seen.archived = len(copies)
    found = [f"archived {fault}" for fault in faults_of(seen.day, copies, head)]
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
    return Link(day, number, *(item[name]["S"] for name in ("body", "previous", "sha256")))
