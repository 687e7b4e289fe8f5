"""The watchdog as a process: what it cannot see it says, and what nobody was told it says again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import deployments.watchdog
from blocks.watching import Guardhouse
from deployments.watchdog import Watchdog, looks
from tests.services.yard import MINUTE, NOW, Held, Of, Yard
from trading.errors import Transient
from trading.services.watchdog import AGAIN_AFTER


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
