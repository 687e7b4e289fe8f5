"""The watchdog as a process: what it cannot see it says, and what nobody was told it says again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

import deployments.watchdog
from blocks import watching
from blocks.settings import Settings
from blocks.watching import Guardhouse, SoughtAlerts
from deployments.watchdog import Watchdog, looks
from tests.services.yard import MINUTE, NOW, Held, Of, Yard
from trading.errors import Halt, Transient
from trading.services.watchdog import AGAIN_AFTER, look


@pytest.fixture
def yard() -> Yard:
    return Yard([Held(NOW - 180 * MINUTE)])


class _Stopped:
    """A market whose clock cannot be asked."""

    def now(self) -> datetime:
        raise Transient("no answer")


def test_a_watchdog_that_sees_nothing_says_so_and_fails(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blind, it raises at every look, tells people at the first and again after half an hour, and the loop goes on."""
    dog = Watchdog("embedded", lambda _: Guardhouse(yard.post(), _Stopped()))
    monkeypatch.setattr(deployments.watchdog, "OPEN", {"embedded": dog})
    with pytest.raises(Transient):
        deployments.watchdog.handler({"desk": "embedded"})
    walk = looks(dog, MINUTE, lambda _seconds: None)
    assert [type(next(walk)) for _ in range(2)] == [Transient, Transient]
    assert yard.kinds() == ["watchdog.blind"]
    dog._blind_told_at = datetime.now(UTC) - AGAIN_AFTER
    next(walk)
    assert yard.kinds() == ["watchdog.blind", "watchdog.blind"]


def test_the_function_answers_with_what_it_found(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Lambda handler looks once at the desk of its event, and a told trouble is no error of the function."""
    clock: Any = Of()
    clock.now = lambda: NOW
    dog = Watchdog("embedded", lambda _: Guardhouse(yard.post(), clock))
    monkeypatch.setattr(deployments.watchdog, "OPEN", {"embedded": dog})
    answer = deployments.watchdog.handler({"desk": "embedded"})
    assert (answer["desk"], answer["positions"], answer["told"]) == ("embedded", 1, ["watchdog.unwatched"])


def test_an_address_that_could_not_be_read_once_is_asked_for_again(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets Manager fails for two looks: the alarm counts as lost, and is told at the third, in the same process."""
    answers = [
        Halt("secret trader/slack/webhook_url does not exist"),
        Transient("busy"),
        SecretStr("https://a.example"),
    ]

    def with_slack(settings: Settings) -> Settings:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return settings.model_copy(update={"slack_webhook_url": answer})

    monkeypatch.setattr(watching, "with_slack", with_slack)
    monkeypatch.setattr(watching, "SlackAlerts", lambda _address: yard)
    post = replace(yard.post(), alerts=SoughtAlerts(Settings(secrets="aws")))
    for minute in range(4):
        look(post, NOW + minute * MINUTE)
        assert (yard.watch.told() is not None) == (minute >= 2)
    assert yard.kinds() == ["watchdog.unwatched"]


def test_the_watchdog_reads_no_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefect may be what is down: a post is opened, and told at, without a block that the environment names."""
    monkeypatch.setenv("TRADER_SETTINGS_BLOCK", "paper")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("blocks.settings_block.document", lambda _: pytest.fail("a block was read"))
    assert watching.open_guardhouse("paper").post.stops_entries is False
    with pytest.raises(Exception, match="nope"):
        Watchdog("nope").look()
