"""Prefect is brought to what the code says, and no further: twice changes nothing, and a person's change stays."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prefect.automations import AutomationCore
from prefect.settings.models.root import Settings

from deployments.as_code import automations, dead_runs, pools
from deployments.as_code.things import Applied, Memory, Site, Thing, digest, remembered, settled
from deployments.prefect_server import RUNS
from flows import FLOWS
from trading.errors import Halt

ANY: Any = None


class Shelf:
    """A server with one thing on it, which it keeps in its own words."""

    def __init__(self) -> None:
        self.has: Any = None

    def put(self, value: Any) -> None:
        self.has = None if value is None else {"value": value, "filled in": "by the server"}

    def thing(self, wanted: Any) -> Thing:
        return Thing("thing", wanted, lambda _: self.has, lambda _: self.put(wanted), lambda _: self.put(wanted))


def brought(shelf: Shelf, wanted: Any, memory: Memory, *, reset: bool = False) -> Applied:
    done = Applied()
    settled(ANY, shelf.thing(wanted), memory, done, reset=reset)
    return done


@settings(max_examples=40)
@given(versions=st.lists(st.integers(0, 3), min_size=1), by_hand=st.integers(4, 9), reset=st.booleans())
def test_a_thing_follows_the_code_until_a_person_takes_it(versions: list[int], by_hand: int, reset: bool) -> None:
    """Every version of ours is applied once; a person's stays until --reset; what was deleted comes back."""
    shelf, memory = Shelf(), {}
    for before, wanted in zip([None, *versions], versions, strict=False):
        assert bool(brought(shelf, wanted, memory).changed) is (before != wanted)
        assert brought(shelf, wanted, memory) == Applied()
    last = versions[-1]
    shelf.put(by_hand)
    done = brought(shelf, last, memory, reset=reset)
    assert (bool(done.changed), bool(done.left)) == (reset, not reset)
    assert shelf.has["value"] == (last if reset else by_hand)
    shelf.put(None)
    assert brought(shelf, last, memory).changed == ["created thing"]


def test_what_was_applied_is_remembered_when_init_breaks_off() -> None:
    """A failure in the middle keeps the memory of what was done, so that the next init knows it as ours."""
    kept: list[Any] = []
    client: Any = SimpleNamespace(read_variable_by_name=lambda _: None)
    client.create_variable = lambda one: kept.append(one.value)

    def broken_off() -> None:
        with remembered(client) as memory:
            memory["work pool trader"] = ["a", "b"]
            raise KeyError

    with pytest.raises(KeyError):
        broken_off()
    assert kept == [{"work pool trader": ["a", "b"]}]


@given(names=st.permutations(["b", "a", "c"]))
def test_a_set_is_the_same_in_any_order(names: list[str]) -> None:
    """Prefect lists events of a trigger in any order: that is no difference."""
    assert digest({"expect": names}) == digest({"expect": set(names)})


def test_a_push_pool_is_refused_where_runs_would_only_go_late() -> None:
    """ecs:push on a server of one's own is one line that names the setting to use; on Prefect Cloud it is made."""
    pushed: Any = SimpleNamespace(work_pool="ecs:push")
    with pytest.raises(Halt, match="TRADER_WORK_POOL=ecs "):
        pools.must_be_possible(Site("paper", pushed, cloud=False))
    pools.must_be_possible(Site("paper", pushed, cloud=True))


def test_no_answer_can_answer_itself() -> None:
    """Every flow of ours is answered when it fails, except the one that answers: a loop has no way in."""
    trigger: Any = automations.answer_failures(uuid4()).trigger
    assert set(trigger.match_related.model_dump()["prefect.resource.name"]) == set(FLOWS) - {"remediate_error"}


def test_an_automation_names_the_flow_that_it_starts() -> None:
    """All deployments are called trader, and Prefect shows only that: the description says which flow is meant."""
    assert "remediate_error" in str(automations.answer_failures(uuid4()).description)
    assert "analyze" in str(automations.analyse_by_event(uuid4()).description)


def test_no_alarm_rests_on_an_answer_of_the_event() -> None:
    """A run that is missing has no event to fill a text from: what is said then has no blanks."""
    made: list[AutomationCore] = [
        automations.speak_of_unwatched(uuid4(), "paper"), automations.speak_of_late(uuid4(), "paper")
    ]  # fmt: skip
    for one in made:
        (action,) = one.model_dump()["actions"]
        assert "{{" not in action["subject"] + action["body"]
        assert "paper" in action["body"]


@pytest.mark.parametrize("pool", ["process", "ecs", "ecs:push"])
def test_silence_is_several_heartbeats_long(pool: str) -> None:
    """Whatever ends silent runs waits for three of the heartbeats that these runs are given.

    Prefect's own are 180 s apart: without the variable, a healthy run of two minutes was called Crashed.
    """
    beat_s = int(RUNS["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"])
    own = Settings.model_fields["flows"].default_factory().heartbeat_frequency  # type: ignore[union-attr, call-arg]
    for one in dead_runs.automations(pool):
        trigger: Any = one.trigger
        of_a_worker = any(spec.model_dump() == dead_runs.OF_A_WORKER for spec in trigger.match_related)
        assert trigger.within >= timedelta(seconds=3 * (beat_s if of_a_worker else own))
        assert {dead_runs.BEAT, "prefect.flow-run.Completed"} <= trigger.expect


def test_a_run_that_dies_before_its_first_heartbeat_is_ended_too() -> None:
    """Most of a short run is importing: the clock starts when a worker takes it, not when it first says something."""
    begun = {event for one in dead_runs.automations("process") for event in one.model_dump()["trigger"]["after"]}
    assert {"prefect.flow-run.Pending", dead_runs.BEAT} <= begun


def test_a_cancelled_dead_run_is_not_left_to_its_lease() -> None:
    """Whoever cancels a stuck run does not keep it: Cancelling is no sign of life. A pause is no death."""
    for one in dead_runs.automations("process"):
        expected = set(one.model_dump()["trigger"]["expect"])
        assert "prefect.flow-run.Cancelling" not in expected
        assert {"prefect.flow-run.Cancelled", "prefect.flow-run.Suspended", "prefect.flow-run.Paused"} <= expected
