"""Order messages that are handed to this process, instead of being asked for: for as long as it works on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING

from adapters.sqs_batch import Batch, HandedQueue

if TYPE_CHECKING:
    from blocks.desk import Desk

_BATCH: ContextVar[Batch | None] = ContextVar("batch", default=None)


@contextmanager
def handed(batch: Batch) -> Iterator[None]:
    """Desks opened in this block receive the batch; what they finish is marked in it."""
    token = _BATCH.set(batch)
    try:
        yield
    finally:
        _BATCH.reset(token)


def with_handed(desk: Desk) -> Desk:
    """The desk as it is; while a batch is handed, the same desk taking its orders from that."""
    batch = _BATCH.get()
    return desk if batch is None else replace(desk, queue=HandedQueue(desk.queue, batch))
