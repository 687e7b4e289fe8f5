"""Order state: one table for trades, positions, slots, settings and counters."""

from __future__ import annotations

from trading.tables.kinds import Index, Key, Table, columns

POSITION_TTL_DAYS = 365
"""A closed position stays so long; an open one for ever."""
TRADE_TTL_DAYS = 90
"""A trade stays so long after it ended; one that has not ended for ever. The archive keeps both for good."""
PAPER_ORDER_TTL_DAYS = 365
"""An order of the paper exchange stays so long after it ended; one that rests until then."""

_POSITION = ("item_type", "position_id", "trade_id", "symbol", "status", "size", "entry_price", "realized_pnl")

GSI1 = Index("GSI1", Key("gs1pk"), Key("gs1sk"), (*_POSITION, "signal_id"), "positions of a strategy")
GSI2 = Index("GSI2", Key("gs2pk"), Key("gs2sk"), (*_POSITION, "strategy_id"), "positions of a pair by status")
_OPEN = ("item_type", "position_id", "trade_id", "symbol", "status", "version", "side", "size", "entry_price")
GSI3 = Index("GSI3", Key("gs3pk"), Key("gs3sk"), _OPEN, "everything open or pending, at once (sparse)")
GSI4 = Index(
    "GSI4", Key("gs4pk"), Key("gs4sk"), ("item_type", "trade_id", "symbol", "side", "status"), "signal to trades"
)
GSI5 = Index("GSI5", Key("gs5pk"), Key("gs5sk"), (*_POSITION, "side", "reason", "note"), "a day")

ORDER_STATE = Table(
    "order-state",
    Key("pk"),
    Key("sk"),
    None,
    columns("""
    item_type         S  trade, position, slot, setting, counter, place, paper_order
    version           N  optimistic lock: every change names the version it changes
    write_id          S  the one write that made this state, so that a writer knows its own after a lost reply
    created_utc       S  when the thing came to be
    last_updated_utc  S  when it was last changed
    coin              S  the coin that quantities and prices of this item are about
    symbol            S  the pair's key, btc_usdt
"""),
    (GSI1, GSI2, GSI3, GSI4, GSI5),
)
"""Trades, positions, slots, settings and counters (single-table design).

Besides these columns a trade holds the fields of Intent and Trade, a position those of Position, under their own names
(``pair`` as ``symbol``); prices are yen per coin, amounts yen, quantities coins, all as numbers.
"""
