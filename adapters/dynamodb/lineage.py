"""The chain of decisions on DynamoDB: record and head in one transaction, so that no two follow the same one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from adapters.dynamodb.client import Dynamo, Write
from adapters.dynamodb.errors import Lost
from adapters.dynamodb.wire import Item, epoch
from trading.errors import Halt, Transient, Unknown
from trading.lineage.chain import linked, place_of
from trading.lineage.kept import kept, read_again
from trading.ports.lineage import Head, Link
from trading.tables import LINEAGE, PRICES, TTL, Names

RACES = 5
"""How often a record is put after another head because somebody was faster."""
HEAD = 0
"""The number under which a day keeps its head."""
BETWEEN = "#pair = :pair AND #timestamp BETWEEN :since AND :until"


class DynamoLineage:
    """The Lineage port."""

    def __init__(self, names: Names, dynamo: Dynamo) -> None:
        self._dynamo, self._table, self._prices = dynamo, names.table(LINEAGE), names.table(PRICES)

    def append(self, day: date, body: str) -> Link:
        """Add a record to the end of a day. One that is the end already is ours, whose reply was lost.

        A lost reply is looked up once, and the record written again if it is not there: should the first write still
        arrive, its head has moved and it comes to nothing. Raises Unknown when the second reply is lost, too.
        """
        lost: list[Unknown] = []
        for _ in range(RACES):
            head = self.head(day)
            if head is not None and (last := self._link(day, head.count)) is not None and last.body == body:
                return last
            link = linked(day, head, body)
            try:
                self._dynamo.write(*self._writes(link))
            except Lost:
                continue
            except Unknown as error:
                lost.append(error)
                if len(lost) > 1:
                    raise
                continue
            return link
        msg = f"the chain of {day} met other writers {RACES} times; the same record may be added again"
        raise Transient(msg)

    def link(self, record_id: str) -> Link | None:
        """One record by its id, consistently read."""
        place = place_of(record_id)
        return None if place is None else self._link(*place)

    def day(self, day: date) -> list[Link]:
        """A day's records in order, all pages, consistently read."""
        found = self._dynamo.query(
            self._table, "#day = :day AND #number > :head", {"day": day.isoformat(), "head": HEAD}
        )
        return [_link(day, item) for item in found]

    def head(self, day: date) -> Head | None:
        """The end of a day's chain, consistently read."""
        item = self._dynamo.get(self._table, _key(day, HEAD))
        return None if item is None else Head(_number(item, "count"), _text(item, "sha256"))

    def raw_keys(self, pair: str, since: datetime, until: datetime) -> Mapping[datetime, str]:
        """Which payload each stored candle was read from, by open time."""
        values: Item = {"pair": pair, "since": epoch(since), "until": epoch(until)}
        rows = self._dynamo.query(self._prices, BETWEEN, values, ProjectionExpression="#timestamp, #raw")
        return {
            datetime.fromtimestamp(_number(row, "timestamp"), UTC): _text(row, "raw") for row in rows if "raw" in row
        }

    def _link(self, day: date, number: int) -> Link | None:
        item = None if number <= HEAD else self._dynamo.get(self._table, _key(day, number))
        return None if item is None else _link(day, item)

    def _writes(self, link: Link) -> tuple[Write, Write]:
        """The record, which must be new, and the head, which must be the one that it follows."""
        gone: Item = {TTL: epoch(datetime.combine(link.day, time(), UTC) + timedelta(days=1 + (LINEAGE.ttl_days or 0)))}
        record = {"body": kept(link.body), "previous": link.previous, "sha256": link.sha256}
        head: Item = {**_key(link.day, HEAD), "count": link.number, "sha256": link.sha256, **gone}
        first = link.number == 1
        return (
            Write(
                "Put", self._table, {**_key(link.day, link.number), **record, **gone}, f"record {link.record_id}",
                "attribute_not_exists(#day)",
            ),
            Write(
                "Put", self._table, head, f"the head of {link.day}",
                "attribute_not_exists(#day)" if first else "#sha256 = :previous AND #count = :before",
                values={} if first else {"previous": link.previous, "before": link.number - 1},
            ),
        )  # fmt: skip


def _key(day: date, number: int) -> Item:
    return {"day": day.isoformat(), "number": number}


def _link(day: date, item: Item) -> Link:
    body = read_again(_text(item, "body"))
    return Link(day, _number(item, "number"), body, _text(item, "previous"), _text(item, "sha256"))


def _text(item: Item, name: str) -> str:
    """Raises Halt when an item lacks what it was written with: somebody else writes to the table."""
    found = item.get(name)
    if not isinstance(found, str):
        msg = f"the item {item.get('day', item.get('pair'))} {item.get('number', '')} has no readable {name}"
        raise Halt(msg)
    return found


def _number(item: Item, name: str) -> int:
    try:
        return int(str(item[name]))
    except (KeyError, ValueError) as error:
        msg = f"the item {item.get('day', item.get('pair'))} has no readable {name}"
        raise Halt(msg) from error
