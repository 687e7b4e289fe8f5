"""I25: planted secrets are found in no log, no artifact, no run parameter, no exception and no database row."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from blocks.desk import Desk, open_desk
from blocks.provisioning import provision_desk
from deployments.embedded import ENDPOINTS, World
from deployments.prefect_runs import flush
from flows.analyze import analyze
from flows.collect_prices import collect_prices
from flows.execute_orders import execute_orders
from flows.monitor_positions import monitor_positions
from flows.reconcile import reconcile
from trading.errors import TradingError

PLANTED = {
    "TRADER_COINCHECK_ACCESS_KEY": "planted-access-7f3a91",
    "TRADER_COINCHECK_SECRET_KEY": "planted-secret-9c1d42",
    "TRADER_REDIS_URL": "redis://:planted-redis-8b7d03@127.0.0.1:1/0",
    "TRADER_LIVE": "planted-phrase-55e0aa",
}
HOOK = "planted-hook-4e2b66"
FAULTS = ("5xx", "reset", "html", "truncated", "lost_reply", "429")


@pytest.fixture
def planted(world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Desk]:
    """The desk again, with planted secrets; the venue refuses its key."""
    del desk

    def open_() -> Desk:
        for name, value in PLANTED.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("TRADER_SLACK_WEBHOOK_URL", f"{world.simulator_url}/slack/services/T0/B0/{HOOK}")
        provision_desk("embedded")
        return open_desk("embedded")

    return open_


def everything_fails(world: World, told: list[str]) -> None:
    """Every flow, under every fault of every provider; what each raised is kept."""
    flows: list[Any] = [collect_prices, analyze, execute_orders, monitor_positions, reconcile]
    for flow, kind in zip(flows * 2, FAULTS * 2, strict=False):
        for target in ("coincheck", "binance", "slack"):
            world.faults([{"target": target, "kind": kind, "times": 1}])
        world.step_to(world.now() + timedelta(seconds=1))
        try:
            flow(desk="embedded")
        except TradingError as error:
            told.append(repr(error))
        world.clear_faults()


def test_no_secret_is_ever_written_down(
    world: World, planted: Callable[[], Desk], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Everything that can fail fails while secrets are set; then every file that was written and every word is read."""
    room, told = planted(), list[str]()
    with caplog.at_level(logging.DEBUG):
        everything_fails(world, told)
        logging.getLogger("somebody").error("GET %s with %s", f"https://x/?api_key={HOOK}", PLANTED)
        broken = RuntimeError(f"a library shows {PLANTED['TRADER_COINCHECK_SECRET_KEY']}")
        logging.getLogger("somebody").error("it failed", exc_info=broken)
    flush()
    said = capfd.readouterr()
    seen = {"out": said.out, "err": said.err, "log": caplog.text, "raised": "\n".join(told), "desk": repr(room)}
    assert len(told) >= len(FAULTS)
    for name, text in seen.items():
        assert [value for value in (*PLANTED.values(), HOOK) if value in text] == [], name
    for file in world.state.rglob("*"):
        if file.is_file() and file.name != ENDPOINTS:
            data = file.read_bytes()
            assert [value for value in (*PLANTED.values(), HOOK) if value.encode() in data] == [], file


def test_the_search_would_find_one(world: World, planted: Callable[[], Desk]) -> None:
    """A secret that is written into a run's name is in the server's database, so the search above looks where it is."""
    planted()
    reconcile.with_options(flow_run_name="left-in-the-open-1234")(desk="embedded", return_state=True)
    flush()
    files = [file.read_bytes() for file in world.state.rglob("*.db*") if file.is_file()]
    assert any(b"left-in-the-open-1234" in data for data in files)
