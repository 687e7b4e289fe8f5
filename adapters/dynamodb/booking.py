"""What booking a decision writes: a signal row per pair, when each pair was analysed, and its guarded intents.

All of it is one transaction. When a universe is so large that it does not fit (100 actions, 4 MB), the rows of pairs
without an intent go first, in batches that may be repeated; every intent stays in one last transaction, together with
the rows of its own pair.

A signal row stands: the same time analysed again does not rewrite it, for it may explain a trade that is booked. Only
the trade that comes with a booking brings the row of its own pair, under the guard of the trade.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from adapters.dynamodb.client import TRANSACTION, Write
from adapters.dynamodb.wire import Item, epoch, from_analysis, iso
from trading.errors import BadInput
from trading.ports import Booking
from trading.tables import ANALYSIS_STATE, SIGNALS, TTL, Names

BYTES = 3_500_000
"""Of the 4 MB that a transaction may hold; the rest is for what our measure does not see."""

FIRST = "attribute_not_exists(#pair)"


def row_keys(booking: Booking, deciding: Collection[str]) -> list[Item]:
    """The keys of the signal rows that may stand already: of all pairs but those that get an intent."""
    pairs = [signal.get("pair") for signal in booking.signals]
    return [
        {"pair": pair, "timestamp": epoch(booking.at)}
        for pair in pairs
        if isinstance(pair, str) and pair not in deciding
    ]


def rows(
    booking: Booking,
    names: Names,
    analysed: Mapping[str, datetime],
    standing: Collection[str] = (),
    deciding: Collection[str] = (),
) -> dict[str, list[Write]]:
    """The rows of each pair: its signal, and when it was analysed unless ``analysed`` already says later.

    standing: pairs whose row of this time stands.  deciding: pairs that get an intent, and its row with it.
    Raises BadInput for a signal row without a pair or with a value that is not a number.
    """
    found: dict[str, list[Write]] = {}
    for signal in booking.signals:
        item = signal_item(signal, booking)
        pair = str(item["pair"])
        if pair not in standing:
            guard = "" if pair in deciding else FIRST
            put = Write("Put", names.table(SIGNALS), item, f"the signal row of {pair}", guard)
            found.setdefault(pair, []).append(put)
    for pair in booking.analysed_pairs:
        if pair not in analysed or analysed[pair] < booking.at:
            found.setdefault(pair, []).append(_state(pair, booking, names))
    return found


def signal_item(signal: Mapping[str, Any], booking: Booking) -> Item:
    """One signal row as stored: everything given, under the pair and the decision's time."""
    pair = signal.get("pair")
    if not isinstance(pair, str):
        msg = f"{booking.decision_id}: a signal row names no pair"
        raise BadInput(msg)
    given = from_analysis(signal, f"{booking.decision_id} {pair}")
    return {
        **(given if isinstance(given, dict) else {}),
        "pair": pair,
        "timestamp": epoch(booking.at),
        "decision_id": booking.decision_id,
        "at_utc": iso(booking.at),
        TTL: epoch(booking.at + timedelta(days=SIGNALS.ttl_days or 0)),
    }


def _state(pair: str, booking: Booking, names: Names) -> Write:
    return Write(
        "Update",
        names.table(ANALYSIS_STATE),
        {"pair": pair},
        f"state of {pair}",
        update="SET #last_analysed_utc = :at, #decision_id = :decision",
        values={"at": iso(booking.at), "decision": booking.decision_id},
    )


def transactions(intents: Mapping[str, list[Write]], by_pair: Mapping[str, list[Write]]) -> list[list[Write]]:
    """The transactions of a booking, in order; the last one holds every intent, with the rows of its pair.

    Raises BadInput when the intents alone do not fit into one.
    """
    final = [write for pair, writes in intents.items() for write in (*writes, *by_pair.get(pair, []))]
    if not _fits(final):
        msg = f"{len(intents)} intents do not fit into one transaction; a decision may not want so many at once"
        raise BadInput(msg)
    rest = [write for pair, writes in by_pair.items() if pair not in intents for write in writes]
    if _fits([*rest, *final]):
        return [[*rest, *final]]
    early: list[list[Write]] = [[]]
    for write in rest:
        if not _fits([*early[-1], write]):
            early.append([])
        early[-1].append(write)
    return [*early, final]


def _fits(writes: list[Write]) -> bool:
    if len(writes) > TRANSACTION:
        return False
    return len(writes) < 2 or sum(len(json.dumps(write.request(""))) for write in writes) <= BYTES
