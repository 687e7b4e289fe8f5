"""Three desks from one set of parts: what differs is where orders go, and what must be true before they do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.aws import Aws
from blocks.desk import Desk, inspect_desk, open_desk
from blocks.provisioning import provision_desk
from deployments.commands.desk import HowFar, Switch, kill_switch, positions, status
from tests.services.conftest import Room, new_names
from trading.errors import BadInput, Halt
from trading.limits import KillSwitch, Mode
from trading.money import yen
from trading.order import MarketBuy
from trading.services import protect
from trading.services.reconcile import reconcile
from trading.tables import ORDER_STATE, Names

PHRASE = "I-accept-real-orders"
type Opened = Callable[..., Desk]


@pytest.fixture
def names(aws: Aws) -> Names:
    """Tables that no other test had: desks make more under the same prefix."""
    return new_names(aws)


@pytest.fixture
def opened(room: Room, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Opens a desk in the room: its stand-ins, its tables, and whatever more is set."""

    def open_(name: str, **settings: str) -> Desk:
        config = room.world.config
        env = {
            "AWS_ENDPOINT_URL": room.aws.endpoint,
            "TRADER_PREFIX": room.names.prefix,
            "TRADER_BINANCE_URL": f"{room.world.url}/binance",
            "TRADER_COINCHECK_URL": f"{room.world.url}/coincheck",
            "TRADER_COINCHECK_ACCESS_KEY": config.access_key,
            "TRADER_COINCHECK_SECRET_KEY": config.secret_key,
            **settings,
        }
        for key, value in env.items():
            monkeypatch.setenv(key, value)
        provision_desk(name)
        return open_desk(name)

    return open_


def test_paper_and_live_share_one_budget_and_one_count(opened: Opened, room: Room) -> None:
    """Whichever desk asks: one item a place and one a month, in the table of the plain prefix, and so one limit."""
    settings = {"TRADER_SAGEMAKER_ENDPOINT": "chronos-2", "TRADER_CRYPTOPANIC_API_KEY": "k", "TRADER_LIVE": PHRASE}
    desks = [opened(name, **settings) for name in ("paper", "live")]
    budgets = [desk.forecaster._links[0]._model._model._budget for desk in desks]  # type: ignore[attr-defined]
    counts = [desk.news._allowance.quota for desk in desks]  # type: ignore[attr-defined]
    now = room.now()
    places = [one.capacity.take(one.name, one.limit, 180, f"h{n}", now) for n in range(5) for one in budgets]
    assert sum(place is not None for place in places) == budgets[0].limit == 6
    assert [counts[n % 2].take(now, 3) for n in range(6)] == [True] * 3 + [False] * 3


def test_paper_alone_makes_what_it_shares(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """``init --desk paper`` makes its own things and the one table that desks share; the second time, nothing."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", room.aws.endpoint)
    monkeypatch.setenv("TRADER_PREFIX", f"{room.names.prefix}-alone")
    shared = f"table {Names(f'{room.names.prefix}-alone').table(ORDER_STATE)}"
    made = provision_desk("paper")
    assert [one for one in made if "-paper" not in one] == [shared]
    assert provision_desk("paper") == []


@pytest.mark.parametrize("said", ["", "yes", "i-accept-real-orders"])
def test_the_live_desk_opens_only_with_the_phrase(opened: Opened, said: str) -> None:
    """Anything but the exact words places no real order; looking at the desk needs no phrase."""
    with pytest.raises(Halt, match=PHRASE):
        opened("live", TRADER_LIVE=said)
    assert inspect_desk("live").name == "live"
    assert opened("live", TRADER_LIVE=PHRASE).name == "live"


def test_the_live_desk_needs_credentials(opened: Opened) -> None:
    """Without a key there is nothing to trade with: said in one line, before anything is asked."""
    with pytest.raises(Halt, match="TRADER_COINCHECK_ACCESS_KEY"):
        opened("live", TRADER_LIVE=PHRASE, TRADER_COINCHECK_ACCESS_KEY="")


def test_an_unknown_desk_is_refused(opened: Opened) -> None:
    """The message names the desks there are."""
    with pytest.raises(BadInput, match="embedded, paper and live"):
        opened("test")


def test_a_broken_strategy_keeps_nobody_from_stopping_and_seeing(
    opened: Opened,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With one bad line in the strategy file nothing trades; kill switch and positions need none, status says so."""
    opened("embedded")
    file = tmp_path / "strategy.json"
    file.write_text('{"nope": 1}')
    monkeypatch.setenv("TRADER_STRATEGY", str(file))
    for refused in (open_desk, inspect_desk):
        with pytest.raises(BadInput, match="nope is not a parameter"):
            refused("embedded")
    for secret in ("TRADER_COINCHECK_ACCESS_KEY", "TRADER_COINCHECK_SECRET_KEY"):
        monkeypatch.setenv(secret, "")
    kill_switch(Switch.on, "a bad line", HowFar.nothing, "embedded")
    positions("embedded")
    assert not caplog.records
    with pytest.raises(BadInput, match="nope"):  # sets the credentials again, which balances need
        opened("embedded")
    status("embedded")
    said = capsys.readouterr().out
    assert "kill switch NOTHING" in said
    assert "nothing is held" in said
    assert "nope is not a parameter" in caplog.text


def test_the_live_desk_does_not_start_under_the_kill_switch(opened: Opened, room: Room) -> None:
    """Entries may not start, and the message says who set it and how to take it off; off, they may."""
    desk = opened("live", TRADER_LIVE=PHRASE)
    room.ledger.set_kill_switch(KillSwitch(Mode.NO_ENTRIES, "holiday", "me", room.now()))
    with pytest.raises(Halt, match="holiday"):
        desk.arm()
    room.ledger.set_kill_switch(KillSwitch(Mode.OFF, "back", "me", room.now()))
    desk.arm()


def test_the_live_desk_does_not_start_unreconciled(opened: Opened, room: Room) -> None:
    """Coins that the book does not know stop it, whatever the last comparison said; accepted, it starts."""
    desk = opened("live", TRADER_LIVE=PHRASE)
    reconcile(room.now(), desk.pairs, room.ledger, room.exchange, room.strategy)
    room.world.advance(1)
    room.exchange.place(MarketBuy("btc_jpy", yen(20_000)), lambda: True)
    with pytest.raises(Halt, match="BTC"):
        desk.arm()


def test_every_desk_notes_what_was_there_before_its_first_order(opened: Opened) -> None:
    """Entries start with a baseline in the books, so that the first fill can already be compared."""
    desk = opened("embedded", TRADER_PREFIX="never-compared")
    assert desk.ledger.baseline() is None
    desk.arm()
    baseline = desk.ledger.baseline()
    assert baseline is not None
    assert baseline.of("JPY") == desk.exchange.balances().jpy.number


def test_paper_has_the_venues_prices_and_an_account_of_its_own(opened: Opened, room: Room) -> None:
    """A paper buy moves paper yen only: the venue sees no order, and the tables are not those of real money."""
    desk = opened("paper", TRADER_PAPER_JPY="50000")
    assert desk.exchange.ticker("eth_jpy") == room.exchange.ticker("eth_jpy")
    order_id = desk.exchange.place(MarketBuy("eth_jpy", yen(10_000)), lambda: True)
    (fill,) = desk.exchange.fills(order_id, desk.clock.now() - timedelta(hours=1))
    assert fill.funds <= yen(10_000)
    assert desk.exchange.balances().jpy == yen(50_000) - fill.funds
    assert room.venue_orders() == 0
    assert room.ledger.totals().coins == {}


@pytest.mark.parametrize(("name", "said", "kept"), [("live", "", True), ("live", "false", False), ("paper", "", False)])
def test_stops_rest_at_the_venue_on_the_live_desk(opened: Opened, name: str, said: str, kept: bool) -> None:
    """On by default where money is real, off elsewhere, and one setting says otherwise."""
    desk = opened(name, TRADER_LIVE=PHRASE, TRADER_PROTECTIVE_STOPS=said)
    assert (desk.guard is not protect.leave) is kept
