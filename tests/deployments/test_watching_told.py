"""Whether what is held is watched, as the person at a terminal is told: by ``trader up`` and by ``trader status``."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deployments.commands import desk, watchdog
from deployments.doctor import books
from deployments.doctor.findings import State
from deployments.up.alarms import Alarms
from deployments.up.parts import WATCHDOG, Options, log_of, parts
from deployments.up.place import Place
from trading.limits import KillSwitch, Mode
from trading.money import yen
from trading.ports.heartbeats import Heartbeat
from trading.services.watchdog import AGAIN_AFTER, UNWATCHED_AFTER, Look, Trouble

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LETTERS = Trouble("watchdog.dead_letters", "dead letters: 2; trader redrive")


def unwatched(minutes: int) -> Trouble:
    return Trouble("watchdog.unwatched", f"nobody watched avax, eth, sol for {minutes} minutes: trader run")


class Written:
    """A log that the watchdog's own command writes, and what is told of it."""

    def __init__(self, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.log, self._capsys = log, capsys
        self.alarms = Alarms(log)

    def look(self, *troubles: Trouble, stopped: bool = False) -> None:
        watchdog._say("paper", Look(NOW, 3, None, troubles, stopped), as_json=True)
        self.write(self._capsys.readouterr().out)

    def write(self, text: str) -> None:
        with self.log.open("a") as out:
            out.write(text)

    def told(self, minutes: int = 0) -> list[str]:
        lines = self.alarms.lines(NOW + minutes * MINUTE)
        return [line.split("  ", 1)[1] for line in lines]


@pytest.fixture
def written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Written:
    return Written(tmp_path / "watchdog.log", capsys)


def test_an_alarm_is_told_once_again_after_a_while_and_when_it_is_over(written: Written) -> None:
    """Looks that find the same say nothing new for half an hour; a look that finds it no more ends it, alone."""
    written.look()
    assert written.told() == []
    written.look(unwatched(5), LETTERS)
    told = written.told(5)
    assert [line[:40] for line in told] == [
        "ALARM  nobody watched avax, eth, sol for",
        "ALARM  dead letters: 2; trader redrive",
    ]
    again = int(AGAIN_AFTER / MINUTE)
    for minute in range(6, 5 + again):
        written.look(unwatched(minute), LETTERS)
        assert written.told(minute) == []
    written.look(unwatched(5 + again), LETTERS)
    assert len(written.told(5 + again)) == 2
    written.look(LETTERS)
    assert written.told(40) == [f"over: nobody watched avax, eth, sol for {5 + again} minutes"]
    written.look()
    assert written.told(41) == ["over: dead letters"]
    written.look(unwatched(5))
    assert len(written.told(42)) == 1


def test_a_watchdog_that_cannot_see_ends_no_alarm(written: Written) -> None:
    """Blind looks are an alarm of their own; what stood before stands on until a look sees that it is over."""
    written.look(unwatched(5))
    written.told()
    written.write("trader: AWS does not answer\nwatchdog.blind: AWS does not answer\ntrader: AWS does not answer\n")
    assert written.told(1) == ["ALARM  the watchdog cannot see whether anybody watches: AWS does not answer"]
    written.look(unwatched(7))
    assert written.told(2) == ["over: the watchdog cannot see whether anybody watches"]


def test_stopped_entries_are_told_and_never_called_over(written: Written) -> None:
    """The switch stays where the watchdog set it: only a person can say that this is over."""
    written.look(unwatched(5), stopped=True)
    assert written.told()[1] == "ALARM  entries are stopped: trader kill-switch show"
    written.look()
    assert [line.split()[:2] for line in written.told(1)] == [["over:", "nobody"]]


def test_only_whole_lines_of_this_time_are_read(written: Written) -> None:
    """What stood in the log at the start is left out, half a line waits, a log made shorter begins anew."""
    written.look(unwatched(5))
    written.alarms = Alarms(written.log)
    assert written.told() == []
    line = json.dumps({"troubles": [{"kind": "a", "text": "first"}], "entries_stopped": False})
    written.write(line[:20])
    assert written.told(1) == []
    written.write(f"{line[20:]}\n")
    assert written.told(1) == ["ALARM  first"]
    written.log.write_text(line.replace("first", "second").replace('"a"', '"b"') + "\n")
    assert written.told(2) == ["ALARM  second", "over: first"]


def test_the_log_that_is_read_is_the_watchdogs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``trader up`` starts the watchdog so that it writes what is read there, and where it is read."""
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect.example/api")
    place = Place(tmp_path, "m")
    made = parts(Options("paper", replay=True, port=1, state=tmp_path), place)
    (child,) = (one for one in made.workers if one.name == WATCHDOG)
    assert child.log == log_of(place, WATCHDOG)
    assert "--json" in child.argv


def room(beat: Heartbeat | None, opened_at: datetime | None) -> Any:
    """As much of a desk as is looked at here."""
    amount = SimpleNamespace(number=1)
    position = SimpleNamespace(
        pair="sol_usdt", trading_pair="sol_jpy", status=SimpleNamespace(value="OPEN"), size=amount, entry_price=amount,
        stop_loss=amount, opened_at=opened_at, position_id="P", trade_id="T",
    )  # fmt: skip
    held = [] if opened_at is None else [position]
    return SimpleNamespace(
        ledger=SimpleNamespace(
            open_positions=lambda: held, pending_trades=list, reconciliation=lambda: None,
            kill_switch=lambda: KillSwitch(Mode.OFF, "", "", None),
        ),
        heartbeats=SimpleNamespace(last=lambda: beat), clock=SimpleNamespace(now=lambda: NOW), pairs=(),
        exchange=SimpleNamespace(balances=lambda: SimpleNamespace(jpy_free=yen(1))),
        queue=SimpleNamespace(dead=lambda: 0),
    )  # fmt: skip


LIMIT = UNWATCHED_AFTER
LONG = NOW - 90 * MINUTE


@pytest.mark.parametrize(
    ("beat", "opened_at", "red", "said"),
    [
        (NOW - LIMIT + MINUTE, LONG, False, "positions last watched 2026-03-01 11:56:00 UTC"),
        (NOW - LIMIT, LONG, True, "NOBODY WATCHES sol_usdt: positions last watched 2026-03-01 11:55:00 UTC"),
        (NOW - LIMIT, None, False, "positions last watched 2026-03-01 11:55:00 UTC"),
        (NOW - LIMIT, NOW - MINUTE, False, "positions last watched 2026-03-01 11:55:00 UTC"),
        (None, LONG, True, "NOBODY WATCHES sol_usdt: positions were never watched"),
        (None, None, False, "positions were never watched"),
    ],
)
def test_status_says_when_positions_were_watched(monkeypatch, capsys, beat, opened_at, red, said) -> None:
    """One line, always; plainly when something is held and nobody looked for as long as the watchdog allows."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://aws.example")
    seen = room(None if beat is None else Heartbeat(beat, 1), opened_at)
    monkeypatch.setattr("blocks.desk.glance_at_desk", lambda _: seen)
    desk.status("paper")
    (line,) = (one for one in capsys.readouterr().out.splitlines() if "watched" in one)
    assert line.startswith(said)
    assert ("trader run monitor_positions" in line) is red
    desk.status("paper", json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["watched_at"] == (beat and beat.isoformat())
    assert (told["unwatched_since"] is not None) is red


@pytest.mark.parametrize(("age", "state"), [(LIMIT - timedelta(seconds=1), State.OK), (LIMIT, State.FAIL)])
def test_the_doctor_allows_as_long_as_the_watchdog(age: timedelta, state: State) -> None:
    """Neither calls well what the other calls unwatched."""
    assert books.heartbeat(room(Heartbeat(NOW - age, 1), LONG)).state is state
