"""One table in memory: its items, and for the table and each index the keys in their order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tests.simulation.expressions import Attributes
from tests.simulation.refusals import invalid
from trading.tables import Index, Key, Table

type Item = dict[str, Any]
type Primary = tuple[Any, Any]
"""A table key: the values of its parts, numbers as Decimal; a table without a sort key has "" there."""
type Place = tuple[Any, Any]
"""Where an item stands in an ordering: its partition, its sort value."""
type Entry = tuple[Any, Primary]

NO_SORT = ""


class Ordering:
    """The keys of the items that have the attributes of this key, by partition, in order: so an index is sparse."""

    def __init__(self, pk: Key, sk: Key | None, shown: frozenset[str] | None) -> None:
        self.pk, self.sk, self.shown = pk, sk, shown
        self._partitions: dict[Any, list[Entry]] = {}

    def place(self, item: Attributes) -> Place | None:
        """Where an item stands; None when it lacks a part of the key."""
        partition = key_value(item, self.pk)
        sort = NO_SORT if self.sk is None else key_value(item, self.sk)
        return None if partition is None or sort is None else (partition, sort)

    def move(self, key: Primary, before: Place | None, after: Place | None) -> None:
        """An item left one place for another."""
        if before == after:
            return
        if before is not None:
            entries = self._partitions[before[0]]
            del entries[bisect_left(entries, (before[1], key))]
        if after is not None:
            insort(self._partitions.setdefault(after[0], []), (after[1], key))

    def within(self, partition: Any, sign: str, against: Sequence[Any]) -> list[Entry]:
        """The entries of a partition whose sort value passes a test, in order."""
        entries = self._partitions.get(partition, [])
        low, high = 0, len(entries)
        if sign in {"=", ">=", "BETWEEN", "begins_with"}:
            low = bisect_left(entries, against[0], key=_sort_of)
        elif sign == ">":
            low = bisect_right(entries, against[0], key=_sort_of)
        if sign in {"=", "<=", "BETWEEN"}:
            high = bisect_right(entries, against[-1], key=_sort_of)
        elif sign == "<":
            high = bisect_left(entries, against[0], key=_sort_of)
        elif sign == "begins_with":
            high = bisect_left(entries, True, low, key=lambda entry: not entry[0].startswith(against[0]))
        return entries[low:high]


def _sort_of(entry: Entry) -> Any:
    return entry[0]


def key_value(item: Attributes, key: Key) -> Any:
    """The value of a part of a key; None when the item has none. Raises ValidationException for another kind."""
    attribute = item.get(key.name)
    if attribute is None:
        return None
    value = attribute.get(key.kind)
    if value is None or value == "":
        raise invalid(f"the key {key.name} is a non-empty {key.kind}, not {attribute}")
    return value if key.kind == "S" else Decimal(value)


class Stored:
    """The items of one table. Nothing here changes an item in place: whoever holds one may go on reading it."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.main = Ordering(table.pk, table.sk, None)
        self.indexes = {index.name: Ordering(index.pk, index.sk, _shown(index, table)) for index in table.indexes}
        self._orderings = (self.main, *self.indexes.values())
        self._keys = frozenset({table.pk.name} if table.sk is None else {table.pk.name, table.sk.name})
        self._items: dict[Primary, tuple[Item, tuple[Place | None, ...]]] = {}

    def key(self, wire: Attributes) -> Primary:
        """The table key that a request names, and nothing besides. Raises ValidationException otherwise."""
        if wire.keys() != self._keys:
            raise invalid("The provided key element does not match the schema")
        return self.key_of(wire)

    def key_of(self, item: Attributes) -> Primary:
        """The table key of an item. Raises ValidationException when a part of it is missing."""
        place = self.main.place(item)
        if place is None:
            raise invalid("One of the required keys was not given a value")
        return place

    def get(self, key: Primary) -> Item | None:
        """The item as it is stored; not to be changed."""
        found = self._items.get(key)
        return None if found is None else found[0]

    def places(self, item: Item) -> tuple[Place | None, ...]:
        """Where an item stands in every ordering. Raises ValidationException when a key is of another kind."""
        return tuple(ordering.place(item) for ordering in self._orderings)

    def replace(self, key: Primary, item: Item | None, places: tuple[Place | None, ...]) -> None:
        """Put an item in the place of what was there; None removes it."""
        none = (None,) * len(self._orderings)
        before = self._items[key][1] if key in self._items else none
        for ordering, old, new in zip(self._orderings, before, places or none, strict=True):
            ordering.move(key, old, new)
        if item is None:
            self._items.pop(key, None)
        else:
            self._items[key] = item, places

    def everything(self) -> list[Item]:
        """All items, in no order."""
        return [dict(item) for item, _ in self._items.values()]

    def shown(self, ordering: Ordering, key: Primary, names: frozenset[str] | None) -> Item:
        """A copy of what an ordering shows of an item, or of some attributes of it."""
        item = self._items[key][0]
        wanted = ordering.shown if names is None else names
        return dict(item) if wanted is None else {name: value for name, value in item.items() if name in wanted}

    def cursor(self, ordering: Ordering, key: Primary) -> Mapping[str, Any]:
        """The key that a query ended at, as the next one is told it: the index's and the table's."""
        parts = (ordering.pk, ordering.sk, self.table.pk, self.table.sk)
        names = {part.name for part in parts if part is not None}
        return {name: value for name, value in self._items[key][0].items() if name in names}


def _shown(index: Index, table: Table) -> frozenset[str]:
    sort = () if table.sk is None else (table.sk.name,)
    return frozenset({*index.include, index.pk.name, index.sk.name, table.pk.name, *sort})
