"""Watchdog: is what is held being watched? It looks from outside at what the monitor leaves behind, and tells people.

It sends no order and watches no price itself: what stopped the monitor (the venue, the tables, the network) would stop
a second one too, and a path for money that runs only in bad hours is the least tried of all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from trading.errors import TradingError
from trading.limits import KillSwitch, Mode
from trading.order import Status, Trade
from trading.ports import Alerts, Ledger, Metrics, Notice, OrderQueue
from trading.ports.heartbeats import Heartbeat, Told, Watch
from trading.position import Position

UNWATCHED_AFTER = timedelta(minutes=5)
"""The monitor looks every minute; five missed looks are no accident."""
UNKNOWN_AFTER = timedelta(minutes=15)
"""Two looks at the venue settle an order without an answer in that time; after it a person should know."""
AGAIN_AFTER = timedelta(minutes=30)
"""What still is wrong is said again so often, not every minute."""
UNWATCHED, BLIND, BY = "watchdog.unwatched", "watchdog.blind", "watchdog"
METRIC = "UnwatchedPositions"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something a person should know: ``kind`` for machines, ``text`` for people."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found: how many positions are held, since when they are unwatched, if they are, and troubles."""

    at: datetime
    positions: int
    unwatched_since: datetime | None
    troubles: tuple[Trouble, ...]
    entries_stopped: bool = False
    told: tuple[str, ...] = ()


def unwatched_since(positions: Sequence[Position], beat: Heartbeat | None, at: datetime) -> datetime | None:
    """Since when something that is held is not watched; None while it is, or when nothing is held.

    A beat from a time to come says nothing about now: it counts as none.
    """
    if not positions:
        return None
    since = min(position.opened_at for position in positions)
    if beat is not None and beat.at <= at + UNWATCHED_AFTER:
        since = max(since, beat.at)
    return since if at - since >= UNWATCHED_AFTER else None


def of_positions(since: datetime | None, positions: Sequence[Position], at: datetime) -> list[Trouble]:
    """The trouble that nobody watches what is held."""
    if since is None:
        return []
    held = ", ".join(sorted({position.pair for position in positions}))
    minutes = int((at - since).total_seconds() // 60)
    text = f"nobody watched {held} for {minutes} minutes: no stop is raised, no exit is booked; trader run "
    return [Trouble(UNWATCHED, f"{text}monitor_positions looks once, then see why no run does")]


def of_orders(pending: Sequence[Trade], at: datetime) -> list[Trouble]:
    """Orders that wait for a person: halted ones, and those that stayed unknown."""
    halted = [one for one in pending if one.status is Status.HALTED]
    unknown = [one for one in pending if one.status is Status.UNKNOWN and at - one.intent.created_at >= UNKNOWN_AFTER]
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


def may_stop(since: datetime | None, switch: KillSwitch) -> bool:
    """Whether entries are stopped now: only where the switch is OFF, and not against a person who turned it off since.

    Turned off by hand after these positions were known to be unwatched: somebody knows, and decided.
    """
    if since is None or switch.mode is not Mode.OFF:
        return False
    return switch.at is None or switch.at < since + UNWATCHED_AFTER


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
    stopped = post.stops_entries and _stopped(post, since, at)
    troubles = (
        *of_positions(since, positions, at),
        *_readable(lambda: of_orders(post.ledger.pending_trades(), at)),
        *_readable(lambda: of_letters(post.queue.dead())),
    )
    post.metrics.count(METRIC, len(positions) if since is not None else 0, at)
    told = post.watch.told()
    notices = news(troubles, told, at)
    if stopped:
        text = "entries are stopped, exits go on; once all is watched again: trader kill-switch off --reason TEXT"
        notices.append(Notice("watchdog.stopped", text, at, alarm=True))
    if notices and not post.alerts.tell(notices):  # what could not be told is said again at the next look
        _noted(post, troubles, notices, told, at)
    return Look(at, len(positions), since, troubles, stopped, tuple(notice.kind for notice in notices))


def blinded(error: Exception, at: datetime) -> Notice:
    """What people are told when the watchdog cannot see."""
    text = f"the watchdog cannot see whether anybody watches: {type(error).__name__}: {error}"
    return Notice(BLIND, text, at, alarm=True)


def _readable(read: Callable[[], list[Trouble]]) -> list[Trouble]:
    try:
        return read()
    except TradingError as error:
        return [Trouble(BLIND, f"the watchdog could not read all: {type(error).__name__}: {error}")]


def _stopped(post: Post, since: datetime | None, at: datetime) -> bool:
    if since is None or not may_stop(since, post.ledger.kill_switch()):
        return False
    return post.watch.stop_entries(f"positions are unwatched since {since:%Y-%m-%d %H:%M} UTC", BY, at)


def _noted(post: Post, troubles: Sequence[Trouble], said: Sequence[Notice], told: Told | None, at: datetime) -> None:
    """Remember what stands as told. The clock of "again" starts anew only when everything was said."""
    kinds = tuple(one.kind for one in troubles)
    everything = told is None or set(kinds) <= {notice.kind for notice in said}
    post.watch.note_told(Told(kinds, at if everything or told is None else told.at))
