"""The single changes that the ledger's transactions are made of, each with its guard."""

from __future__ import annotations

from datetime import datetime

from adapters.dynamodb.client import Write
from adapters.dynamodb.counters import counted
from adapters.dynamodb.items import (
    pair_key,
    position_items,
    slot_item,
    slot_key,
    strategy_key,
    trade_item,
)
from adapters.dynamodb.wire import Item, iso
from trading.order import Intent, Trade
from trading.position import Position, PositionStatus

ABSENT = "attribute_not_exists(#pk)"
ONE_BEFORE = "#version = :before"
MINE_OR_FREE = f"{ABSENT} OR #trade_id = :mine"


class Writes:
    """Makes changes of one order-state table; ``at`` is when they are written."""

    def __init__(self, table: str, at: datetime) -> None:
        self._table, self._at = table, at

    def new_trade(self, intent: Intent) -> Write:
        """Book an intent; its id may be booked once."""
        return Write("Put", self._table, trade_item(Trade(intent), self._at), f"trade {intent.trade_id}", ABSENT)

    def trade(self, trade: Trade) -> Write:
        """A trade one version on."""
        thing = f"trade {trade.intent.trade_id} (version {trade.version - 1})"
        before: Item = {"before": trade.version - 1}
        return Write("Put", self._table, trade_item(trade, self._at), thing, ONE_BEFORE, values=before)

    def filled(self, trade: Trade) -> list[Write]:
        """A filled trade one version on, and what it moved counted with it."""
        return [self.trade(trade), counted(self._table, trade, self._at)]

    def new_position(self, position: Position) -> list[Write]:
        """A position that did not exist, with its adjacency items."""
        main, *listed = position_items(position, self._at)
        put = Write("Put", self._table, main, f"position {position.position_id}", ABSENT)
        return [put, *(Write("Put", self._table, item, "its lists") for item in listed)]

    def position(self, position: Position, *before: PositionStatus) -> list[Write]:
        """A position one version on, from one of the statuses ``before``, with its adjacency items moved along."""
        main, *listed = position_items(position, self._at)
        thing = f"position {position.position_id} (version {position.version - 1})"
        statuses: Item = {f"was_{status.lower()}": status.value for status in before}
        condition = f"{ONE_BEFORE} AND #status IN ({', '.join(f':{name}' for name in statuses)})"
        values: Item = {"before": position.version - 1, **statuses}
        left = [key for status in before if status is not position.status for key in _listed(position, status)]
        return [
            Write("Put", self._table, main, thing, condition, values=values),
            *(Write("Put", self._table, item, "its lists") for item in listed),
            *(Write("Delete", self._table, key, "its lists") for key in left),
        ]

    def take_slot(self, intent: Intent) -> Write:
        """The pair's slot for an entry; only a free one can be taken."""
        return Write("Put", self._table, slot_item(intent, self._at), f"slot of {intent.pair}", ABSENT)

    def inherit_slot(self, position: Position) -> Write:
        """The slot of the opening trade is the position's from now on."""
        at = iso(self._at)
        return Write(
            "Update",
            self._table,
            slot_key(position.pair),
            f"slot of {position.pair}",
            MINE_OR_FREE,
            "SET #position_id = :position, #trade_id = :mine, #item_type = :slot,"
            " #symbol = :pair, #last_updated_utc = :at",
            {
                "position": position.position_id,
                "mine": position.trade_id,
                "slot": "slot",
                "pair": position.pair,
                "at": at,
            },
        )

    def free_slot(self, pair: str, trade_id: str) -> Write:
        """Give the slot back that an entry had taken."""
        return Write("Delete", self._table, slot_key(pair), f"slot of {pair}", MINE_OR_FREE, values={"mine": trade_id})


def _listed(position: Position, status: PositionStatus) -> tuple[Item, Item]:
    return pair_key(position, status), strategy_key(position, status)
