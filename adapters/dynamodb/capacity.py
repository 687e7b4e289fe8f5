"""Shared places on DynamoDB: an item per held place in the order-state table, taken by a conditional write.

A place is free when its item is not there or its lease has ended, so a holder that died blocks nobody for long. The
machines' clocks may differ by seconds; leases are minutes.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal

from adapters.dynamodb.client import Dynamo, Write
from adapters.dynamodb.errors import Lost
from adapters.dynamodb.items import common
from adapters.dynamodb.wire import Item, epoch
from trading.ports.capacity import Place
from trading.tables import ORDER_STATE, TTL, Names

FREE = "attribute_not_exists(#pk) OR #lease_until <= :now"
MINE = "#holder = :holder"
FORGOTTEN_AFTER = timedelta(days=1)


class DynamoCapacity:
    """The Capacity port, safe for many threads, processes and machines."""

    def __init__(self, names: Names, dynamo: Dynamo) -> None:
        self._table, self._dynamo = names.table(ORDER_STATE), dynamo

    def take(self, name: str, limit: int, lease_s: float, holder: str, at: datetime) -> Place | None:
        """One of ``limit`` places, or None when all are held. Raises Transient, Unknown or Halt.

        Places are tried in no order, so that many who come at once do not all fight for the first. After an Unknown the
        place may be ours without our knowing: then it is free again when the lease ends.
        """
        until = at + timedelta(seconds=lease_s)
        held = {item["sk"] for item in self._stored(name) if _moment(at) < Decimal(str(item["lease_until"]))}
        free = [number for number in range(limit) if _key(name, number)["sk"] not in held]
        for number in random.sample(free, len(free)):
            place = Place(name, number, holder, until)
            try:
                self._dynamo.write(
                    Write("Put", self._table, _item(place, at), _words(place), FREE, values={"now": _moment(at)})
                )
            except Lost:
                continue
            return place
        return None

    def give_back(self, place: Place) -> None:
        """Free a place that is still ours. Raises Transient, Unknown or Halt; then the lease's end frees it."""
        key = _key(place.capacity, place.number)
        try:
            self._dynamo.write(Write("Delete", self._table, key, _words(place), MINE, values={"holder": place.holder}))
        except Lost:
            return  # the lease had ended and somebody else holds the place

    def _stored(self, name: str) -> list[Item]:
        return list(self._dynamo.query(self._table, "#pk = :pk", {"pk": _key(name, 0)["pk"]}))


def _key(name: str, number: int) -> Item:
    return {"pk": f"CAPACITY#{name}", "sk": f"PLACE#{number:03d}"}


def _item(place: Place, at: datetime) -> Item:
    return {
        **_key(place.capacity, place.number),
        **common("place", at, at),
        "holder": place.holder,
        "lease_until": _moment(place.until),
        TTL: epoch(place.until + FORGOTTEN_AFTER),
    }


def _moment(at: datetime) -> Decimal:
    """Seconds since 1970 UTC, exact to the microsecond."""
    return Decimal(epoch(at)) + Decimal(at.microsecond) / 1_000_000


def _words(place: Place) -> str:
    return f"place {place.number} of {place.capacity}"
