"""Data that look wrong, as people see it: in the runs, on the page, in the archive, in the decision and its record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

from blocks.desk import Desk
from deployments.embedded import World
from flows.analyze import analyze
from flows.collect_prices import collect_prices
from flows.data_docs import data_docs
from tests.flows.conftest import new_desk
from tests.flows.runs import flow_run_named, task_runs_of
from trading.services.decide import Analysis
from trading.services.quarantine import BUCKET

XRP = "xrp_usdt"


def pages_of(run: UUID) -> dict[str, str]:
    """The artifacts of a flow run by key."""
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run])))
    return {one.key or "": str(one.data) for one in found}


@pytest.fixture(scope="module")
def spoilt(world: World) -> Iterator[tuple[Desk, datetime, Analysis]]:
    """A desk with Great Expectations as its engine, on which XRP alone leapt by 9 % in its newest candle."""
    with pytest.MonkeyPatch.context() as patch:
        desk, at = new_desk(world, patch, "expectations"), world.now()
        collect_prices(desk="embedded", at=at)
        pair = desk.pair(XRP)
        newest = desk.candles.window(pair, at, 1)
        for name in ("open", "high", "low", "close"):
            newest[name] *= 1.09
        desk.candles.put(pair, newest)
        yield desk, at, analyze(desk="embedded", at=at)


def test_a_pair_that_leaps_alone_sits_out_where_everybody_can_see_it(spoilt: tuple[Desk, datetime, Analysis]) -> None:
    """Its run is Quarantined, the page, the decision and its record say why, the evidence is kept, nobody judged it."""
    desk, at, analysis = spoilt
    run = flow_run_named("analyze", at)
    runs = {one.name.split()[0]: one for one in task_runs_of(run.id, expected=27)}
    quarantined = runs[f"quarantine-{XRP}"]
    assert (quarantined.state_name, "moved alone" in quarantined.state.message) == ("Quarantined", True)
    assert f"technical-{XRP}" not in runs
    assert "technical-btc_usdt" in runs
    assert f"| {XRP} | no, it sits out |" in pages_of(run.id)["data-checks"]
    assert any(XRP in reason and "moved alone" in reason for reason in analysis.decision.reasons)
    record = desk.lineage.link(analysis.rows[0]["record_id"])
    assert "moved alone" in json.loads(record.body)["quarantined"][XRP][0]["words"]
    (key,) = desk.archive.keys(BUCKET, f"quarantine/date={at:%Y-%m-%d}/{at:%H%M%S}")
    evidence = json.loads(desk.archive.get(BUCKET, key))
    assert evidence["findings"][0]["broken"]
    assert evidence["checked"]["sha256"] == json.loads(record.body)["pairs"][XRP]["candles"]["sha256"]


def test_the_day_is_documented_for_reading_offline(spoilt: tuple[Desk, datetime, Analysis]) -> None:
    """Data Docs of the day lie in the archive: the first page names the pair that sat out, and nothing is fetched."""
    desk, at, _ = spoilt
    first = data_docs(desk="embedded", at=at)
    page = desk.archive.get("daily-reports", first).decode()
    assert XRP in page
    assert 'src="http' not in page
    assert len(desk.archive.keys("daily-reports", first.removesuffix("index.html"))) > len(desk.pairs)
