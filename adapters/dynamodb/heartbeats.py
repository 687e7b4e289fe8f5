"""The monitor's sign of life and the watchdog's memory, beside the other settings in order-state."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from adapters.dynamodb.client import Dynamo, Write
from adapters.dynamodb.errors import Lost
from adapters.dynamodb.items import KILL_SWITCH, common
from adapters.dynamodb.records import from_item, to_item
from adapters.dynamodb.wire import Item, iso
from trading.limits import Mode
from trading.ports.heartbeats import AHEAD, Heartbeat, Told
from trading.tables import ORDER_STATE, Names

HEARTBEAT: Item = {"pk": "GLOBALCONFIG", "sk": "SETTING#HEARTBEAT"}
WATCHDOG: Item = {"pk": "GLOBALCONFIG", "sk": "SETTING#WATCHDOG"}


class DynamoWatch:
    """The Watch port. Nothing of it keeps a history but the kill switch, whose changes are never lost."""

    def __init__(self, names: Names, dynamo: Dynamo, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._orders, self._dynamo, self._now = names.table(ORDER_STATE), dynamo, now

    def beat(self, heartbeat: Heartbeat) -> bool:
        """Every open position was watched. Whether it was written: an older beat never replaces a newer one."""
        if self._beat(heartbeat, "attribute_not_exists(#pk) OR #at < :at", heartbeat.at):
            return True
        stored = self.last()
        ahead = stored is not None and stored.at > heartbeat.at + AHEAD
        return ahead and stored is not None and self._beat(heartbeat, "#at = :at", stored.at)

    def _beat(self, heartbeat: Heartbeat, guard: str, against: datetime) -> bool:
        item = {**to_item(heartbeat), **HEARTBEAT, **common("setting", heartbeat.at, self._now())}
        try:
            self._dynamo.write(Write("Put", self._orders, item, "the heartbeat", guard, values={"at": iso(against)}))
        except Lost:
            return False
        return True

    def last(self) -> Heartbeat | None:
        """The newest beat, consistently read; None before the first."""
        item = self._dynamo.get(self._orders, HEARTBEAT)
        return None if item is None else from_item(Heartbeat, item)

    def told(self) -> Told | None:
        """What was last told; None when nothing ever was."""
        item = self._dynamo.get(self._orders, WATCHDOG)
        return None if item is None else from_item(Told, item)

    def note_told(self, told: Told) -> None:
        """Remember what was told. Who writes last wins: two watchdogs say a thing twice, never not at all."""
        item = {**to_item(told), **WATCHDOG, **common("setting", told.at, self._now())}
        self._dynamo.write(Write("Put", self._orders, item, "what was told"))

    def stop_entries(self, reason: str, by: str, at: datetime) -> bool:
        """Set the kill switch to NO_ENTRIES, but only where it is OFF as it is written. Whether it was set now.

        A person who stops everything at the same moment is never overruled: the condition is part of the write.
        """
        fields: Item = {"mode": Mode.NO_ENTRIES.value, "reason": reason, "by": by, "at": iso(at)}
        fields |= common("setting", at, at)
        history = {**KILL_SWITCH, "sk": f"{KILL_SWITCH['sk']}#{iso(at)}#{uuid.uuid4().hex[:8]}", **fields}
        update = ", ".join(f"#{name} = :{name}" for name in fields)
        try:
            self._dynamo.write(
                Write(
                    "Update", self._orders, KILL_SWITCH, "the kill switch",
                    "attribute_not_exists(#pk) OR #mode = :off",
                    f"SET {update} ADD #version :one",
                    {**fields, "one": 1, "off": Mode.OFF.value},
                ),
                Write("Put", self._orders, history, "its history"),
            )  # fmt: skip
        except Lost:
            return False
        return True
