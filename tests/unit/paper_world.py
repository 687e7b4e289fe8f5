"""What paper's unit tests are made of: prices that a test sets, and a book in memory that can lose a race."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from adapters.dynamodb.errors import Lost
from adapters.paper import PaperExchange
from adapters.paper.account import PaperAccount
from tests.unit.made import NOW
from trading.errors import Rejected
from trading.money import JPY, Price, Quantity, yen
from trading.order import MarketBuy, MarketSell, StopSell
from trading.venue import Availability, Ticker

START = yen(1_000_000)


class Market:
    """Bids that a test sets; the ask is one yen above."""

    def __init__(self, **bids):
        self.bids = {"btc_jpy": 10_000_000, "xrp_jpy": 300, **bids}
        self.open = True

    def ticker(self, trading_pair):
        if trading_pair not in self.bids:
            raise Rejected(f"{trading_pair} is not listed")
        coin, bid = trading_pair.removesuffix("_jpy").upper(), Decimal(self.bids[trading_pair])
        return Ticker(trading_pair, *(Price(number, coin, JPY) for number in (bid, bid + 1, bid)), NOW)

    def availability(self, trading_pair):
        return Availability(self.open and trading_pair in self.bids, "available" if self.open else "stop")


class MemoryBook:
    """The book without a table; the next ``losses`` writes lose to somebody else."""

    def __init__(self):
        self.stored, self.all, self.losses, self.writes = PaperAccount.start(START, NOW), {}, 0, 0

    def account(self):
        return self.stored

    def order(self, order_id):
        return self.all.get(order_id)

    def orders(self, order_ids):
        return [self.all[number] for number in order_ids if number in self.all]

    def filled_since(self, since, account):
        return list(self.all.values())

    def save(self, account, *orders):
        if self.losses:
            self.losses -= 1
            self.stored = replace(self.stored, version=self.stored.version + 1)
        if account.version != self.stored.version:
            raise Lost(["the paper ledger"])
        self.stored = replace(account, version=account.version + 1)
        self.all |= {order.placed.order_id: order for order in orders}
        self.writes += 1
        return self.stored


def paper(market=None, book=None, slippage_pct="0", fee_pct="0", at=NOW):
    return PaperExchange(market or Market(), book or MemoryBook(), lambda: at, Decimal(slippage_pct), Decimal(fee_pct))


def ours():
    return True


def buy(spend, pair="btc_jpy"):
    return MarketBuy(pair, yen(spend))


def sell(coins, pair="btc_jpy"):
    return MarketSell(pair, Quantity(Decimal(coins), pair.removesuffix("_jpy").upper()))


def stop(coins, trigger, pair="btc_jpy"):
    coin = pair.removesuffix("_jpy").upper()
    return StopSell(pair, Quantity(Decimal(coins), coin), Price(Decimal(trigger), coin, JPY))
