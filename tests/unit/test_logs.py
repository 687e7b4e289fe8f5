"""The log of a process, as a machine reads it."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect import task
from prefect.client.schemas.objects import TaskRun
from prefect.states import Failed
from pydantic import SecretStr

from adapters.logs import JsonLines
from blocks.logs import RunLines, about, write_logs
from blocks.settings import Settings
from tasks.policies import ASK, SEND, THINK, WRITE, say_who_acts
from trading.errors import Halt, Rejected, Transient, Unknown

SECRET = "s3cr3t-k3y-of-ours"


def record(text: str, *args: object, level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    """A record as any logger makes it."""
    return logging.getLogger("trader.test").makeRecord("trader.test", level, "f", 1, text, args, None, None, extra)


@given(st.text(), st.text())
def test_every_record_is_one_line_of_json_that_says_the_same(text: str, name: str) -> None:
    """Line breaks and quotes in a message end no line, and come back as they were; the time is UTC."""
    line = JsonLines().format(record("%s", text, task_run_name=name, event="decision.buy"))
    read = json.loads(line)
    assert "\n" not in line
    assert (read["message"], read["level"], read["event"]) == (text, "info", "decision.buy")
    assert read.get("task_run", "") == name
    assert read["time"].endswith("+00:00")


@pytest.fixture
def in_json(monkeypatch: pytest.MonkeyPatch):
    """This process's log in JSON with one secret configured, and put back as it was."""
    factory, root = logging.getLogRecordFactory(), logging.getLogger()
    level = logging.getLogger("trader").level
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    monkeypatch.setattr(root, "handlers", [handler])
    write_logs(Settings(logs="json", cryptopanic_api_key=SecretStr(SECRET)))
    yield handler
    logging.setLogRecordFactory(factory)
    logging.getLogger("trader").setLevel(level)


def refuse() -> None:
    """Fail with the secret in the message."""
    raise Rejected(SECRET)


def test_no_secret_reaches_a_json_line_by_message_argument_or_traceback(in_json: logging.StreamHandler) -> None:
    """A planted secret is hidden wherever a record may carry it; arguments are not written at all (I25)."""
    assert isinstance(in_json.formatter, RunLines)
    with pytest.raises(Rejected) as raised:
        refuse()
    told = (raised.type, raised.value, raised.tb)
    made = logging.getLogRecordFactory()("trader.x", logging.ERROR, "f", 1, "key %s", (SECRET,), told)
    line = in_json.format(made)
    assert SECRET not in line
    assert "Rejected" in json.loads(line)["error"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Something with a pair and a decision inside."""

    pair: str
    decision_id: str


@dataclass(frozen=True, slots=True)
class Kept:
    """Something with an intent inside."""

    intent: Asked


def test_a_line_names_the_pair_and_the_decision_of_its_step() -> None:
    """By name, or inside what the step was given; a step about neither names neither."""
    assert about({"pair": "sol_usdt", "at": 1}) == {"pair": "sol_usdt"}
    assert about({"desk": "paper", "trade": Kept(Asked("btc_usdt", "AN-1"))}) == {
        "pair": "btc_usdt", "decision_id": "AN-1"
    }  # fmt: skip
    assert about({"desk": "paper"}) == {}


@pytest.mark.filterwarnings("ignore:Logger .prefect.task_runs. attempted")
def test_every_kind_of_error_says_who_acts(caplog: pytest.LogCaptureFixture) -> None:
    """A step that failed for good ends its log with the error and what happens now, by its kind; no kind is silent."""

    @task
    def step() -> None: ...

    wanted = {
        Transient: "next run",
        Unknown: "looked up",
        Rejected: "clear no",
        Halt: "runbook",
        ValueError: "our code",
    }
    for kind, words in wanted.items():
        caplog.clear()
        run = TaskRun(task_key="step", dynamic_key="0", run_count=4, name="collect-sol_usdt 01-03 12:05")
        with caplog.at_level(logging.ERROR):
            say_who_acts(step, run, Failed(data=kind("venue: 503")))
        (told,) = [one.getMessage() for one in caplog.records]
        assert told.startswith(f"failed after 4 attempts: {kind.__name__}: venue: 503 | ")
        assert words in told


@pytest.mark.parametrize("policy", [ASK, WRITE, SEND, THINK])
def test_every_policy_says_it(policy: dict[str, object]) -> None:
    """Whatever a step does, when it fails for good its log says so."""
    assert say_who_acts in policy["on_failure"]  # type: ignore[operator]
