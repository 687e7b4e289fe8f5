"""Files that outlive the tables, and people who are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


class Archive(Protocol):
    """Files that outlive the tables."""

    def put(self, bucket: str, key: str, data: bytes, content_type: str) -> str:
        """Store under a bucket's purpose (``daily-reports``, ``raw-market-data``…); its URI."""

    def get(self, bucket: str, key: str) -> bytes:
        """Read it back. Raises Rejected when it is not there."""

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """The keys that begin with ``prefix``, in order, all pages."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth telling: ``kind`` for machines (``order.filled``), ``text`` for people."""

    kind: str
    text: str
    at: datetime
    fields: Mapping[str, str] = field(default_factory=dict)
    alarm: bool = False


class Alerts(Protocol):
    """Where people are told. Telling never decides the outcome of a step."""

    def tell(self, notices: Iterable[Notice]) -> int:
        """Tell them; how many could NOT be told (counted, logged, never raised)."""
