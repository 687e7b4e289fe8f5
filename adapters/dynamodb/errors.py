"""What DynamoDB says when a guarded write loses, in our words.

A transaction is cancelled with one reason per action. A condition that failed is a Conflict that names the things that
moved on; contention and throttling are Transient (nothing happened); anything else needs a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from trading.errors import Conflict, Halt, TradingError, Transient

CONDITION_FAILED = "ConditionalCheckFailed"
NOT_NOW = frozenset({
    "TransactionConflict", "TransactionInProgress", "ThrottlingError", "Throttling", "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
})  # fmt: skip
"""Reasons of a cancelled transaction that say nothing about the books: the same call may be sent again.

Some are also written with "Exception" at their end, as the errors of single writes are.
"""


class Contended(Transient):
    """A transaction met another one or a limit: nothing happened, and a moment later it may go through."""


class Lost(Conflict):
    """A guarded write lost: ``things`` moved on, in words; all of the transaction was left undone."""

    def __init__(self, things: Iterable[str]) -> None:
        self.things = frozenset(things)
        super().__init__(f"somebody else wrote first: {', '.join(sorted(self.things))}")


class PairTaken(Conflict):
    """A booking lost: these ``pairs`` have an entry already, or their position is already closing. Nothing was booked.

    Book the decision again without the intents of these pairs: its signals and its other intents are then recorded.
    """

    def __init__(self, pairs: Iterable[str], decision_id: str) -> None:
        self.pairs = frozenset(pairs)
        super().__init__(f"{decision_id}: {', '.join(sorted(self.pairs))} already has an entry or an exit under way")


def reasons(error: ClientError) -> list[Mapping[str, Any]]:
    """One reason per action of a cancelled transaction, in their order."""
    found: list[Mapping[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    return found


def not_conditions(found: Iterable[Mapping[str, Any]]) -> TradingError | None:
    """The error behind a cancellation in which no condition failed; None when there is no other reason."""
    others = {str(reason.get("Code")).removesuffix("Exception") for reason in found} - {"None", CONDITION_FAILED}
    if others - NOT_NOW:
        return Halt(f"a transaction is wrong in itself: {', '.join(sorted(others))}")
    return Contended(f"a transaction met another one or a limit: {', '.join(sorted(others))}") if others else None
