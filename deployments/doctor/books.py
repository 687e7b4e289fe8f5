"""A desk's books: whether they are there, agree with the venue, and what waits in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from adapters.aws import Aws
from adapters.aws_errors import translated
from adapters.dynamodb.client import Dynamo
from adapters.dynamodb.quota import DynamoQuota
from adapters.presence import missing
from deployments.doctor.findings import Finding, fail, ok, warn
from deployments.doctor.world import skew
from trading.limits import Mode
from trading.order import Status
from trading.report.words import plural
from trading.services.watchdog import UNWATCHED_AFTER, undone
from trading.tables import Names

WORKER = "trader up, or prefect worker start --pool trader"
OR_WHY = f"or says why it cannot; without a worker no run starts: {WORKER}"
"""Runs that fail look from here as if there were none: the advice has to be right for both."""
LOOK_NOW = f"trader run monitor_positions looks now, {OR_WHY}"
OLD_COMPARISON = timedelta(minutes=20)


def there(names: Names, aws: Aws, desk: str) -> Finding:
    """Every declared table, queue and bucket exists."""
    lacking = missing(aws.complete(names), aws)
    if lacking:
        more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
        return fail(f"missing: {', '.join(lacking[:3])}{more}", f"trader init --desk {desk}")
    return ok(f"all tables, queues and buckets of {names.prefix} are there")


def aws_clock(aws: Aws, now: datetime) -> Finding:
    """AWS answers, and our clock agrees with its."""
    with translated("ask AWS for its time", write=False):
        reply: Any = aws.dynamodb.list_tables(Limit=1)
    from email.utils import parsedate_to_datetime

    date = reply["ResponseMetadata"]["HTTPHeaders"].get("date")
    ahead_s = None if date is None else (parsedate_to_datetime(date) - now).total_seconds() + 0.5
    found = skew("AWS", ahead_s)
    return Finding(found.state, f"{aws.endpoint} answers; clock {found.said}", found.do)


def queue(room: Any) -> Finding:
    """What waits on the order queue."""
    count = room.queue.waiting()
    said = f"{plural(count, 'message')} waiting"
    return ok(said) if count <= 20 else warn(said, f"trader run execute_orders takes them now, {OR_WHY}")


def dead_letters(room: Any) -> Finding:
    """Messages that failed three times."""
    count = room.queue.dead()
    return fail(plural(count, "dead letter"), "see the log for why, then: trader redrive") if count else ok("none")


def orders(room: Any, desk: str) -> Finding:
    """Orders whose outcome is unknown, those that a person must settle, and those that nobody carries out."""
    pending = room.ledger.pending_trades()
    late = [one.intent.trade_id for one in undone(pending, room.clock.now())]
    halted = [one.intent.trade_id for one in pending if one.status is Status.HALTED]
    unknown = [one.intent.trade_id for one in pending if one.status is Status.UNKNOWN]
    if halted:
        do = f"look at the exchange's history, then: trader resolve {halted[0]} --desk {desk} --reason TEXT"
        return fail(f"{len(halted)} HALTED, {len(unknown)} UNKNOWN: {', '.join(halted)}", do)
    if late:
        return fail(f"nobody carries out {', '.join(late)}", f"trader run execute_orders tries now, {OR_WHY}")
    if unknown:
        return warn(f"{len(unknown)} UNKNOWN: {', '.join(unknown)}", "wait 15 minutes: they are looked up")
    return ok(f"{plural(len(pending), 'order')} under way, none unclear")


def reconciliation(room: Any, desk: str) -> Finding:
    """Book and venue agree, and were compared lately."""
    seen, now = room.ledger.reconciliation(), room.clock.now()
    if seen is None:
        return warn("book and venue were never compared", f"trader reconcile --desk {desk}")
    if seen.blocks_entries:
        return fail(
            f"{seen.verdict} since {seen.at:%Y-%m-%d %H:%M} UTC: nothing is bought", f"trader reconcile --desk {desk}"
        )
    said = f"agreed {_ago(now - seen.at)} ago"
    late = now - seen.at > OLD_COMPARISON
    return warn(said, f"trader reconcile --desk {desk} compares now, {OR_WHY}") if late else ok(said)


def kill_switch(room: Any, desk: str) -> Finding:
    """Whether anything may be traded."""
    switch = room.ledger.kill_switch()
    if switch.mode is Mode.OFF:
        return ok("off")
    return warn(
        f"{switch.mode.value} by {switch.by}: {switch.reason}", f"trader kill-switch off --desk {desk} --reason TEXT"
    )


def heartbeat(room: Any) -> Finding:
    """What is held is watched."""
    last, held = room.heartbeats.last(), len(room.ledger.open_positions())
    if last is None:
        return warn("no monitor ever ran", "start one: trader up") if not held else fail(
            f"{plural(held, 'position')} held and no monitor ever ran", LOOK_NOW
        )  # fmt: skip
    age = room.clock.now() - last.at
    said = f"{plural(held, 'position')} held, watched {_ago(age)} ago"
    if age < UNWATCHED_AFTER:
        return ok(said)
    return (fail if held else warn)(said, LOOK_NOW)


def candles(room: Any) -> Finding:
    """The newest candles are new."""
    now, newest = room.clock.now(), {pair.key: room.candles.newest(pair) for pair in room.pairs}
    none = [key for key, at in newest.items() if at is None]
    if none:
        return warn(f"none yet of {', '.join(none)}", "trader run collect_prices fetches them")
    age = now - min(at for at in newest.values() if at is not None)
    said = f"{plural(len(newest), 'pair')}, the oldest last candle opened {_ago(age)} ago"
    return (
        ok(said) if age < timedelta(minutes=16) else warn(said, f"trader run collect_prices fetches them now, {OR_WHY}")
    )


def news_quota(shared: Names, aws: Aws, most: int, at: datetime) -> Finding:
    """Calls of this month that the news plan still allows."""
    used = DynamoQuota(shared, Dynamo(aws.dynamodb)).used(at)
    said = f"{used} of {most} calls this month"
    return ok(said) if used < 0.9 * most else warn(said, "news stop for this month; a larger plan has more")


def _ago(age: timedelta) -> str:
    minutes = age.total_seconds() / 60
    return (
        f"{minutes * 60:.0f} s" if minutes < 2 else f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"
    )
