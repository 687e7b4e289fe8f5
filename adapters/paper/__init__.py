"""Paper: an exchange with real prices, simulated fills and a ledger of its own. No account at a venue is touched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from adapters.aws import Aws
from adapters.dynamodb.client import Dynamo
from adapters.paper.book import PaperBook
from adapters.paper.exchange import PaperExchange, Prices
from trading.money import JPY, Amount
from trading.tables import Names

__all__ = ["PaperBook", "PaperExchange", "Prices", "open_paper_book"]


def open_paper_book(names: Names, aws: Aws, start_jpy: Amount[JPY], now: Callable[[], datetime]) -> PaperBook:
    """The paper ledger of a desk; no request is made yet, and ``start_jpy`` counts only when there is none."""
    return PaperBook(names, Dynamo(aws.dynamodb), start_jpy, now)
