"""A limit in Prefect spreads what is sent and never stops it: the floor is elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from blocks import limits
from blocks.limits import FORECASTS, LIMITS, ORDERS, held


class Refused(Exception):
    """What the client raises when all places are taken."""

    response = SimpleNamespace(status_code=423, headers={"Retry-After": "0.3"})


class Server:
    """A Prefect that refuses the first ``full`` calls; knows of how many places are held."""

    def __init__(self, full: int) -> None:
        self.full, self.asked, self.held = full, 0, 0

    def read_global_concurrency_limit_by_name(self, _name):
        return object()

    def increment_concurrency_slots(self, *_):
        self.asked += 1
        if self.asked <= self.full:
            raise Refused

    def increment_concurrency_slots_with_lease(self, *_):
        self.increment_concurrency_slots()
        self.held += 1
        return SimpleNamespace(json=lambda: {"lease_id": "00000000-0000-0000-0000-000000000001"})

    def release_concurrency_slots_with_lease(self, _lease):
        self.held -= 1


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch):
    """Put a server behind the limits, and a clock that only waiting moves."""

    def use(server: Server) -> list[float]:
        now, slept = [0.0], []

        @contextmanager
        def asking():
            yield server

        def sleep(pause_s: float) -> None:
            slept.append(pause_s)
            now[0] += pause_s

        monkeypatch.setattr(limits, "_asking", asking)
        monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
        return slept

    limits._exists.cache_clear()
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        yield use
    limits._exists.cache_clear()


@pytest.mark.parametrize("limit", LIMITS, ids=lambda one: one.name)
def test_a_step_waits_for_its_turn_and_gives_it_back(served, limit: limits.Limit) -> None:
    """Refused three times it goes on the fourth; what it held is free again, also when the step fails."""
    server = Server(full=3)
    slept = served(server)
    with pytest.raises(KeyError), held(limit):
        raise KeyError
    assert (server.asked, len(slept), server.held) == (4, 3, 0)


def test_a_step_goes_on_when_its_turn_does_not_come(served) -> None:
    """However long all places stay taken, an order waits no longer than ``WAIT_S``."""
    slept = served(Server(full=10**6))
    went = []
    with held(ORDERS):
        went.append("sent")
    assert went == ["sent"]
    assert sum(slept) <= limits.WAIT_S


def test_a_server_that_is_away_is_asked_once() -> None:
    """Nothing answers at the API: the step goes on at once, and the next one does not ask again."""
    limits._exists.cache_clear()
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        for limit in (ORDERS, ORDERS, FORECASTS):
            with held(limit):
                pass
        assert limits._exists.cache_info().misses == 2
    limits._exists.cache_clear()
