"""Revised candles on DynamoDB: one item a change, written once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from adapters.dynamodb.client import Dynamo, Write
from adapters.dynamodb.errors import Lost
from adapters.dynamodb.wire import Item, from_analysis, iso, to_analysis
from trading.errors import Transient
from trading.ports.candles import Revision
from trading.tables import REVISIONS, Names

ONCE = "attribute_not_exists(#pair)"
BETWEEN = "#pair = :pair AND #revision BETWEEN :since AND :until"
SEEN = "#"
LAST = "~"
"""Sorts after every time: with it a key stands behind all revisions of a candle."""


class DynamoRevisions:
    """The Revisions port."""

    def __init__(self, names: Names, dynamo: Dynamo) -> None:
        self._dynamo, self._table = dynamo, names.table(REVISIONS)

    def put(self, revisions: Sequence[Revision]) -> None:
        """Keep them; what was written once stays.

        Raises Transient, also for another change that was seen of a candle at the very moment of one that is kept:
        the next reading keeps it. Raises Unknown (the same call may be made again) and Halt.
        """
        for one in revisions:
            thing = f"revision of {one.pair} at {iso(one.open_time)}"
            try:
                self._dynamo.write(Write("Put", self._table, _item(one, thing), thing, ONCE))
            except Lost:
                self._must_be_kept(one)

    def _must_be_kept(self, one: Revision) -> None:
        """Under this key lies this very change, not another one that was seen at the same moment."""
        there = [known for known in self.of(one.pair, one.open_time, one.open_time) if known.seen_at == one.seen_at]
        if not any((known.before, known.after) == (one.before, one.after) for known in there):
            msg = f"another change of {one.pair} at {iso(one.open_time)} was seen at the same moment; read it again"
            raise Transient(msg)

    def of(self, pair: str, since: datetime, until: datetime) -> list[Revision]:
        """The revisions of a pair's candles that opened between two times, both included; by open time, then seen."""
        values: Item = {"pair": pair, "since": iso(since), "until": f"{iso(until)}{SEEN}{LAST}"}
        found = map(_revision, self._dynamo.query(self._table, BETWEEN, values))
        return sorted(found, key=lambda one: (one.open_time, one.seen_at))


def _item(one: Revision, thing: str) -> Item:
    """A revision as its item. Raises BadInput for a value that is not a number."""
    return {
        "pair": one.pair,
        "revision": f"{iso(one.open_time)}{SEEN}{iso(one.seen_at)}",
        "before": from_analysis(one.before, thing),
        "after": from_analysis(one.after, thing),
        "seen_at": iso(one.seen_at),
        **({"raw": one.raw} if one.raw else {}),
    }


def _revision(item: Item) -> Revision:
    opened, seen = (datetime.fromisoformat(part) for part in str(item["revision"]).split(SEEN))
    before, after = (tuple(map(float, to_analysis(item[name]))) for name in ("before", "after"))
    return Revision(str(item["pair"]), opened, seen, before, after, str(item.get("raw", "")))
