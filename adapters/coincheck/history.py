"""The account's executions, page by page, and the fills of one order or of our pairs among them.

The venue ignores an order filter and mixes all orders and currencies (I5), splits one order over many rows and pages
(I4) and signs what was paid as negative (I6). So every page is read, rows are filtered here, and amounts are positive.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from adapters.coincheck.replies import Row, Transaction, TransactionKey, TransactionsReply, parsed
from trading.errors import Halt, Transient
from trading.money import Quantity, yen
from trading.order import Fill, Side

PATH = "/api/exchange/orders/transactions_pagination"
PAGE = 25
"""Rows asked for; the venue gives no more, whatever is asked."""

MARGIN = timedelta(minutes=10)
"""How much older than ``since`` a row must be before older pages are left unread: clocks differ."""

CURSORS = ("ending_before", "starting_after")

type Ask = Callable[[str, Mapping[str, str]], dict[str, Any]]


class History:
    """Reads transactions newest first. Remembers which of the two cursors leads to older rows.

    The reference calls them "start position" and "end position" of the list. As bounds on ids, ``ending_before`` leads
    back in time; as positions in a list sorted newest first, ``starting_after`` does. Both are tried, the one that
    brings older rows is kept, and an order that neither can page through is a Halt, never a partial sum.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._cursor: str | None = None

    def rows(self, since: datetime) -> Iterator[tuple[TransactionKey, Row]]:
        """Every row not older than ``since`` - MARGIN, and the rest of the page that holds the last of them, each once.

        Raises Transient for an answer that is not clear, Halt when the venue's pages cannot be walked.
        """
        page = self._page({})
        while page:
            yield from page
            if min(key.created_at for key, _ in page) < since - MARGIN:
                return
            page = self._older(min(key.id for key, _ in page), len(page))

    def _older(self, oldest: int, last_count: int) -> list[tuple[TransactionKey, Row]]:
        """The page before an id; empty when there is none."""
        nothing_more = False
        for cursor in (self._cursor,) if self._cursor else CURSORS:
            page = self._page({cursor: str(oldest)})
            older = [(key, row) for key, row in page if key.id < oldest]
            if older:
                self._cursor = cursor
                return older
            nothing_more = nothing_more or not page
        if nothing_more or last_count < PAGE:
            return []
        msg = f"Coincheck, GET {PATH}: no cursor leads to older rows, so fills cannot be read completely; stop and look"
        raise Halt(msg)

    def _page(self, cursor: Mapping[str, str]) -> list[tuple[TransactionKey, Row]]:
        body = self._ask(PATH, {"limit": str(PAGE), "order": "desc", **cursor})
        data = parsed(TransactionsReply, body, f"GET {PATH}", Transient).data
        return [(parsed(TransactionKey, row, f"GET {PATH}", Transient), row) for row in data]


def fills_of(order_id: str, rows: Iterator[tuple[TransactionKey, Row]]) -> list[Fill]:
    """The fills of one order among rows of many, each once, oldest first."""
    return _in_order((key, row) for key, row in rows if key.order_id == order_id)


def fills_in(pairs: Collection[str], rows: Iterator[tuple[TransactionKey, Row]], since: datetime) -> list[Fill]:
    """The fills in some pairs (none = all) back to ``since`` - MARGIN, each once, oldest first.

    Rows of other pairs are not judged. One of an order that names no pair is: nobody can say that it is not ours.
    """
    return _in_order(
        (key, row)
        for key, row in rows
        if key.created_at >= since - MARGIN
        and key.order_id is not None
        and (not pairs or row.get("pair") is None or str(row["pair"]) in pairs)
    )


def _in_order(rows: Iterable[tuple[TransactionKey, Row]]) -> list[Fill]:
    """Rows as fills, by their number: pages may overlap."""
    found = {key.id: row for key, row in rows}
    return [fill(found[number]) for number in sorted(found)]


def fill(row: Row) -> Fill:
    """One row as a fill: coins and yen positive; ``funds`` as the venue moved them, fee already inside; ``fee`` signed.

    A fee is positive when paid and negative when the venue paid us. Raises Halt for a row that contradicts itself: it
    is an execution of ours, so guessing would put a wrong position into the books.
    """
    what = f"transaction {row.get('id')}"
    read = parsed(Transaction, row, what, Halt)
    name = read.pair.removesuffix("_jpy")
    if set(read.funds) != {name, "jpy"} or name == read.pair:
        msg = f"Coincheck, {what}: {read.pair} moved {', '.join(read.funds)}; only coins against yen are understood"
        raise Halt(msg)
    coins, money, side = read.funds[name], read.funds["jpy"], Side(read.side.upper())
    paid_for = coins > 0 > money if side is Side.BUY else coins < 0 < money
    if not (paid_for or (coins > 0 and money > 0)):  # without any sign the side alone says the direction
        msg = f"Coincheck, {what}: says {read.side}, but coins moved by {coins} and yen by {money}"
        raise Halt(msg)
    if read.fee and (read.fee_currency or "JPY").upper() != "JPY":
        msg = f"Coincheck, {what}: fee in {read.fee_currency}; only yen are booked. Look at the order before going on"
        raise Halt(msg)
    coin = name.upper()
    return Fill(
        fill_id=read.id,
        order_id=read.order_id,
        trading_pair=read.pair,
        side=side,
        quantity=Quantity(abs(coins), coin),
        funds=yen(abs(money)),
        fee=yen(read.fee or 0),
        at=read.created_at,
    )
