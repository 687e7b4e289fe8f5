"""Watchdog: is what is held watched, and what was decided done? It looks from outside, and tells people.

It sends no order and watches no price itself: what stopped the monitor (the venue, the tables, the network) would stop
a second one too, and a path for money that runs only in bad hours is the least tried of all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trading.errors import TradingError
from trading.limits import KillSwitch, Mode
from trading.order import TERMINAL, Side, Status, Trade
from trading.ports import Alerts, Ledger, Metrics, Notice, OrderQueue
from trading.ports.heartbeats import AHEAD, Heartbeat, Told, Watch
from trading.position import Position

UNWATCHED_AFTER = timedelta(minutes=5)
"""The monitor looks every two minutes; one look that fails is no accident yet, two are."""
UNDONE_AFTER = timedelta(minutes=5)
"""A market order is over in seconds, and what is left of it is swept every minute."""
UNKNOWN_AFTER = timedelta(minutes=15)
"""Two looks at the venue settle an order without an answer in that time; after it a person should know."""
AGAIN_AFTER = timedelta(minutes=30)
"""What still is wrong is said again so often, not every minute."""
UNWATCHED, BLIND, BY = "watchdog.unwatched", "watchdog.blind", "watchdog"
METRIC, UNDONE = "UnwatchedPositions", "UndoneOrders"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when, for what is dated ahead of now: nobody knows, so it counts as the oldest there can be."""
OTHER_RULES = TERMINAL | {Status.UNKNOWN, Status.HALTED}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something a person should know: ``kind`` for machines, ``text`` for people."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found: positions held, since when they are unwatched or orders undone, if so, and troubles."""

    at: datetime
    positions: int
    unwatched_since: datetime | None
    troubles: tuple[Trouble, ...]
    entries_stopped: bool = False
    told: tuple[str, ...] = ()
    undone_since: datetime | None = None


def known(moment: datetime, at: datetime) -> datetime:
    """A moment as it was noted; LONG_AGO for one ahead of now, which a wrong clock wrote."""
    return moment if moment <= at + AHEAD else LONG_AGO


def unwatched_since(positions: Sequence[Position], beat: Heartbeat | None, at: datetime) -> datetime | None:
    """Since when something that is held is not watched; None while it is, or when nothing is held.

    A beat from a time to come says nothing about now: it counts as none. A position from there may be any age.
    """
    if not positions:
        return None
    since = min(known(position.opened_at, at) for position in positions)
    if beat is not None:
        since = max(since, known(beat.at, at))
    return since if at - since >= UNWATCHED_AFTER else None


def of_positions(since: datetime | None, positions: Sequence[Position], at: datetime) -> list[Trouble]:
    """The trouble that nobody watches what is held."""
    if since is None:
        return []
    held = ", ".join(sorted({position.pair for position in positions}))
    text = f"nobody watched {held} for {_lasting(since, at)}: no stop is raised, no exit is booked; trader run "
    return [Trouble(UNWATCHED, f"{text}monitor_positions looks once, then see why no run does")]


def undone(pending: Sequence[Trade], at: datetime) -> list[Trade]:
    """Orders under way for too long, oldest first. Halted and unknown ones are no such orders: they have own rules."""
    late = [one for one in pending if one.status not in OTHER_RULES and _age(one, at) >= UNDONE_AFTER]
    return sorted(late, key=lambda one: known(one.intent.created_at, at))


def of_undone(late: Sequence[Trade], at: datetime) -> list[Trouble]:
    """The trouble that nobody carries out what was decided: first the exits, which hold money in the market."""
    return [
        Trouble(
            f"watchdog.{what}_undone",
            f"{what} order {', '.join(one.intent.trade_id for one in those)} under way for "
            f"{_lasting(known(those[0].intent.created_at, at), at)}: nobody carries it out; "
            "trader run execute_orders tries now, then see why no run does",
        )
        for what, side in (("exit", Side.SELL), ("entry", Side.BUY))
        if (those := [one for one in late if one.intent.side is side])
    ]


def of_orders(pending: Sequence[Trade], at: datetime) -> list[Trouble]:
    """Orders that wait for a person: halted ones, and those that stayed unknown."""
    halted = [one for one in pending if one.status is Status.HALTED]
    unknown = [one for one in pending if one.status is Status.UNKNOWN and _age(one, at) >= UNKNOWN_AFTER]
    return [
        Trouble(kind, f"{trades[0].status.value} orders: {', '.join(one.intent.trade_id for one in trades)}; {todo}")
        for kind, trades, todo in (
            ("watchdog.halted", halted, "trader resolve"),
            ("watchdog.unknown", unknown, "trader positions shows what the last look saw"),
        )
        if trades
    ]


def of_letters(dead: int) -> list[Trouble]:
    """Messages that failed three times."""
    return [Trouble("watchdog.dead_letters", f"dead letters: {dead}; trader redrive")] if dead else []


def news(troubles: Sequence[Trouble], told: Told | None, at: datetime) -> list[Notice]:
    """What is said now: what is new at once, all of it again after a while, and once that it is over."""
    before = frozenset(told.kinds) if told is not None else frozenset[str]()
    if not troubles:
        return [Notice("watchdog.well", "the watchdog finds nothing any more", at)] if before else []
    again = told is None or not timedelta(0) <= at - told.at < AGAIN_AFTER
    return [Notice(one.kind, one.text, at, alarm=True) for one in troubles if again or one.kind not in before]


def may_stop(since: datetime | None, switch: KillSwitch, at: datetime) -> bool:
    """Whether entries are stopped now: only where the switch is OFF, and not against a person who turned it off since.

    Turned off by hand after this danger was known: somebody knows, and decided. Where the times do not tell, it stops.
    """
    if since is None or switch.mode is not Mode.OFF:
        return False
    if switch.at is None or LONG_AGO in (since, known(switch.at, at)):
        return True
    return switch.at < since + UNWATCHED_AFTER


@dataclass(frozen=True, slots=True)
class Post:
    """Where the watchdog stands: what it reads, whom it tells, and whether it may stop entries."""

    ledger: Ledger
    watch: Watch
    queue: OrderQueue
    alerts: Alerts
    metrics: Metrics
    stops_entries: bool


def look(post: Post, at: datetime) -> Look:
    """One look: stop entries if that is wanted, count, tell. Raises when it cannot see whether anybody watches.

    What else cannot be read is told as a trouble of its own and hides nothing.
    """
    positions, beat = post.ledger.open_positions(), post.watch.last()
    since = unwatched_since(positions, beat, at)
    pending, unread = _read(post.ledger.pending_trades)
    late = undone(pending, at)
    late_since = known(late[0].intent.created_at, at) if late else None
    stopped = post.stops_entries and _stopped(post, {"positions are unwatched": since, "orders wait": late_since}, at)
    letters, lost = _read(lambda: of_letters(post.queue.dead()))
    troubles = (*of_positions(since, positions, at), *of_undone(late, at), *of_orders(pending, at), *letters)
    troubles = (*troubles, *unread, *lost)
    post.metrics.count(METRIC, len(positions) if since is not None else 0, at)
    post.metrics.count(UNDONE, len(late), at)
    told = post.watch.told()
    notices = news(troubles, told, at)
    if stopped:
        text = "entries are stopped, exits go on; once the cause is gone: trader kill-switch off --reason TEXT"
        notices.append(Notice("watchdog.stopped", text, at, alarm=True))
    if notices and not post.alerts.tell(notices):  # what could not be told is said again at the next look
        _noted(post, troubles, notices, told, at)
    said = tuple(notice.kind for notice in notices)
    return Look(at, len(positions), since, troubles, stopped, said, late_since)


def blinded(error: Exception, at: datetime) -> Notice:
    """What people are told when the watchdog cannot see."""
    text = f"the watchdog cannot see whether anybody watches: {type(error).__name__}: {error}"
    return Notice(BLIND, text, at, alarm=True)


def _read[T](read: Callable[[], Sequence[T]]) -> tuple[Sequence[T], list[Trouble]]:
    """What is there, or nothing and the trouble that it cannot be read."""
    try:
        return read(), []
    except TradingError as error:
        return [], [Trouble(BLIND, f"the watchdog could not read all: {type(error).__name__}: {error}")]


def _age(trade: Trade, at: datetime) -> timedelta:
    return at - known(trade.intent.created_at, at)


def _lasting(since: datetime, at: datetime) -> str:
    return "nobody knows how long" if since == LONG_AGO else f"{int((at - since).total_seconds() // 60)} minutes"


def _stopped(post: Post, dangers: Mapping[str, datetime | None], at: datetime) -> bool:
    if not any(dangers.values()):
        return False
    switch = post.ledger.kill_switch()
    reasons = [
        f"{danger} since {'nobody knows when' if since == LONG_AGO else f'{since:%Y-%m-%d %H:%M} UTC'}"
        for danger, since in dangers.items()
        if since is not None and may_stop(since, switch, at)
    ]
    return bool(reasons) and post.watch.stop_entries("; ".join(reasons), BY, at)


def _noted(post: Post, troubles: Sequence[Trouble], said: Sequence[Notice], told: Told | None, at: datetime) -> None:
    """Remember what stands as told. The clock of "again" starts anew only when everything was said."""
    kinds = tuple(one.kind for one in troubles)
    everything = told is None or set(kinds) <= {notice.kind for notice in said}
    post.watch.note_told(Told(kinds, at if everything or told is None else told.at))
