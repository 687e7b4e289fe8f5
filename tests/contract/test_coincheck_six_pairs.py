"""All six pairs through our client against the simulated exchange: whatever goes wrong, its ledger bears the error out.

Transient, Rejected and Halt say that no order was made, Unknown that nobody here can tell, an id that there is exactly
one, of that id. The venue's ledger is asked after every attempt.
"""

from __future__ import annotations

import re
import time
from decimal import Decimal

import httpx
import pytest

from adapters.coincheck import client
from adapters.coincheck.signing import nonces_of, signed_headers
from tests.contract.coincheck_desk import LONG_AGO, PAIRS, below, desk_of, smallest
from tests.contract.worlds import open_world
from trading.errors import Halt, Rejected, Transient, Unknown
from trading.money import Quantity, floor_to, yen
from trading.order import MarketBuy, MarketSell, StopSell, summed
from trading.pairs import lot_rules

MAINTENANCE = httpx.Response(503, json={"success": False, "error": "ただいまメンテナンス中です"})
CLOSED = httpx.Response(400, json={"success": False, "error": "ただいまメンテナンス中です"})

every_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.coin)


@pytest.fixture(scope="module")
def desk():
    with open_world(jpy=Decimal(100_000_000)) as world:
        yield desk_of(world)


@pytest.fixture(autouse=True)
def _calm(desk):
    yield
    desk.http.delete(f"{desk.world.url}/_faults").raise_for_status()


def orders_of(desk, pair):
    """One order of each kind that the venue would take."""
    coins = smallest(pair)
    return [
        MarketBuy(pair.coincheck, yen(20_000)),
        MarketSell(pair.coincheck, coins),
        StopSell(pair.coincheck, coins, below(desk, pair, "0.5")),
    ]


@every_pair
def test_the_smallest_order_and_the_smallest_step_are_taken(desk, pair):
    """Exactly the minimum and one step more are sold; the coins that are gone are exactly those."""
    rules, before = lot_rules(pair), desk.holding(pair)
    sizes = (rules.min_size, rules.min_size + rules.size_step)
    for size in sizes:
        sold = desk.attempt(MarketSell(pair.coincheck, Quantity(size, pair.coin)))
        assert isinstance(sold, str)
        assert summed(desk.exchange.fills(sold, LONG_AGO)).quantity.number == size
    assert (before - desk.exchange.balances().free[pair.coin]).number == sum(sizes)


@every_pair
def test_what_breaks_the_lot_rules_is_rejected_in_the_venue_s_words(desk, pair):
    """A step below the minimum, half a step, or yen for less than the minimum: a clear no, and no order."""
    rules = lot_rules(pair)
    desk.holding(pair)
    ask = desk.exchange.ticker(pair.coincheck).ask.number
    for order, words in (
        (MarketSell(pair.coincheck, Quantity(rules.min_size - rules.size_step, pair.coin)), "量が最低量"),
        (MarketSell(pair.coincheck, Quantity(rules.min_size + rules.size_step / 2, pair.coin)), "量の最小単位"),
        (MarketBuy(pair.coincheck, yen(floor_to(ask * rules.min_size, Decimal(1)) - 1)), "量が最低量"),
        (MarketBuy(pair.coincheck, yen("0.9")), "over nothing"),
    ):
        error = desk.attempt(order)
        assert type(error) is Rejected
        assert words in str(error)


@every_pair
def test_what_the_account_does_not_have_is_rejected_in_the_venue_s_words(desk, pair):
    """More yen or more coins than there are, in Japanese: Rejected, one line, and no order."""
    coins = desk.holding(pair) + smallest(pair)
    jpy = desk.exchange.balances().jpy_free + yen(1)
    for order, short in (
        (MarketBuy(pair.coincheck, jpy), "JPY"),
        (MarketSell(pair.coincheck, coins), pair.coin),
        (StopSell(pair.coincheck, coins, below(desk, pair, "0.5")), pair.coin),
    ):
        error = desk.attempt(order)
        assert type(error) is Rejected
        assert re.search(rf"not enough money or coins .*{short}の所持金額が足りません", str(error))


@every_pair
@pytest.mark.parametrize(
    ("fault", "kind", "made"),
    [
        ({"kind": "429"}, Transient, 0),
        ({"kind": "html"}, Unknown, 0),
        ({"kind": "5xx"}, Unknown, 0),
        ({"kind": "status", "status": 500}, Unknown, 0),
        ({"kind": "status", "status": 401}, Halt, 0),
        ({"kind": "reset"}, Unknown, 0),
        ({"kind": "truncated"}, Unknown, 1),
        ({"kind": "lost_reply"}, Unknown, 1),
    ],
    ids=["429", "html with 200", "503", "500", "401", "reset", "truncated", "lost reply"],
)
def test_every_failed_send_is_the_error_that_its_outcome_deserves(desk, pair, fault, kind, made):
    """Buy, sell and stop: one request, one typed error that the ledger bears out, and the next order is taken."""
    desk.holding(pair)
    for order in orders_of(desk, pair):
        before = len(desk.accepted())
        desk.fault(method="POST", **fault)
        assert type(desk.attempt(order)) is kind
        assert len(desk.accepted()) == before + made
        assert isinstance(desk.attempt(order), str)
    for resting in desk.exchange.open_orders():
        desk.exchange.cancel(resting.order_id)


@every_pair
@pytest.mark.parametrize(
    ("answer", "kind"), [(MAINTENANCE, Unknown), (CLOSED, Transient)], ids=["with 503", "as a refusal"]
)
def test_maintenance_is_believed_as_a_refusal_and_not_as_a_server_fault(desk, pair, answer, kind):
    """The API's own no to an order during maintenance made none; a 503 may come from in front of it, after it."""
    shut = desk_of(desk.world, transport=httpx.MockTransport(lambda _request: answer))
    desk.holding(pair)
    for order in orders_of(desk, pair):
        assert type(desk.attempt(order, shut.exchange)) is kind


@every_pair
def test_a_nonce_behind_is_transient_and_makes_no_order(desk, pair, monkeypatch):
    """Another user of the key was ahead: nothing is made until our number has passed theirs, then exactly one is."""
    monkeypatch.setattr(client, "AHEAD_S", 60.0)  # six times in a row the lead adds up
    with nonces_of(desk.credentials.access_key).turn() as nonce:
        asked_elsewhere(desk, nonce + 2_500_000)
    order = MarketBuy(pair.coincheck, yen(20_000))
    results = [desk.attempt(order)]
    while not isinstance(results[-1], str):
        assert type(results[-1]) is Transient
        assert "nonce" in str(results[-1]).lower()
        assert len(results) < 6
        results.append(desk.attempt(order))
    assert len(results) > 1


def asked_elsewhere(desk, nonce):
    """A signed question of another process with the same key."""
    url = f"{desk.world.url}/coincheck/api/accounts/balance"
    answer = desk.http.get(url, headers=signed_headers(desk.credentials, nonce, url, b""))
    assert answer.json()["success"] is True


def test_an_order_paused_behind_its_fence_cannot_follow_a_later_look():
    """The fence said yes, the process slept, another executor looked: the late order is refused by its own nonce."""
    with open_world(jpy=Decimal(1_000_000), access_key="key-of-a-paused-executor") as world:
        desk = desk_of(world)
        order = MarketBuy("btc_jpy", yen(20_000))

        def paused() -> bool:
            asked_elsewhere(desk, time.time_ns() // 1000)  # the nonce of any other process, now
            return True

        with pytest.raises(Transient, match="nonce"):
            desk.exchange.place(order, paused)
        assert desk.accepted() == []
        assert isinstance(desk.attempt(order), str)


@every_pair
@pytest.mark.parametrize("what", ["no", "cannot say"])
def test_without_the_fence_s_yes_the_venue_hears_nothing(desk, pair, what):
    """Our time is over, or whether it is cannot be asked: Transient, and the venue got no request at all."""

    def fence() -> bool:
        if what == "no":
            return False
        msg = "the books cannot be read"
        raise Halt(msg)

    desk.fault(kind="5xx")  # would be hit by any request
    before = desk.accepted()
    with pytest.raises(Transient, match="not sent"):
        desk.exchange.place(MarketBuy(pair.coincheck, yen(20_000)), fence)
    assert desk.accepted() == before
    (fault,) = desk.http.get(f"{desk.world.url}/_faults").json()
    assert fault["fired"] == 0
