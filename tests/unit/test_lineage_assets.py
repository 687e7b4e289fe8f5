"""Assets of a task: its event says what was made of what; a plain call of the same function says nothing."""

from __future__ import annotations

from uuid import uuid4

import pytest
from prefect.assets import Asset, materialize
from prefect.context import AssetContext
from prefect.states import Completed, Failed

from tasks import assets
from tasks.assets import CANDLES, DECISIONS, NEWS, made
from tasks.policies import WRITE

EVERY = [one for one in vars(assets).values() if isinstance(one, Asset)]


@materialize(DECISIONS, asset_deps=[CANDLES, NEWS], task_run_name="book", **WRITE)
def book(decision_id: str) -> str:
    """A task as ours are."""
    made(DECISIONS, decision_id=decision_id)
    made(CANDLES, decision_id="not made here")
    return decision_id


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """The events that are emitted, without a server."""
    told: list[dict] = []
    monkeypatch.setattr("prefect.events.emit_event", lambda **event: told.append(event))
    return told


def test_a_task_that_makes_something_tells_what_of_what_and_which(events):
    """One event for what was made, with its metadata and its inputs, one for each input."""
    with AssetContext.from_task_and_inputs(book, uuid4()) as context:
        assert book.fn("AN-1") == "AN-1"
    context.emit_events(Completed())
    by_name = {(one["event"], one["resource"]["prefect.resource.id"]): one for one in events}
    assert set(by_name) == {
        ("prefect.asset.referenced", "trader://candles"),
        ("prefect.asset.referenced", "trader://news"),
        ("prefect.asset.materialization.succeeded", "trader://decisions"),
    }
    event = by_name["prefect.asset.materialization.succeeded", "trader://decisions"]
    assert event["payload"] == {"decision_id": "AN-1"}
    assert {one["prefect.resource.id"] for one in event["related"]} == {"trader://candles", "trader://news"}
    assert event["resource"]["prefect.resource.name"] == "Decisions"


def test_a_task_that_failed_made_nothing(events):
    """The event of a failed task says so."""
    AssetContext.from_task_and_inputs(book, uuid4()).emit_events(Failed())
    assert "prefect.asset.materialization.failed" in {one["event"] for one in events}
    assert "prefect.asset.materialization.succeeded" not in {one["event"] for one in events}


def test_a_plain_call_says_nothing_and_keeps_its_policy(events):
    """Outside of a run the function works as before, and the task has the retries of its policy."""
    assert book.fn("AN-2") == "AN-2"
    assert events == []
    assert book.retries == WRITE["retries"]
    assert book.retry_condition_fn is WRITE["retry_condition_fn"]


def test_no_two_assets_share_a_key():
    """Each thing that we make has a key of its own and a description."""
    assert len({one.key for one in EVERY}) == len(EVERY) == 8
    assert all(one.properties and one.properties.description for one in EVERY)
