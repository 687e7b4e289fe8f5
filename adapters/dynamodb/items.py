"""Trade, Position and KillSwitch <-> the items of order-state, with every key of every index (data.md, "Order state").

Each thing has one main item. A position also stands, in full, under its pair and under its strategy ("adjacency"), so
that both lists can be read consistently; only the main item carries index keys, so an index shows each thing once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta

from adapters.dynamodb.records import from_item, to_item
from adapters.dynamodb.wire import Item, Plain, epoch, iso
from trading.limits import KillSwitch, Mode
from trading.order import TERMINAL, Intent, Side, Trade
from trading.position import Position, PositionStatus
from trading.tables import POSITION_TTL_DAYS, TRADE_TTL_DAYS, TTL

OPEN_POSITIONS, PENDING_TRADES, CLOSED_POSITIONS = "OPEN_POSITIONS", "PENDING_TRADES", "CLOSED_POSITIONS"
"""The partitions of the sparse index: what is open, what is under way, and what is over."""

LIVE = (PositionStatus.OPEN, PositionStatus.CLOSING)
KILL_SWITCH: Item = {"pk": "GLOBALCONFIG", "sk": "SETTING#KILL_SWITCH"}
BASELINE: Item = {"pk": "GLOBALCONFIG", "sk": "SETTING#BASELINE"}
RECONCILIATION: Item = {"pk": "GLOBALCONFIG", "sk": "SETTING#RECONCILIATION"}

_INTENT = frozenset(field.name for field in fields(Intent))
_NAMES = {"pair": "symbol"}
"""Fields that are stored under another name; the tables speak of symbols where the code says pair."""

# ------------------------------------------------------------------------------------------------------------ trades


def trade_key(trade_id: str) -> Item:
    """The key of a trade."""
    return {"pk": f"TRADE#{trade_id}", "sk": "METADATA"}


def trade_item(trade: Trade, at: datetime) -> Item:
    """A trade as its one item. A trade that has ended forgets itself after 90 days, any other stays."""
    intent, created = trade.intent, trade.intent.created_at.astimezone(UTC)
    body = to_item(trade)
    nested = body.pop("intent")
    item = {
        **_renamed(nested if isinstance(nested, dict) else {}),
        **_renamed(body),
        **trade_key(intent.trade_id),
        **common("trade", created, at),
        "gs4pk": f"SIGNAL#{intent.signal_id}",
        "gs4sk": f"TIMESTAMP#{iso(created)}",
        "gs5pk": f"DATE#{created:%Y-%m-%d}",
        "gs5sk": f"TIME#{created:%H:%M:%S}#{intent.trade_id}",
    }
    if trade.status in TERMINAL:
        ended = trade.updated_at or created
        return {**item, TTL: epoch(ended + timedelta(days=TRADE_TTL_DAYS))}
    return {**item, "gs3pk": PENDING_TRADES, "gs3sk": f"STATUS#{trade.status}#{epoch(created)}"}


def trade_from(item: Mapping[str, Plain]) -> Trade:
    """The trade that an item holds. Raises Halt when it is not readable."""
    own = _restored(item)
    intent = {name: value for name, value in own.items() if name in _INTENT}
    return from_item(Trade, {**own, "intent": intent})


# --------------------------------------------------------------------------------------------------------- positions


def position_key(position_id: str, trade_id: str) -> Item:
    """The key of a position: its own id and the trade that opened it."""
    return {"pk": f"POSITION#{position_id}", "sk": f"TRADE#{trade_id}"}


def pair_key(position: Position, status: PositionStatus) -> Item:
    """The key under which a position of that status stands in its pair's list."""
    return {"pk": f"SYMBOL#{position.pair}", "sk": _listed(position, status)}


def strategy_key(position: Position, status: PositionStatus) -> Item:
    """The key under which a position of that status stands in its strategy's list."""
    return {"pk": f"STRATEGY#{position.strategy_id}", "sk": _listed(position, status)}


def _listed(position: Position, status: PositionStatus) -> str:
    return f"POSITION#{status}#{epoch(position.opened_at)}#{position.position_id}"


def position_items(position: Position, at: datetime) -> tuple[Item, Item, Item]:
    """A position as its main item and its two adjacency items, which say the same."""
    opened = position.opened_at.astimezone(UTC)
    body = {**_renamed(to_item(position)), **common("position", opened, at), "side": Side.BUY.value}
    if position.closed_at is not None:
        body[TTL] = epoch(position.closed_at + timedelta(days=POSITION_TTL_DAYS))
    status = f"STATUS#{position.status}#{epoch(opened)}"
    over = position.status is PositionStatus.CLOSED
    main = {
        **body,
        **position_key(position.position_id, position.trade_id),
        "gs1pk": f"STRATEGY#{position.strategy_id}",
        "gs1sk": status,
        "gs2pk": f"SYMBOL#{position.pair}",
        "gs2sk": status,
        "gs3pk": CLOSED_POSITIONS if over else OPEN_POSITIONS,
        "gs3sk": f"TIMESTAMP#{epoch(opened)}" if over else f"SYMBOL#{position.pair}#{epoch(opened)}",
        "gs5pk": f"DATE#{opened:%Y-%m-%d}",
        "gs5sk": f"TIME#{opened:%H:%M:%S}#{position.position_id}",
    }
    return main, {**body, **pair_key(position, position.status)}, {**body, **strategy_key(position, position.status)}


def position_from(item: Mapping[str, Plain]) -> Position:
    """The position that an item holds, main or adjacency. Raises Halt when it is not readable."""
    return from_item(Position, _restored(item))


# ------------------------------------------------------------------------------------------------- slots and switches


def slot_key(pair: str) -> Item:
    """The key of a pair's one slot: whoever holds it is the pair's only entry or position."""
    return {"pk": f"SYMBOL#{pair}", "sk": "SLOT"}


def slot_item(intent: Intent, at: datetime) -> Item:
    """The slot of a pair, taken by an entry."""
    return {
        **slot_key(intent.pair),
        **common("slot", intent.created_at, at),
        "symbol": intent.pair,
        "trade_id": intent.trade_id,
    }


def kill_switch_from(item: Mapping[str, Plain] | None) -> KillSwitch:
    """The switch that an item holds; a switch that was never set is OFF. Raises Halt when it is not readable."""
    if item is None:
        return KillSwitch(Mode.OFF, reason="", by="", at=None)
    return from_item(KillSwitch, item)


def common(item_type: str, created: datetime, at: datetime) -> Item:
    """What every item says besides itself: its kind, when the thing came to be and when it was last written."""
    return {"item_type": item_type, "created_utc": iso(created), "last_updated_utc": iso(at)}


def _renamed(item: Mapping[str, Plain]) -> Item:
    return {_NAMES.get(name, name): value for name, value in item.items()}


def _restored(item: Mapping[str, Plain]) -> Item:
    back = {stored: name for name, stored in _NAMES.items()}
    return {back.get(name, name): value for name, value in item.items()}
