"""The paper ledger in order-state: one setting with what is held, one item an order; each change is one transaction.

Everything is read consistently. Fills since a time come from an index, which may lag; the account names the newest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from adapters.dynamodb.client import Dynamo, Write
from adapters.dynamodb.errors import Lost
from adapters.dynamodb.records import from_item, to_item
from adapters.dynamodb.wire import Item, epoch, iso
from adapters.paper.account import PaperAccount, PaperOrder
from trading.errors import Transient, Unknown
from trading.money import JPY, Amount
from trading.tables import GSI5, ORDER_STATE, PAPER_ORDER_TTL_DAYS, TTL, Names
from trading.venue import OrderState

LEDGER: Item = {"pk": "GLOBALCONFIG", "sk": "SETTING#PAPER_LEDGER"}
STEPS = 3
"""How often the ledger is looked for while it is being made."""


class PaperBook:
    """What paper holds and all its orders; safe for many threads and processes.

    start_jpy:  what the account begins with, written when there is none yet and never again.
    """

    def __init__(self, names: Names, dynamo: Dynamo, start_jpy: Amount[JPY], now: Callable[[], datetime]) -> None:
        self._table = names.table(ORDER_STATE)
        self._dynamo, self._start_jpy, self._now = dynamo, start_jpy, now

    def account(self) -> PaperAccount:
        """The account as it stands, made when it is not there. Raises Transient or Halt."""
        for _ in range(STEPS):
            found = self._dynamo.get(self._table, LEDGER)
            if found is not None:
                return from_item(PaperAccount, found)
            new = _account_item(PaperAccount.start(self._start_jpy, self._now()), self._now())
            try:
                self._dynamo.write(Write("Put", self._table, new, "the paper ledger", "attribute_not_exists(#pk)"))
            except (Lost, Unknown):
                continue  # somebody made it first, perhaps we: read which
        raise Transient("the paper ledger could not be made: replies are lost again and again; try again")

    def order(self, order_id: str) -> PaperOrder | None:
        """One order; None when there never was one, or it is long forgotten."""
        return next(iter(self.orders([order_id])), None)

    def orders(self, order_ids: Iterable[str]) -> list[PaperOrder]:
        """Those of the orders that there are, oldest first."""
        found = self._dynamo.get_all(self._table, map(_order_key, order_ids))
        return sorted((from_item(PaperOrder, item) for item in found), key=lambda order: int(order.placed.order_id))

    def filled_since(self, since: datetime, account: PaperAccount) -> list[PaperOrder]:
        """The orders that were filled since a time, oldest order first, and perhaps some that were filled before."""
        day, last = max(since, account.created_at).astimezone(UTC).date(), self._now().astimezone(UTC).date()
        numbers = set(account.latest)
        while day <= last:
            under: Item = {"pk": f"PAPER#DATE#{day:%Y-%m-%d}"}
            keys = self._dynamo.query(
                self._table, "#gs5pk = :pk", under, IndexName=GSI5.name, ProjectionExpression="#pk"
            )
            numbers |= {str(key["pk"]).removeprefix("PAPER_ORDER#") for key in keys}
            day += timedelta(days=1)
        return self.orders(sorted(numbers))

    def save(self, account: PaperAccount, *orders: PaperOrder) -> PaperAccount:
        """Write the account one version on, with the orders that changed it, in one transaction; the account as stored.

        Raises Lost when somebody wrote in between, Transient when nothing happened, Unknown when it may have.
        """
        at, thing = self._now(), f"the paper ledger (version {account.version})"
        stored = replace(account, version=account.version + 1)
        before: Item = {"before": account.version}
        self._dynamo.write(
            Write("Put", self._table, _account_item(stored, at), thing, "#version = :before", values=before),
            *(Write("Put", self._table, _order_item(order, at), "its order") for order in orders),
        )
        return stored


def _order_key(order_id: str) -> Item:
    return {"pk": f"PAPER_ORDER#{order_id}", "sk": "METADATA"}


def _account_item(account: PaperAccount, at: datetime) -> Item:
    return {
        **to_item(account),
        **LEDGER,
        "item_type": "setting",
        "created_utc": iso(account.created_at),
        "last_updated_utc": iso(at),
    }


def _order_item(order: PaperOrder, at: datetime) -> Item:
    """An order; a filled one stands in the list of the day on which it was filled."""
    placed = order.placed
    item: Item = {
        **to_item(order),
        **_order_key(placed.order_id),
        "item_type": "paper_order",
        "created_utc": iso(placed.created_at),
        "last_updated_utc": iso(at),
    }
    if placed.state in {OrderState.FILLED, OrderState.CANCELED}:
        item[TTL] = epoch(at + timedelta(days=PAPER_ORDER_TTL_DAYS))
    for fill in order.fills:
        filled_at = fill.at.astimezone(UTC)
        item["gs5pk"] = f"PAPER#DATE#{filled_at:%Y-%m-%d}"
        item["gs5sk"] = f"TIME#{filled_at:%H:%M:%S}#{placed.order_id}"
    return item
