"""How a table is declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

type Kind = Literal["S", "N"]
"""How DynamoDB keeps a key: S text, N number."""

TTL = "ttl"
"""The attribute that says when an item may vanish, in every table that forgets."""


@dataclass(frozen=True, slots=True)
class Key:
    """One part of a table's or an index's key."""

    name: str
    kind: Kind = "S"


@dataclass(frozen=True, slots=True)
class Column:
    """One attribute: its name, how it is kept (S text, N number, M map, L list) and what it means, with its unit."""

    name: str
    kind: Literal["S", "N", "M", "L"]
    meaning: str


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index; besides the keys it carries just what its access pattern shows (INCLUDE)."""

    name: str
    pk: Key
    sk: Key
    include: tuple[str, ...]
    serves: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table. ``ttl_days`` None: its items stay, or say themselves when they vanish (order-state)."""

    name: str
    pk: Key
    sk: Key | None
    ttl_days: int | None
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...] = ()

    @property
    def keys(self) -> tuple[Key, ...]:
        """Every attribute that is part of a key, of the table or of an index, each once."""
        sort = () if self.sk is None else (self.sk,)
        found = (self.pk, *sort, *(key for index in self.indexes for key in (index.pk, index.sk)))
        return tuple(dict.fromkeys(found))


def columns(text: str) -> tuple[Column, ...]:
    """One column a line: name, kind, meaning."""
    rows = (line.split(maxsplit=2) for line in text.strip().splitlines())
    return tuple(Column(name, kind, meaning) for name, kind, meaning in rows)  # type: ignore[arg-type]
