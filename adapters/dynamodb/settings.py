"""What the books hold once: the kill switch, what is not ours, the last comparison with the venue, the totals."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime

from adapters.dynamodb.client import Write
from adapters.dynamodb.counters import FILLS, totals_from
from adapters.dynamodb.errors import Lost
from adapters.dynamodb.items import BASELINE, KILL_SWITCH, RECONCILIATION, common, kill_switch_from
from adapters.dynamodb.reads import LedgerReads
from adapters.dynamodb.records import from_item, to_item
from adapters.dynamodb.wire import Item, iso
from trading.errors import Halt, Transient
from trading.limits import KillSwitch
from trading.reconciliation import Baseline, Finding, Reconciliation, Totals

RACES = 5
"""How often what blocks entries is written again because somebody wrote in between."""

FINDINGS = 50
"""Findings that are stored of one comparison; an item has its limit, and nobody reads more."""


class LedgerSettings(LedgerReads):
    """The ledger's single things. Setting one wins over what was there; its history keeps every change."""

    def kill_switch(self) -> KillSwitch:
        """AP3: the switch, consistently read; OFF when it was never set. Raises when it cannot be read."""
        item = self._dynamo.get(self._orders, KILL_SWITCH)
        if item is None and self._was_set(KILL_SWITCH):
            msg = "the kill switch is gone though it was set once; set it again with trader kill-switch"
            raise Halt(msg)
        return kill_switch_from(item)

    def set_kill_switch(self, switch: KillSwitch) -> None:
        """Write the switch, with who and why, and append the change to its history. It wins over any other."""
        at = switch.at or self._now()
        said: Item = {"mode": switch.mode.value, "reason": switch.reason, "by": switch.by, "at": iso(at)}
        self._set(KILL_SWITCH, "the kill switch", said, at)

    def baseline(self) -> Baseline | None:
        """What the account holds that is not ours, consistently read; None when nobody said it yet."""
        item = self._dynamo.get(self._orders, BASELINE)
        return None if item is None else from_item(Baseline, item)

    def set_baseline(self, baseline: Baseline) -> None:
        """Write what is not ours, with who and why, and append the change to its history."""
        self._set(BASELINE, "the baseline", to_item(baseline), baseline.at)

    def reconciliation(self) -> Reconciliation | None:
        """What the last comparison of book and venue said, consistently read; None before the first."""
        item = self._dynamo.get(self._orders, RECONCILIATION)
        return None if item is None else from_item(Reconciliation, item)

    def save_reconciliation(self, seen: Reconciliation) -> None:
        """Write what a comparison said. One that was overtaken is dropped, unless it blocks entries: then it stands.

        Who came later is told by versions, not by times: a clock that once was wrong must not silence what follows.
        Of more than 50 findings the first are kept, and one that says how many more there were.
        """
        for _ in range(RACES):
            item = {**to_item(_shortened(seen)), **RECONCILIATION, **common("setting", seen.at, self._now())}
            guard, before = "attribute_not_exists(#pk) OR #version = :before", {"before": seen.version - 1}
            try:
                self._dynamo.write(Write("Put", self._orders, item, "the reconciliation", guard, values=before))
            except Lost:
                if not seen.blocks_entries:
                    return
                seen = replace(seen, version=self._next_version())
            else:
                return
        msg = f"the reconciliation met other writers {RACES} times"
        raise Transient(msg)

    def _next_version(self) -> int:
        stored = self.reconciliation()
        return 1 if stored is None else stored.version + 1

    def totals(self) -> Totals:
        """What all booked fills together moved, consistently read. Raises Halt when more was sold than bought."""
        return totals_from(self._dynamo.get(self._orders, FILLS))

    def _was_set(self, key: Item) -> bool:
        """Whether a setting has a history."""
        under = {"pk": key["pk"], "sk": f"{key['sk']}#"}
        history = self._dynamo.query(self._orders, "#pk = :pk AND begins_with(#sk, :sk)", under, Limit=1)
        return next(iter(history), None) is not None

    def _set(self, key: Item, thing: str, said: Item, at: datetime) -> None:
        """Write a setting, one version on, and the change as an item of its history."""
        fields = {**said, **common("setting", at, at)}
        update = ", ".join(f"#{name} = :{name}" for name in fields)
        history = {**key, "sk": f"{key['sk']}#{iso(at)}#{uuid.uuid4().hex[:8]}", **fields}
        self._dynamo.write(
            Write(
                "Update", self._orders, key, thing,
                update=f"SET {update} ADD #version :one", values={**fields, "one": 1},
            ),
            Write("Put", self._orders, history, "its history"),
        )  # fmt: skip


def _shortened(seen: Reconciliation) -> Reconciliation:
    """The comparison with no more findings than are stored."""
    more = len(seen.findings) - FINDINGS
    if more <= 0:
        return seen
    rest = Finding("MORE", f"{more} more findings", "", "", "settle those before and compare again to see them")
    return replace(seen, findings=(*seen.findings[:FINDINGS], rest))
