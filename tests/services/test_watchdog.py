"""The watchdog: it sees in time that nobody watches, says it often enough and not too often, and loosens nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.services.yard import MINUTE, NOW, Held, Of, Yard, order
from trading.limits import KillSwitch, Mode
from trading.order import Status
from trading.ports.heartbeats import AHEAD, Heartbeat, Told
from trading.services import watchdog
from trading.services.watchdog import AGAIN_AFTER, UNWATCHED_AFTER, Trouble, look, news, unwatched_since

seconds = st.integers(-3_600, 3_600).map(lambda number: NOW + timedelta(seconds=number))


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
    assert (told.kind, told.alarm, yard.counted["UnwatchedPositions"]) == ("watchdog.unwatched", True, 1)


@given(st.lists(seconds, max_size=4), st.none() | seconds, seconds)
def test_only_what_is_held_can_be_unwatched(opened: list[datetime], beat: datetime | None, at: datetime) -> None:
    """Nothing held is nothing unwatched; a position is unwatched only from its own opening on; a fresh beat is enough.

    A beat from a time to come is no sign of life, and a position from there may be any age.
    """
    held: Any = [Held(one) for one in opened]
    since = unwatched_since(held, Heartbeat(beat, len(held)) if beat else None, at)
    if since is not None:
        assert held
        assert since >= min(opened) or max(opened) > at + AHEAD
        assert at - since >= UNWATCHED_AFTER
    if beat is not None and timedelta(0) <= at - beat < UNWATCHED_AFTER:
        assert since is None
    if beat is not None and beat > at + AHEAD:
        assert since == unwatched_since(held, None, at)
    if max(opened, default=at) > at + AHEAD and (beat is None or not -AHEAD <= at - beat < UNWATCHED_AFTER):
        assert since is not None


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
        wins = stands is None or at > stands or stands > at + AHEAD
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
    intent = Of(trade_id="T-1", created_at=NOW - timedelta(minutes=15))
    fresh = Of(trade_id="T-2", created_at=NOW - timedelta(minutes=14))
    yard.pending = [
        Of(status=Status.UNKNOWN, intent=intent),
        Of(status=Status.UNKNOWN, intent=fresh),
        Of(status=Status.HALTED, intent=replace(fresh, trade_id="T-3")),
    ]
    look(yard.post(), NOW)
    told = " ".join(notice.text for notice in yard.notices)
    assert all(word in told for word in ("T-1", "T-3", "trader resolve", "dead letters: 2; trader redrive"))
    assert "T-2" not in told


@pytest.mark.parametrize("status", [s for s in Status if s not in watchdog.OTHER_RULES])
def test_an_exit_that_nobody_carries_out_is_told_and_stops_entries(status: Status) -> None:
    """Nothing is open but an exit lies undone for 5 minutes, wherever it stands: told, counted, and nothing is bought.

    A younger order is no trouble; one dated ahead of now may be any age.
    """
    yard = Yard()
    for age, undone in ((4, False), (5, True), (-2, True)):
        yard.pending = [order("T-1", status, age)]
        found = look(yard.post(stops=True), NOW)
        assert (found.undone_since is not None, yard.counted["UndoneOrders"]) == (undone, int(undone))
        assert [one.kind for one in found.troubles] == ["watchdog.exit_undone"] * undone
    told = yard.notices[0].text
    assert told.startswith("exit order T-1 under way for 5 minutes: nobody carries it out")
    assert (yard.kill_switch().mode, yard.kill_switch().reason) == (
        Mode.NO_ENTRIES,
        "orders wait since 2026-01-05 11:55 UTC",
    )


@given(st.integers(-600, 600))
def test_a_switch_turned_off_ahead_of_time_does_not_keep_entries_open(ahead_s: int) -> None:
    """OFF by hand since the danger was known holds; dated further ahead than clocks differ, it tells nothing."""
    switch = KillSwitch(Mode.OFF, "by hand", "me", NOW + timedelta(seconds=ahead_s))
    since = NOW - UNWATCHED_AFTER - MINUTE
    assert watchdog.may_stop(since, switch, NOW) == (ahead_s < -60 or ahead_s > AHEAD.total_seconds())


def test_told_is_remembered_as_it_was_written(yard: Yard) -> None:
    """What was told, and that all is well again, are read back as they were."""
    for told in (Told(("a", "b"), NOW), Told((), NOW + MINUTE)):
        yard.watch.note_told(told)
        assert yard.watch.told() == told
