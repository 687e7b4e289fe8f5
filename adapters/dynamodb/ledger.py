"""The books on DynamoDB: each change one transaction, each guarded by the version that it changes.

A pair has one slot. An entry takes it with its booking, the position inherits it, and it is given back when the entry
comes to nothing or the position is closed: two entries of one pair cannot both be booked, whoever races. An UNKNOWN or
HALTED entry keeps it, so its pair stays blocked.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from adapters.dynamodb.booking import row_keys, rows, transactions
from adapters.dynamodb.client import Write
from adapters.dynamodb.errors import Contended, Lost, PairTaken
from adapters.dynamodb.items import LIVE, slot_key, trade_key
from adapters.dynamodb.settings import LedgerSettings
from adapters.dynamodb.wire import Item
from adapters.dynamodb.writes import Writes
from trading.errors import BadInput, Halt, Transient, Unknown
from trading.order import TERMINAL, Intent, Side, Status, Trade
from trading.ports import Booking
from trading.position import Position, PositionStatus, closing, reopened

RACES = 5
"""How often a step that reads and then writes is done again because somebody wrote in between."""


class DynamoLedger(LedgerSettings):
    """The Ledger port. Besides what is said below, every method may raise Transient, Unknown or Halt.

    Unknown: the reply was lost and the change may stand; read again before the step is repeated.
    """

    def book(self, booking: Booking) -> list[str]:
        """Book a decision in one transaction; the ids of the trades that stand booked by it.

        Booking it again changes nothing; a signal row that stands is not rewritten, whatever is said now (booking.py).
        Raises PairTaken (a Conflict, with ``pairs``) when a pair already has an entry or its position is already
        closing: then nothing is booked, and booking again without these intents is right.
        """
        ids = [intent.trade_id for intent in booking.intents]
        if len({intent.pair for intent in booking.intents}) != len(ids):
            msg = f"{booking.decision_id} wants two things of one pair"
            raise BadInput(msg)
        for _ in range(RACES):
            missing = self._not_booked(booking)
            if booking.intents and not missing:
                return ids
            writes = self._intent_writes(missing, booking)
            try:
                for some in transactions(writes, self._rows(booking, writes)):
                    if some:
                        self._dynamo.write(*some)
            except (Lost, Unknown):
                continue  # read again what is booked and who holds what
            return ids
        msg = f"{booking.decision_id} met other writers or lost replies {RACES} times; it may be booked"
        raise Unknown(msg)

    def book_exit(self, intent: Intent, position: Position) -> None:
        """Book one exit: the trade, and the position CLOSING, in one transaction.

        position:  as it was read, OPEN; it is made CLOSING here, and whatever else differs is written with it.
        Raises Conflict if it moved on.
        """
        if intent.position_id != position.position_id:
            msg = f"{intent.trade_id} closes {intent.position_id}, not {position.position_id}"
            raise Halt(msg)
        writes = self._writes()
        gone = writes.position(closing(position, intent.trade_id), PositionStatus.OPEN)
        self._dynamo.write(writes.new_trade(intent), *gone)

    def save_trade(self, trade: Trade) -> None:
        """Write a trade one version on; Conflict unless the stored version is the one before.

        Raises Halt for a trade that has ended: its end is written together with its position or its slot.
        """
        if trade.status in TERMINAL:
            msg = f"{trade.intent.trade_id} is {trade.status}: it ends by open_position, close_position or drop_trade"
            raise Halt(msg)
        self._dynamo.write(self._writes().trade(trade))

    def open_position(self, trade: Trade, position: Position) -> None:
        """A BUY was filled: trade FILLED and counted, position, its lists, the slot passed on, one transaction."""
        _must(trade, Side.BUY, Status.FILLED)
        writes = self._writes()
        self._book_fill(trade, *writes.new_position(position), writes.inherit_slot(position))

    def close_position(self, trade: Trade, position: Position) -> None:
        """A SELL was filled: trade FILLED and counted, position CLOSED, the pair's slot freed, one transaction."""
        _must(trade, Side.SELL, Status.FILLED)
        writes = self._writes()
        freed = writes.free_slot(position.pair, position.trade_id)
        self._book_fill(trade, *writes.position(position, *LIVE), freed)

    def reduce_position(self, trade: Trade, position: Position) -> None:
        """A SELL was filled in part: trade FILLED, position smaller and OPEN again, one transaction."""
        _must(trade, Side.SELL, Status.FILLED)
        self._book_fill(trade, *self._writes().position(position, PositionStatus.CLOSING))

    def drop_trade(self, trade: Trade, at: datetime) -> None:
        """A trade ended REFUSED or REJECTED: an entry frees the pair's slot, an exit gives the position back OPEN.

        A position that is no longer closing because of this exit is left as it is.
        """
        _must(trade, trade.intent.side, Status.REFUSED, Status.REJECTED)
        for _ in range(RACES):
            writes = self._writes()
            ended = writes.trade(trade)
            try:
                self._dynamo.write(ended, *self._given_back(trade, at, writes))
            except Lost as lost:
                if ended.thing in lost.things:
                    raise
                continue  # the position was looked at meanwhile; give back what it is now
            return
        msg = f"{trade.intent.trade_id}: its position met other writers {RACES} times"
        raise Transient(msg)

    def save_position(self, position: Position) -> None:
        """Write a position one version on (peak, stop, price); Conflict unless the stored version is the one before.

        Its status stays: Conflict when the stored one differs. Raises Halt for a CLOSED position, which is history.
        """
        if position.status not in LIVE:
            msg = f"{position.position_id} is {position.status}: it is closed by close_position"
            raise Halt(msg)
        self._dynamo.write(*self._writes().position(position, position.status))

    def free_orphan_slot(self, pair: str) -> bool:
        """Free a pair whose slot belongs to a trade that has ended and to no position that is held; whether it was."""
        slot = self._dynamo.get(self._orders, slot_key(pair))
        if slot is None:
            return False
        trade = self.trade(str(slot["trade_id"]))
        held = self.position(str(slot["position_id"])) if "position_id" in slot else None
        alive = trade is not None and trade.status not in TERMINAL
        if alive or (held is not None and held.status in LIVE):
            return False
        self._dynamo.write(self._writes().free_slot(pair, str(slot["trade_id"])))
        return True

    # ------------------------------------------------------------------------------------------------ what it takes

    def _writes(self) -> Writes:
        return Writes(self._orders, self._now())

    def _book_fill(self, trade: Trade, *along: Write) -> None:
        """Book and count a fill. Fills of all pairs meet at one counter, so a meeting is not yet worth an error."""
        writes = (*self._writes().filled(trade), *along)
        for _ in range(RACES - 1):
            with suppress(Contended):
                self._dynamo.write(*writes)
                return
        self._dynamo.write(*writes)

    def _not_booked(self, booking: Booking) -> list[Intent]:
        """The intents that are not booked yet. Raises PairTaken when somebody else's trade or slot is in the way."""
        keys = [trade_key(intent.trade_id) for intent in booking.intents]
        keys += [slot_key(intent.pair) for intent in booking.intents if intent.side is Side.BUY]
        stored = {(item["pk"], item["sk"]): item for item in self._dynamo.get_all(self._orders, keys)} if keys else {}
        missing, taken = [], []
        for intent in booking.intents:
            key, slot = trade_key(intent.trade_id), slot_key(intent.pair)
            trade = stored.get((key["pk"], key["sk"]))
            if trade is not None and trade["decision_id"] == booking.decision_id:
                continue
            if trade is not None or (slot["pk"], slot["sk"]) in stored:
                taken.append(intent.pair)
            missing.append(intent)
        if taken:
            raise PairTaken(taken, booking.decision_id)
        return missing

    def _intent_writes(self, intents: list[Intent], booking: Booking) -> dict[str, list[Write]]:
        writes, found, taken = self._writes(), {}, []
        for intent in intents:
            own = [writes.new_trade(intent)]
            if intent.side is Side.BUY:
                own.append(writes.take_slot(intent))
            elif (held := self.position(intent.position_id or "")) and held.status is PositionStatus.OPEN:
                own += writes.position(closing(held, intent.trade_id), PositionStatus.OPEN)
            else:
                taken.append(intent.pair)
            found[intent.pair] = own
        if taken:
            raise PairTaken(taken, booking.decision_id)
        return found

    def _rows(self, booking: Booking, intents: Mapping[str, list[Write]]) -> dict[str, list[Write]]:
        standing = {str(item["pair"]) for item in self._dynamo.get_all(self._signals, row_keys(booking, intents))}
        return rows(booking, self._names, self._analysed(booking), standing, intents)

    def _analysed(self, booking: Booking) -> Mapping[str, datetime]:
        """When the booking's pairs were last analysed; a late repetition must not set that back."""
        keys: list[Item] = [{"pair": pair} for pair in booking.analysed_pairs]
        items = self._dynamo.get_all(self._states, keys)
        return {str(item["pair"]): datetime.fromisoformat(str(item["last_analysed_utc"])) for item in items}

    def _given_back(self, trade: Trade, at: datetime, writes: Writes) -> list[Write]:
        intent = trade.intent
        if intent.side is Side.BUY:
            return [writes.free_slot(intent.pair, intent.trade_id)]
        held = self.position(intent.position_id or "")
        if held is None or held.status is not PositionStatus.CLOSING or held.closing_trade_id != intent.trade_id:
            return []
        return writes.position(reopened(held, at), PositionStatus.CLOSING)


def _must(trade: Trade, side: Side, *statuses: Status) -> None:
    if trade.intent.side is not side or trade.status not in statuses:
        msg = (
            f"{trade.intent.trade_id} is a {trade.status} {trade.intent.side}, expected {' or '.join(statuses)} {side}"
        )
        raise Halt(msg)
