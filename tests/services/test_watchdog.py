"""The watchdog: it sees in time that nobody watches, says it often enough and not too often, and loosens nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import deployments.watchdog
from adapters.dynamodb import DynamoWatch, open_tables
from adapters.dynamodb.client import Dynamo
from blocks.watching import Guardhouse
from deployments.watchdog import Watchdog, looks
from tests.simulation.tables import MemoryDynamo
from trading.errors import Transient
from trading.limits import KillSwitch, Mode
from trading.ports import Notice
from trading.ports.heartbeats import Heartbeat, Told
from trading.services import watchdog
from trading.services.watchdog import AGAIN_AFTER, UNWATCHED_AFTER, Post, Trouble, look, news, unwatched_since
from trading.tables import Names

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
seconds = st.integers(-3_600, 3_600).map(lambda number: NOW + timedelta(seconds=number))


@dataclass
class Held:
    """As much of a position as the watchdog reads."""

    opened_at: datetime
    pair: str = "btc_usdt"


@dataclass
class Yard:
    """Books of one position, the watchdog's own table in memory, and people who are told."""

    positions: list[Any] = field(default_factory=list)
    pending: list[Any] = field(default_factory=list)
    letters: int = 0
    notices: list[Notice] = field(default_factory=list)
    deaf: bool = False
    counted: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dynamo = MemoryDynamo()
        self.watch = DynamoWatch(Names("yard"), Dynamo(self.dynamo), lambda: NOW)  # type: ignore[arg-type]
        self.books = open_tables(Names("yard"), _Aws(self.dynamo), lambda: NOW).ledger  # type: ignore[arg-type]

    def open_positions(self) -> list[Any]:
        return self.positions

    def pending_trades(self) -> list[Any]:
        return self.pending

    def kill_switch(self) -> KillSwitch:
        return self.books.kill_switch()

    def dead(self) -> int:
        if self.letters < 0:
            raise Transient("the queue does not answer")
        return self.letters

    def tell(self, notices: Any) -> int:
        if self.deaf:
            return len(list(notices))
        self.notices += notices
        return 0

    def count(self, name: str, value: float, *_: Any) -> bool:
        self.counted[name] = value
        return True

    def post(self, *, stops: bool = False) -> Post:
        return Post(self, self.watch, self, self, self, stops)  # type: ignore[arg-type]

    def kinds(self) -> list[str]:
        return [notice.kind for notice in self.notices]


@dataclass
class _Aws:
    dynamodb: Any


@pytest.fixture
def yard() -> Yard:
    return Yard([Held(NOW - timedelta(hours=3))])


@given(st.integers(0, 1_800), st.integers(5, 300), st.integers(0, 299))
def test_the_alarm_comes_within_five_minutes_and_one_interval(stops_s: int, every_s: int, offset_s: int) -> None:
    """Whenever the monitor dies and the looks fall, people know within 5 minutes and one interval, and not before."""
    yard, died = Yard([Held(NOW - timedelta(hours=3))]), NOW + timedelta(seconds=stops_s)
    at = NOW + timedelta(seconds=offset_s)
    while not yard.notices:
        watched = min(at, died)
        yard.watch.beat(Heartbeat(watched - timedelta(seconds=(watched - NOW).total_seconds() % 60), 1))
        look(yard.post(), at)
        at += timedelta(seconds=every_s)
    told = yard.notices[0]
    last_beat = yard.watch.last()
    assert last_beat is not None
    assert UNWATCHED_AFTER <= told.at - last_beat.at < UNWATCHED_AFTER + timedelta(seconds=every_s)
    assert told.at - died < UNWATCHED_AFTER + timedelta(seconds=every_s)
    assert (told.kind, told.alarm, yard.counted) == ("watchdog.unwatched", True, {"UnwatchedPositions": 1})


@given(st.lists(seconds, max_size=4), st.none() | seconds, seconds)
def test_only_what_is_held_can_be_unwatched(opened: list[datetime], beat: datetime | None, at: datetime) -> None:
    """Nothing held is nothing unwatched; a position is unwatched only from its own opening on; a fresh beat is enough.

    A beat from a time to come is no sign of life.
    """
    held: Any = [Held(one) for one in opened]
    since = unwatched_since(held, beat and Heartbeat(beat, len(held)), at)
    if since is not None:
        assert held
        assert since >= min(opened)
        assert at - since >= UNWATCHED_AFTER
    if beat is not None and timedelta(0) <= at - beat < UNWATCHED_AFTER:
        assert since is None
    if beat is not None and beat > at + UNWATCHED_AFTER:
        assert since == unwatched_since(held, None, at)


@given(st.lists(st.tuples(st.integers(1, 90), st.sets(st.sampled_from(["a", "b", "c"]))), max_size=25))
def test_news_come_at_once_the_rest_again_in_half_an_hour_and_the_end_once(steps: list[Any]) -> None:
    """A new trouble is said at its first look, none is silent for over half an hour while it lasts, the end is said."""
    yard, at = Yard(), NOW
    said: dict[str, datetime] = {}
    for minutes, kinds in steps:
        at += minutes * MINUTE
        troubles = [Trouble(kind, kind) for kind in sorted(kinds)]
        told = yard.watch.told()
        notices = news(troubles, told, at)
        now = {notice.kind for notice in notices}
        for kind in kinds:
            assert (kind in now) or at - said[kind] < AGAIN_AFTER
        assert ("watchdog.well" in now) == (not kinds and told is not None and told.kinds != ())
        if notices:
            watchdog._noted(yard.post(), troubles, notices, told, at)
        said = {kind: at if kind in now else said[kind] for kind in kinds}


def test_what_could_not_be_told_is_said_again_at_the_next_look(yard: Yard) -> None:
    """Slack is down for a minute: the alarm is not lost, and it is not repeated once it was heard."""
    yard.deaf = True
    look(yard.post(), NOW)
    yard.deaf = False
    for minute in range(3):
        look(yard.post(), NOW + minute * MINUTE)
    assert yard.kinds() == ["watchdog.unwatched"]


def test_entries_are_stopped_once_and_only_from_off(yard: Yard) -> None:
    """Where it may, the watchdog sets NO_ENTRIES with its name and why; it never loosens NOTHING."""
    found = look(yard.post(stops=True), NOW)
    switch = yard.kill_switch()
    assert (found.entries_stopped, switch.mode, switch.by) == (True, Mode.NO_ENTRIES, "watchdog")
    assert "unwatched since 2026-01-05 09:00 UTC" in switch.reason
    yard.watch.beat(Heartbeat(NOW + MINUTE, 1))
    look(yard.post(stops=True), NOW + MINUTE)
    assert yard.kill_switch() == switch
    for mode in (Mode.NOTHING, Mode.NO_ENTRIES):
        yard.books.set_kill_switch(KillSwitch(mode, "by hand", "me", NOW))
        assert not yard.watch.stop_entries("late", "watchdog", NOW + AGAIN_AFTER)
        assert (yard.kill_switch().mode, yard.kill_switch().by) == (mode, "me")


def test_a_watchdog_that_may_not_stops_nothing(yard: Yard) -> None:
    """Without leave it tells, and leaves the switch as it is."""
    look(yard.post(stops=False), NOW)
    assert (yard.kinds(), yard.kill_switch().mode) == (["watchdog.unwatched"], Mode.OFF)


def test_a_person_who_turns_the_switch_off_meanwhile_is_not_overruled(yard: Yard) -> None:
    """Turned off by hand while it is known that nobody watches: the watchdog warns on, and does not stop entries again.

    In the next outage it does.
    """
    look(yard.post(stops=True), NOW)
    yard.books.set_kill_switch(KillSwitch(Mode.OFF, "I watch myself", "me", NOW + MINUTE))
    look(yard.post(stops=True), NOW + 2 * MINUTE)
    assert yard.kill_switch().mode is Mode.OFF
    yard.watch.beat(Heartbeat(NOW + 3 * MINUTE, 1))
    look(yard.post(stops=True), NOW + 9 * MINUTE)
    assert yard.kill_switch().mode is Mode.NO_ENTRIES


@given(st.lists(seconds, min_size=1, max_size=6))
def test_the_heartbeat_never_goes_back_but_outlives_a_wrong_clock(beats: list[datetime]) -> None:
    """Each beat stands unless a newer one does; one from far ahead, by a clock that was wrong, gives way."""
    watch = Yard().watch
    stands: datetime | None = None
    for number, at in enumerate(beats):
        wins = stands is None or at > stands or stands > at + UNWATCHED_AFTER
        assert watch.beat(Heartbeat(at, number)) == wins
        stands = at if wins else stands
        assert watch.last() == Heartbeat(at, number) or not wins
    found = watch.last()
    assert found is not None
    assert found.at == stands


def test_what_cannot_be_read_hides_nothing(yard: Yard) -> None:
    """The queue does not answer: that is told, and so is that nobody watches."""
    yard.letters = -1
    look(yard.post(), NOW)
    assert yard.kinds() == ["watchdog.unwatched", "watchdog.blind"]


def test_orders_and_letters_that_wait_are_told(yard: Yard) -> None:
    """A halted order, one unknown for a quarter of an hour, and dead letters are named, with the command that helps."""
    yard.watch.beat(Heartbeat(NOW, 1))
    yard.letters = 2
    intent = _Of(trade_id="T-1", created_at=NOW - timedelta(minutes=15))
    fresh = _Of(trade_id="T-2", created_at=NOW - timedelta(minutes=14))
    yard.pending = [
        _Of(status=watchdog.Status.UNKNOWN, intent=intent),
        _Of(status=watchdog.Status.UNKNOWN, intent=fresh),
        _Of(status=watchdog.Status.HALTED, intent=replace(fresh, trade_id="T-3")),
    ]
    look(yard.post(), NOW)
    told = " ".join(notice.text for notice in yard.notices)
    assert all(word in told for word in ("T-1", "T-3", "trader resolve", "dead letters: 2; trader redrive"))
    assert "T-2" not in told


@dataclass
class _Of:
    trade_id: str = ""
    created_at: datetime = NOW
    status: Any = None
    intent: Any = None


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
    clock: Any = _Of()
    clock.now = lambda: NOW
    dog = Watchdog("embedded", lambda _: Guardhouse(yard.post(), clock))
    monkeypatch.setattr(deployments.watchdog, "OPEN", {"embedded": dog})
    answer = deployments.watchdog.handler({"desk": "embedded"})
    assert (answer["desk"], answer["positions"], answer["told"]) == ("embedded", 1, ["watchdog.unwatched"])


def test_told_is_remembered_as_it_was_written(yard: Yard) -> None:
    """What was told, and that all is well again, are read back as they were."""
    for told in (Told(("a", "b"), NOW), Told((), NOW + MINUTE)):
        yard.watch.note_told(told)
        assert yard.watch.told() == told
