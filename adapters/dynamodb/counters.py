"""What all booked fills together moved: one item with a number per currency, which changes only by ADD.

It is counted in the very transaction that books a fill, so it can neither miss one nor count one twice. Trades and
closed positions forget themselves after a time; the counter does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from adapters.dynamodb.client import Write
from adapters.dynamodb.wire import Item, Plain, iso
from trading.errors import Halt
from trading.money import JPY, Quantity, yen
from trading.order import Side, Trade
from trading.reconciliation import Totals

FILLS: Item = {"pk": "GLOBALCONFIG", "sk": "COUNTER#FILLS"}
MOVED = "moved_"
"""Begins the attribute of each currency: ``moved_JPY``, ``moved_BTC``."""


def counted(table: str, trade: Trade, at: datetime) -> Write:
    """Count what a filled trade moved. It has no condition: the trade beside it says whether it is the first time.

    Raises Halt for a trade that does not say what was executed.
    """
    if trade.executed is None:
        msg = f"{trade.intent.trade_id} is {trade.status} without what was executed; look at the venue"
        raise Halt(msg)
    coins, jpy = trade.executed.quantity, trade.executed.funds.number
    buying = trade.intent.side is Side.BUY
    return Write(
        "Update",
        table,
        FILLS,
        "what all fills moved",
        update="SET #item_type = :type, #created_utc = if_not_exists(#created_utc, :at), #last_updated_utc = :at"
        f" ADD #{MOVED}{JPY.code} :jpy, #{MOVED}{coins.coin} :coins",
        values={
            "type": "counter",
            "at": iso(at),
            "jpy": jpy.copy_negate() if buying else jpy,
            "coins": coins.number if buying else coins.number.copy_negate(),
        },
    )


def totals_from(item: Mapping[str, Plain] | None) -> Totals:
    """The totals that the counter holds; nothing before the first fill. Raises Halt when they cannot be."""
    moved = {name.removeprefix(MOVED): value for name, value in (item or {}).items() if name.startswith(MOVED)}
    coins: dict[str, Quantity] = {}
    jpy = yen(0)
    for currency, number in moved.items():
        if not isinstance(number, Decimal):
            msg = f"the counter of fills holds no number of {currency}; somebody else writes to the table"
            raise Halt(msg)
        if currency == JPY.code:
            jpy = yen(number)
        elif number < 0:
            msg = f"by the book {number.copy_abs()} {currency} more were sold than bought; compare it with the venue"
            raise Halt(msg)
        else:
            coins[currency] = Quantity(number, currency)
    return Totals(jpy, coins)
