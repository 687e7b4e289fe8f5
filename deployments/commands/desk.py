"""Commands that look at a desk and operate it."""

from __future__ import annotations

import getpass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import typer

from blocks.settings import load_settings
from deployments.commands.options import AsJson, DeskOption, alarming, answer
from deployments.commands.orders import reconciliation_data
from deployments.where import prepared_desk
from trading.report.words import plural, yen_text


class Switch(StrEnum):
    """What to do with the kill switch."""

    on = "on"
    off = "off"
    show = "show"


class HowFar(StrEnum):
    """How far the kill switch stops us."""

    no_entries = "no-entries"
    nothing = "nothing"


def positions(desk: DeskOption = None, json: AsJson = False) -> None:
    """What is held, orders whose outcome is unknown, and pairs that are halted."""
    name = desk or load_settings().desk
    with prepared_desk(name, start=False):
        from blocks.watching import open_books

        data = _positions(open_books(name))
    lines = [
        f"{row['trading_pair']:9} {row['size']:>16} at {_price(row['entry_price_jpy'])}, "
        f"stop {_price(row['stop_loss_jpy'])}  {row['position_id']}"
        for row in data["positions"]
    ]
    lines += [alarming(f"UNKNOWN {one['trade_id']}: {one['note']}") for one in data["unknown_orders"]]
    lines += [alarming(f"HALTED  {one['trade_id']}: {one['note']}") for one in data["halted_orders"]]
    answer(data, as_json=json, text="\n".join(lines) or "nothing is held")


def _price(text: str) -> str:
    """Yen per coin as a person reads it: whole yen for dear coins, more places for cheap ones."""
    price = Decimal(text)
    places = 0 if price >= 1000 else 2 if price >= 10 else 4
    return f"¥{price:,.{places}f}"


def _positions(room: Any) -> dict[str, Any]:
    from trading.order import Status

    pending = room.ledger.pending_trades()
    return {
        "positions": [
            {
                "pair": held.pair,
                "trading_pair": held.trading_pair,
                "status": held.status.value,
                "size": str(held.size.number),
                "entry_price_jpy": str(held.entry_price.number),
                "stop_loss_jpy": str(held.stop_loss.number),
                "opened_at": held.opened_at.isoformat(),
                "position_id": held.position_id,
                "trade_id": held.trade_id,
            }
            for held in room.ledger.open_positions()
        ],
        "unknown_orders": [_named(trade) for trade in pending if trade.status is Status.UNKNOWN],
        "halted_orders": [_named(trade) for trade in pending if trade.status is Status.HALTED],
        "halted_pairs": sorted({trade.intent.pair for trade in pending if trade.status is Status.HALTED}),
    }


def _named(trade: Any) -> dict[str, str]:
    return {"trade_id": trade.intent.trade_id, "pair": trade.intent.pair, "note": trade.note}


def status(desk: DeskOption = None, json: AsJson = False) -> None:
    """The desk at a glance: time, kill switch, account, what is held and what is under way."""
    name = desk or load_settings().desk
    with prepared_desk(name, start=False):
        from blocks.desk import glance_at_desk
        from trading.services.watchdog import unwatched_since

        room = glance_at_desk(name)
        held, beat, now = room.ledger.open_positions(), room.heartbeats.last(), room.clock.now()
        since = unwatched_since(held, beat, now)
        switch, balances, seen = room.ledger.kill_switch(), room.exchange.balances(), room.ledger.reconciliation()
        data = {
            "desk": name,
            "now": now.isoformat(),
            "kill_switch": switch.mode.value,
            "jpy_free": str(balances.jpy_free.number),
            "reconciled": None if seen is None else reconciliation_data(name, seen),
            "watched_at": beat and beat.at.isoformat(),
            "unwatched_since": since and since.isoformat(),
            "dead_letters": room.queue.dead(),
            "pending_orders": len(room.ledger.pending_trades()),
            "newest_candles": {pair.key: str(room.candles.newest(pair) or "none") for pair in room.pairs},
            **_positions(room),
        }
    answer(data, as_json=json, text=_status_text(data, seen, yen_text(balances.jpy_free.number)))


def _status_text(data: dict[str, Any], seen: Any, free: str) -> str:
    """The desk at a glance; whatever needs a person is red."""
    lines = [f"{data['desk']} desk, {data['now'][:16]} UTC"]
    switch = f"kill switch {data['kill_switch']}"
    lines.append(switch if data["kill_switch"] == "OFF" else alarming(switch))
    lines.append(f"free {free}")
    under_way = f"{plural(len(data['positions']), 'position')}, {plural(data['pending_orders'], 'order')} under way"
    unclear = f"{len(data['unknown_orders'])} unknown, {len(data['halted_pairs'])} pairs halted"
    lines.append(f"{under_way}, " + (alarming(unclear) if data["unknown_orders"] or data["halted_pairs"] else unclear))
    if data["dead_letters"]:
        lines.append(alarming(f"{plural(data['dead_letters'], 'dead letter')}: trader redrive"))
    return "\n".join([*lines, _watching(data), _agreement(seen)])


def _watching(data: dict[str, Any]) -> str:
    """When every position was last looked at; red by the watchdog's own rule."""
    last = data["watched_at"]
    said = "positions were never watched" if last is None else f"positions last watched {last[:10]} {last[11:19]} UTC"
    if data["unwatched_since"] is None:
        return said
    held = ", ".join(sorted({one["pair"] for one in data["positions"]}))
    return alarming(f"NOBODY WATCHES {held}: {said}. trader run monitor_positions looks once")


def _agreement(seen: Any) -> str:
    if seen is None:
        return "book and venue were never compared: trader reconcile"
    when = f"at {seen.at:%Y-%m-%d %H:%M} UTC"
    if not seen.blocks_entries:
        return f"book and venue agreed {when}"
    found = "; ".join(one.about for one in seen.findings) or seen.note
    return alarming(f"BOOK AND VENUE {seen.verdict} {when}, nothing is bought: {found}. See trader reconcile")


def kill_switch(
    action: Annotated[Switch, typer.Argument(help="on, off or show.")],
    reason: Annotated[str, typer.Option(help="Why; kept with your name.")] = "",
    mode: Annotated[
        HowFar, typer.Option(help="no-entries still lets exits through; nothing stops all.")
    ] = HowFar.no_entries,
    desk: DeskOption = None,
    json: AsJson = False,
) -> None:
    """Stop orders, let them through again, or show who stopped them and why. In force at the next send."""
    name = desk or load_settings().desk
    if action is not Switch.show and not reason.strip():
        msg = f"say why: trader kill-switch {action} --reason 'TEXT'"
        raise typer.BadParameter(msg)
    with prepared_desk(name, start=False):
        from blocks.watching import open_books
        from trading.limits import KillSwitch, Mode

        room = open_books(name)
        if action is not Switch.show:
            wanted = Mode.OFF if action is Switch.off else Mode(mode.name.upper())
            now = room.clock.now()
            room.ledger.set_kill_switch(KillSwitch(wanted, reason.strip(), getpass.getuser(), now))
        switch = room.ledger.kill_switch()
    data = {
        "mode": switch.mode.value,
        "reason": switch.reason,
        "by": switch.by,
        "at": switch.at and switch.at.isoformat(),
    }
    since = f" since {switch.at:%Y-%m-%d %H:%M} UTC by {switch.by}: {switch.reason}" if switch.at else ""
    answer(data, as_json=json, text=f"kill switch {switch.mode.value}{since}")
