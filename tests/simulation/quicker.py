"""What is read again and again is decoded once: half of a schedule's time would go into the same items.

Each guarded write carries a ``write_id`` of its own, so an item of the same key and ``write_id`` holds the same record,
and records are frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from adapters.dynamodb import reads


@contextmanager
def decoded_once() -> Iterator[None]:
    """Trades and positions of one schedule are decoded once per write."""
    with (
        patch.object(reads, "trade_from", _once(reads.trade_from)),
        patch.object(reads, "position_from", _once(reads.position_from)),
    ):
        yield


def _once(decode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    known: dict[tuple[Any, Any, Any], Any] = {}

    def decoded(item: Mapping[str, Any]) -> Any:
        if "write_id" not in item:
            return decode(item)
        key = (item["pk"], item["sk"], item["write_id"])
        if key not in known:
            known[key] = decode(item)
        return known[key]

    return decoded
