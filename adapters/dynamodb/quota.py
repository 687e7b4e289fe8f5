"""Calls of a month that a provider's plan allows, counted in one item a month beside the books."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from adapters.dynamodb.client import Dynamo, Write
from adapters.dynamodb.errors import Lost
from adapters.dynamodb.wire import Item, epoch, iso
from trading.tables import ORDER_STATE, TTL, Names

KEPT = timedelta(days=90)
"""How long the count of a month stays readable."""


class DynamoQuota:
    """The Quota port. A call is counted before it is made, so a lost reply counts once too often, never too rarely."""

    def __init__(self, names: Names, dynamo: Dynamo, of: str = "news") -> None:
        """``of`` names the provider; each has a count of its own."""
        self._table, self._dynamo, self._of = names.table(ORDER_STATE), dynamo, of

    def take(self, at: datetime, most: int) -> bool:
        """Count one call in the month of ``at``; False when ``most`` were made. Raises when it cannot be counted."""
        free = "attribute_not_exists(#calls) OR #calls < :most"
        return most > 0 and self._written(at, "ADD #calls :one", free, {"one": 1, "most": most})

    def first_refusal(self, at: datetime) -> bool:
        """True once a month."""
        return self._written(at, "", "attribute_not_exists(#refused_at)", {}, refused_at=iso(at))

    def used(self, at: datetime) -> int:
        """Calls counted in the month of ``at``."""
        item = self._dynamo.get(self._table, self._key(at)) or {}
        return int(str(item.get("calls", 0)))

    def _key(self, at: datetime) -> Item:
        return {"pk": "GLOBALCONFIG", "sk": f"COUNTER#{self._of.upper()}#{at.astimezone(UTC):%Y-%m}"}

    def _written(self, at: datetime, add: str, condition: str, values: Item, **fields: str) -> bool:
        """Whether a guarded change of the month's item went through."""
        said: Item = {"item_type": "counter", "last_updated_utc": iso(at), TTL: epoch(at + KEPT), **fields}
        update = "SET " + ", ".join(f"#{name} = :{name}" for name in said) + f" {add}"
        change = Write(
            "Update", self._table, self._key(at), f"the {self._of} calls", condition, update.strip(), {**said, **values}
        )
        try:
            self._dynamo.write(change)
        except Lost:
            return False
        return True
