"""Tables as they are: whole items with their exact types, to be kept elsewhere and to be put back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from trading.tables import Table

type Raw = Mapping[str, Any]
"""One item as attribute values, ``{"pair": {"S": "btc_usdt"}, "close": {"N": "1.5"}}``.

A number has one text for one value, so that two copies of an item are equal exactly when they say the same.
"""


class Items(Protocol):
    """Every item of the tables, read consistently. Nothing that is there is ever overwritten."""

    def all(self, table: Table) -> Iterator[Raw]:
        """Every item of a table, page after page. While others write this is no snapshot."""

    def partitions(self, table: Table) -> list[str]:
        """The partition keys of a table with few partitions and a numeric sort key, without reading all of it."""

    def between(self, table: Table, partition: str, first: int, last: int) -> Iterator[Raw]:
        """The items of a partition whose numeric sort key lies between two values, both included, in order."""

    def put_back(self, table: Table, item: Raw) -> bool:
        """Put an item where none is; whether it was new. The same item being there already is fine.

        Raises Conflict when another one is there, Transient, Unknown (putting it again is harmless) or Halt.
        """
