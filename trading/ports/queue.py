"""What carries orders, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as received: the trade it is about, its trace, and the receipt that finishes it."""

    trade_id: str
    trace: Mapping[str, str]
    receipt: str
    receives: int = 1


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that is not one of ours. It is left where it is: after three receives it is a dead letter."""

    message_id: str
    reason: str
    receives: int


class Received(list[Delivery]):
    """The deliveries of one call; ``unreadable`` are the messages among them that could not be understood (I2)."""

    def __init__(self, deliveries: Iterable[Delivery], unreadable: Iterable[Unreadable] = ()) -> None:
        """A list, since that is what nearly every caller wants of it."""
        super().__init__(deliveries)
        self.unreadable = tuple(unreadable)


class OrderQueue(Protocol):
    """Carries trade ids, at least once, in any order."""

    def send(self, trade_id: str, trace: Mapping[str, str]) -> None:
        """Put one trade on the queue; sending it twice is harmless."""

    def receive(self, limit: int = 10) -> Received:
        """Up to ``limit`` (at most 10) messages, hidden from others for the visibility time."""

    def done(self, delivery: Delivery) -> None:
        """This message needs no further delivery."""

    def dead_letters(self, limit: int = 10) -> Received:
        """Up to ``limit`` (at most 10) messages that failed three times, hidden from others for a while."""

    def dead(self) -> int:
        """About how many messages are dead letters."""

    def redrive(self, delivery: Delivery) -> None:
        """Back on the queue, then off the dead letters: a crash between the two makes it come twice, never get lost."""
