"""What people paused or switched off in Prefect stays so when everything is deployed again."""

from __future__ import annotations

import atexit
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.as_code import kept


class Server:
    """Deployments as Prefect keeps them; it notes whenever one could start a run by itself."""

    def __init__(self, turned: list[tuple[bool, list[bool]]]) -> None:
        self.there = {
            one.id: one
            for paused, schedules in turned
            for one in [
                SimpleNamespace(
                    id=uuid4(),
                    paused=paused,
                    schedules=[SimpleNamespace(id=uuid4(), active=active) for active in schedules],
                )
            ]
        }
        self.could_run: set[UUID] = set()

    def read_deployments(self, **_: Any) -> list[Any]:
        return list(self.there.values())

    def read_deployment(self, deployment: UUID) -> Any:
        return self.there[deployment]

    def pause_deployment(self, deployment: UUID) -> None:
        self.there[deployment].paused = True
        self._look()

    def update_deployment_schedule(self, deployment: UUID, schedule: UUID, *, active: bool) -> None:
        (found,) = (one for one in self.there[deployment].schedules if one.id == schedule)
        found.active = active
        self._look()

    def deploy(self) -> None:
        """As `prefect deploy --all`: resumes what is paused, leaves schedules as active as they are."""
        for one in self.there.values():
            one.paused = False
        self._look()

    def _look(self) -> None:
        self.could_run |= {
            one.id for one in self.there.values() if not one.paused and any(each.active for each in one.schedules)
        }

    def turned(self) -> list[tuple[bool, list[bool]]]:
        return [(one.paused, [each.active for each in one.schedules]) for one in self.there.values()]


TURNED = st.lists(st.tuples(st.booleans(), st.lists(st.booleans(), max_size=2)), max_size=4)


@given(turned=TURNED, dies=st.booleans())
def test_what_is_paused_never_runs_through_a_deploy(turned: list[tuple[bool, list[bool]]], dies: bool) -> None:
    """Pauses and inactive schedules are the same after a deploy; a deploy that dies leaves what was paused stopped."""
    server = Server(turned)
    off = {one.id for one in server.there.values() if one.paused or not any(each.active for each in one.schedules)}
    held = kept.hold(server)
    server.deploy()
    if not dies:
        kept.give_back(server, held)
        assert server.turned() == turned
    assert not server.could_run & off


def test_pauses_are_given_back_when_the_command_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The step of a deploy holds what is paused at once, and pauses it again at the end of the process."""
    server: Any = Server([(True, [True]), (False, [True])])
    ends: list[Any] = []
    server.__class__ = type("Client", (Server,), {"__enter__": lambda self: self, "__exit__": lambda *_: None})
    monkeypatch.setattr(kept, "get_client", lambda **_: server)
    monkeypatch.setattr(atexit, "register", ends.append)
    kept.keep_pauses()
    server.deploy()
    assert server.turned() == [(False, [False]), (False, [True])]
    ends[0]()
    assert server.turned() == [(True, [True]), (False, [True])]


@pytest.mark.parametrize("on", [True, False])
def test_a_trigger_that_was_switched_off_stays_off(on: bool) -> None:
    """Each deploy makes the trigger of orders anew: as it was."""
    client = SimpleNamespace(read_automations_by_name=lambda _: [SimpleNamespace(enabled=on)])
    assert kept.trigger_on(client) is on
