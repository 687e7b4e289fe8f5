"""Commands that set orders right: compare book and venue, settle what is unclear, queue dead letters again."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from blocks.settings import load_settings
from deployments.commands.options import AsJson, DeskOption, alarming, answer
from deployments.where import prepared_desk
from trading.report.words import plural

if TYPE_CHECKING:
    from blocks.desk import Desk
    from trading.reconciliation import Reconciliation


def reconcile(
    accept: Annotated[
        bool, typer.Option("--accept", help="What differs is not the desk's: deposits, withdrawals, orders by hand.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why it is accepted; kept with your name.")] = "",
    desk: DeskOption = None,
    json: AsJson = False,
) -> None:
    """Compare the book with the exchange, now: what differs, with the evidence. A difference stops all entries."""
    name = desk or load_settings().desk
    if accept and not reason.strip():
        msg = "say why: trader reconcile --accept --reason 'TEXT'"
        raise typer.BadParameter(msg)
    with prepared_desk(name, start=False):
        from blocks.desk import inspect_desk
        from trading.services import reconcile as comparing

        room = inspect_desk(name)
        at = room.clock.now()
        if accept:
            comparing.accept(
                at, reason.strip(), getpass.getuser(), room.pairs, room.ledger, room.exchange, room.strategy
            )
        seen = comparing.reconcile(at, room.pairs, room.ledger, room.exchange, room.strategy)
    answer(reconciliation_data(name, seen), as_json=json, text=_reconciliation_text(name, seen))
    if seen.blocks_entries:
        raise typer.Exit(1)


def reconciliation_data(desk: str, seen: Reconciliation) -> dict[str, Any]:
    """A comparison as JSON shows it."""
    findings = [
        {"kind": one.kind, "about": one.about, "book": one.book, "venue": one.venue, "evidence": one.evidence}
        for one in seen.findings
    ]
    return {
        "desk": desk,
        "at": seen.at.isoformat(),
        "verdict": seen.verdict.value,
        "blocks_entries": seen.blocks_entries,
        "findings": findings,
        "waiting": list(seen.waiting),
        "compared": dict(seen.compared),
        "note": seen.note,
    }


def _reconciliation_text(desk: str, seen: Reconciliation) -> str:
    lines = [f"{desk} desk, {seen.at:%Y-%m-%d %H:%M:%S} UTC"]
    for name, said in seen.compared.items():
        lines.append(f"  {name:5} {said}" + (" (order under way)" if name in seen.waiting else ""))
    if not seen.blocks_entries:
        return "\n".join([*lines, "book and venue agree"])
    lines.append(alarming(f"BOOK AND VENUE DIFFER: {plural(len(seen.findings), 'finding')}; nothing is bought"))
    for one in seen.findings:
        lines += [alarming(f"  {one.kind}: {one.about}"), f"    book   {one.book}", f"    venue  {one.venue}"]
        lines.append(f"    seen   {one.evidence}")
    lines.append("If you moved it yourself: trader reconcile --accept --reason 'TEXT'. Else look at the venue first.")
    return "\n".join(lines)


def redrive(desk: DeskOption = None, json: AsJson = False) -> None:
    """Put every dead letter back on the order queue. Safe to repeat: the books know what was done already."""
    name = desk or load_settings().desk
    with prepared_desk(name, start=False):
        from blocks.desk import inspect_desk

        data = _redriven(inspect_desk(name))
    kept = [f"left where it is, not one of our messages: {one}" for one in data["unreadable"]]
    text = "\n".join([f"{plural(len(data['redriven']), 'message')} back on the queue", *data["redriven"], *kept])
    answer({"desk": name, **data}, as_json=json, text=text)


def _redriven(room: Desk) -> dict[str, list[str]]:
    moved: list[str] = []
    unreadable: dict[str, str] = {}
    while True:
        received = room.queue.dead_letters()
        unreadable |= {one.message_id: one.reason for one in received.unreadable}
        for delivery in received:
            room.queue.redrive(delivery)
            moved.append(delivery.trade_id)
        if not received and not received.unreadable:
            return {"redriven": moved, "unreadable": [f"{name}: {why}" for name, why in unreadable.items()]}


def resolve(
    trade_id: Annotated[str, typer.Argument(metavar="TRADE", help="The halted order, as trader positions names it.")],
    order: Annotated[str | None, typer.Option(metavar="ID", help="It is this order at the venue.")] = None,
    never_happened: Annotated[bool, typer.Option(help="The venue shows that it never happened.")] = False,
    reason: Annotated[str, typer.Option(help="What you saw; kept with your name.")] = "",
    desk: DeskOption = None,
    json: AsJson = False,
) -> None:
    """Say what became of a HALTED order, after looking at the venue: the book is then set right by it."""
    if (order is None) is not never_happened or not reason.strip():
        msg = "say which: --order ID or --never-happened, with --reason 'TEXT'"
        raise typer.BadParameter(msg)
    name = desk or load_settings().desk
    with prepared_desk(name, start=False):
        from blocks.desk import inspect_desk
        from trading.services.resolve import resolved
        from trading.services.telling import in_words

        room = inspect_desk(name)
        said = f"{getpass.getuser()}: {reason.strip()}"
        trade = resolved(trade_id, order, said, room.clock.now(), room.ledger, room.exchange, room.strategy)
    data = {"desk": name, "trade_id": trade_id, "status": trade.status.value, "note": trade.note}
    answer(data, as_json=json, text=in_words(trade))
