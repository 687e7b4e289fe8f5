"""Settings from a Prefect block: a few that move no money, and never a reason to wait or to stop."""

from __future__ import annotations

import logging
import os
from decimal import Decimal
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from blocks import settings_block
from blocks.documents import plain_fields
from blocks.settings import Settings, load_settings
from trading.errors import BadInput

DECIDES = {
    "prefix",
    "desk",
    "live",
    "state",
    "strategy",
    "pairs_config",
    "protective_stops",
    "watchdog_stops_entries",
    "forecast_model",
    "sagemaker_endpoint",
    "secrets",
    "task_runner",
    "settings_block",
    "work_pool",
    "analysis",
    "quality",
}
"""Where money goes, what is bought, what protects it, where anything is or runs."""


@pytest.fixture
def block(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A block that processes of this test read."""
    filled: dict[str, Any] = {}
    for name in [name for name in os.environ if name.startswith("TRADER_")]:  # whatever other tests point at
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRADER_SETTINGS_BLOCK", "paper")
    monkeypatch.setattr(settings_block, "document", lambda _: filled)
    return filled


def test_a_block_holds_no_setting_that_decides_about_money() -> None:
    """No secret, no address, and nothing of what decides where money goes or protects it has a field in a block."""
    held = set(plain_fields())
    secret = {name for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)}
    assert held == set(settings_block.OPEN) <= set(Settings.model_fields)
    assert not held & (secret | DECIDES)
    assert not [name for name in held if "url" in name or "address" in name or "key" in name]
    assert set(Settings.model_fields) >= DECIDES
    assert all(field.description for _, field in plain_fields().values())


def test_the_environment_goes_before_the_block_and_the_block_before_the_default(
    monkeypatch: pytest.MonkeyPatch, block: dict[str, Any]
) -> None:
    """One setting from each place; an empty field says nothing; what may not stand there never comes from a block."""
    block |= {"paper_jpy": 5_000, "logs": "json", "prefix": "block", "desk": "live", "live": "I-accept-real-orders"}
    block |= {"coincheck_url": "https://evil.example", "protective_stops": False, "paper_fee_pct": None}
    monkeypatch.setenv("TRADER_LOGS", "text")
    found, plain = load_settings(), Settings.model_fields
    assert (found.logs, found.paper_jpy, found.paper_fee_pct) == ("text", 5_000, Decimal(0))
    assert (found.prefix, found.desk, found.coincheck_url) == ("trader", "embedded", plain["coincheck_url"].default)
    assert (found.protective_stops, found.live) == (None, None)
    assert load_settings(block=False).paper_jpy == 100_000


def test_a_wrong_value_in_a_block_stops_nothing(block: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    """It is left out with a line that names it, and the right ones hold."""
    block |= {"paper_jpy": -1, "logs": "json"}
    found = load_settings()
    assert (found.paper_jpy, found.logs) == (100_000, "json")
    assert "paper_jpy" in caplog.text


@pytest.mark.parametrize("api", ["", "http://127.0.0.1:9/api"])
def test_a_process_goes_on_without_a_block_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, api: str
) -> None:
    """Prefect is down or not configured: environment and defaults hold, one line of error says so, once a process."""
    settings_block.document.cache_clear()
    monkeypatch.setenv("TRADER_SETTINGS_BLOCK", "paper")
    with caplog.at_level(logging.ERROR), temporary_settings({PREFECT_API_URL: api or None}):
        assert load_settings() == load_settings()
    (line,) = [one for one in caplog.records if one.name == "trader.settings"]
    assert "trader-settings/paper cannot be read" in line.getMessage()
    assert "\n" not in line.getMessage()
    settings_block.document.cache_clear()


def test_what_must_work_without_prefect_asks_it_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings without the block read none, and a wrong variable is still said in one line."""
    monkeypatch.setenv("TRADER_SETTINGS_BLOCK", "paper")
    monkeypatch.setattr(settings_block, "document", lambda _: pytest.fail("a block was read"))
    assert load_settings(block=False).settings_block == "paper"
    monkeypatch.setenv("TRADER_PAPER_JPY", "-1")
    with pytest.raises(BadInput, match="TRADER_PAPER_JPY"):
        load_settings(block=False)
