"""``trader explain`` and ``trader verify`` as commands: what is printed, what is JSON, and how they end."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from adapters.cold import ParquetCandles
from deployments.commands.explain import explain, minute
from deployments.commands.verify import verify
from tests.days import PAIRS
from tests.services.decisions import AT, Decisions
from trading.errors import BadInput, Halt
from trading.tables import LINEAGE

app = typer.Typer()
app.command("explain")(explain)
app.command("verify")(verify)


@pytest.fixture
def desk(monkeypatch):
    """A desk that decided once, in place of the one that the commands would open."""
    made = Decisions()
    made.decision_id = made.analyse()
    room = SimpleNamespace(
        pairs=PAIRS, ledger=made.ledger, lineage=made.lineage, candles=made.candles, revisions=made.revisions,
        readings=made.readings, forecasts=made.forecasts, strategy=made.strategy, archive=made.archive,
        cold=ParquetCandles(made.archive), items=made.items(), clock=SimpleNamespace(now=lambda: AT),
    )  # fmt: skip
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setattr("blocks.desk.inspect_desk", lambda _name: room)
    return made


def run(*words, code=0):
    """What a command prints."""
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.stdout


def test_the_same_is_said_to_people_and_to_programs(desk):
    """Text begins with the answer; JSON has the same headline, the whole record, and nothing that is no JSON."""
    text = " ".join(run("explain", desk.decision_id).split())
    data = json.loads(run("explain", desk.decision_id, "--json"))
    assert text.startswith(data["headline"])
    assert data["desk"] == "embedded"
    assert data["data"]["record"]["decision_id"] == desk.decision_id
    assert data["data"]["signals"]["btc_usdt"]["score"] is not None
    assert [line["sound"] for line in data["inputs"]] == [True] * (3 * len(PAIRS) + 1)
    quiet = json.loads(run("explain", "--at", AT.isoformat(), "--json"))
    assert quiet["headline"].startswith("Nothing was bought or sold in the hour to")
    assert quiet["data"]["blocked_by"] == []


def test_wrong_words_are_told_apart(desk):
    """Neither an id nor a time, or both, is wrong usage; an id of nothing and a time that is none are one line."""
    assert run("explain", code=2) == run("explain", desk.decision_id, "--at", "2024-01-02", code=2) == ""
    for words in (["explain", "TRD-1"], ["explain", "--at", "noon"], ["verify", "--day", "yesterday"]):
        with pytest.raises(BadInput):
            run(*words)


def test_a_whole_day_is_a_table_and_a_changed_byte_is_one_line(desk):
    """Days are counted and the command ends well; then a byte changes, and it ends with the day and the record."""
    said = run("verify", "--days", "2").splitlines()
    assert said[1].split() == ["2024-01-01", "0", "-", "0", str(len(PAIRS))]
    assert said[2].split() == ["2024-01-02", "1", "-", "0", str(len(PAIRS) + 1)]
    assert json.loads(run("verify", "--day", "2024-01-02", "--json", "--no-payloads"))["whole"] is True
    table = desk.names.table(LINEAGE)
    key = {"day": {"S": "2024-01-02"}, "number": {"N": "1"}}
    item = desk.dynamo.get_item(TableName=table, Key=key)["Item"]
    desk.dynamo.put_item(TableName=table, Item={**item, "body": {"S": item["body"]["S"] + " "}})
    with pytest.raises(Halt, match=r"^record 1 of 2024-01-02: its bytes were changed"):
        run("verify")
    broken = json.loads(run("verify", "--json", code=1))
    assert broken["whole"] is False
    assert len(broken["faults"]) == 1


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("2024-01-03T12:05", "12:05:59"), ("2024-01-03T12:05:10", "12:05:10"), ("2024-01-03T12:10", "12:10:20"),
        ("2024-01-03T12:10:40", "12:10:20"), ("2024-01-03T12:30", "12:30:00"),
    ],
)  # fmt: skip
def test_a_minute_is_meant_with_its_seconds(asked: str, meant: str) -> None:
    """What happened in the minute that is named is told of; the minute that runs ends now; a later one lies ahead."""
    assert f"{minute(asked, datetime(2024, 1, 3, 12, 10, 20, tzinfo=UTC)):%H:%M:%S}" == meant
