"""collect_news in Prefect: readings with headlines, and every way in which there are no news."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from prefect.artifacts import Artifact

from blocks.desk import Desk, open_desk
from deployments.embedded import ENDPOINTS, World
from deployments.prefect_runs import flush
from flows.collect_news import collect_news
from tests.flows.runs import flow_run_named, task_runs_of
from trading.errors import Halt, TradingError
from trading.services import judge

KEY = "TRADER_CRYPTOPANIC_API_KEY"
PLANTED = "planted-news-31c9f0"


def page() -> str:
    """What a person reads of the newest collection."""
    found: Any = Artifact.get("news")
    return str(found.data)


def test_a_collection_is_one_fetch_and_a_reading_per_pair(world: World, desk: Desk) -> None:
    """One fetch, six task runs named after their pairs; each pair's stored reading reaches its judge with headlines."""
    at = world.now()
    collected = collect_news(desk="embedded", at=at)
    runs = {one.name.split()[0] for one in task_runs_of(flow_run_named("news", at).id, expected=9)}
    assert runs >= {"fetch-news", "show-news"} | {f"news-{pair.key}" for pair in desk.pairs}
    assert set(collected.stored) == {pair.key for pair in desk.pairs}
    for pair in desk.pairs:
        signal = judge.sentiment(pair, at, desk.news, desk.readings, desk.strategy)
        assert signal.articles == collected.stored[pair.key].articles > 0
        assert signal.value == pytest.approx(collected.stored[pair.key].value)
        assert all(line.published_at <= at for line in signal.headlines)
        assert f"## {pair.key}" in page()
    assert len({one.value for one in collected.stored.values()}) > 1


def test_without_a_key_the_run_completes_and_says_so(world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key: the run completes, stores nothing, asks nobody, and its page names the variable to set."""
    monkeypatch.delenv(KEY)
    collected = collect_news(desk="embedded", at=world.now())
    assert (collected.stored, collected.missing) == ({}, f"no news source: set {KEY}")
    assert KEY in page()
    assert all(desk.readings.sentiment(pair, world.now()) is None for pair in desk.pairs)


def test_a_refused_key_is_a_failed_run_and_stops_nothing(world: World, desk: Desk) -> None:
    """401: the run fails and says which variable to check; sentiment is neutral, and every pair is still judged."""
    world.faults([{"target": "cryptopanic", "kind": "status", "status": 401, "times": 1}])
    with pytest.raises(Halt, match=KEY):
        collect_news(desk="embedded", at=world.now())
    signals = [judge.sentiment(pair, world.now(), desk.news, desk.readings, desk.strategy) for pair in desk.pairs]
    assert {(one.score, one.note) for one in signals} == {(0.0, "no news reading: neutral")}


def test_a_used_up_month_is_told_once(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With room for one run only, the second and third store nothing and say why; people are told by the second."""
    del desk
    file = tmp_path / "strategy.json"
    file.write_text('{"news_calls_per_month": 3}')
    monkeypatch.setenv("TRADER_STRATEGY", str(file))
    at = world.now()
    runs = [
        collect_news.with_options(flow_run_name=f"quota {at:%m-%d} {n:02}:00")(desk="embedded", at=at) for n in range(3)
    ]
    assert [bool(one.stored) for one in runs] == [True, False, False]
    assert "3 news calls" in runs[1].missing
    flush()
    ids = [flow_run_named("quota", at.replace(hour=number, minute=0)).id for number in (1, 2)]
    told = ["tell" in {one.name for one in task_runs_of(run, expected=4 - late)} for late, run in enumerate(ids)]
    assert told == [True, False]


def test_the_key_is_written_nowhere(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A planted key is in no log, error, artifact or file of the runs, whether the provider answers or not (I25)."""
    monkeypatch.setenv(KEY, PLANTED)
    room, told = open_desk("embedded"), []
    with caplog.at_level(logging.DEBUG):
        told.append(repr(collect_news(desk="embedded")))
        for kind in ({"kind": "status", "status": 403}, {"kind": "status", "status": 404}):
            world.faults([{"target": "cryptopanic", "times": 1, **kind}])
            with pytest.raises(TradingError) as caught:
                collect_news(desk="embedded")
            told.append(repr(caught.value))
            world.clear_faults()
    flush()
    assert room is not desk
    assert PLANTED not in "\n".join([caplog.text, page(), repr(room), *told])
    for file in world.state.rglob("*"):
        if file.is_file() and file.name != ENDPOINTS:
            assert PLANTED.encode() not in file.read_bytes(), file
