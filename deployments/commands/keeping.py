"""Commands that keep the books and bring them back."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from blocks.settings import load_settings
from deployments.commands.options import AsJson, DeskOption, alarming, answer, day_named
from deployments.where import prepared_desk
from trading.errors import BadInput, Rejected
from trading.report.words import plural

if TYPE_CHECKING:
    from trading.services.backup import Backup
    from trading.services.restore import Restored, RestoredDay

Prefix = Annotated[
    str | None, typer.Option(metavar="NAME", help="Into tables under this prefix, made where missing; else the desk's.")
]


def backup(desk: DeskOption = None, json: AsJson = False) -> None:
    """Keep the books: order state, strategy history, lineage and revisions, whole, read back and with a manifest."""
    name = desk or load_settings().desk
    with prepared_desk(name, start=False):
        from importlib.metadata import version

        from blocks.desk import inspect_desk
        from trading.services.backup import take

        room = inspect_desk(name)
        made = take(room.clock.now(), version("crypto-trader"), room.items, room.archive)
    answer({"desk": name, **asdict(made), "snapshot": not made.moved}, as_json=json, text=_backup_text(made))


def _backup_text(made: Backup) -> str:
    lines = [f"{name:15} {plural(rows, 'item'):>14}  {made.sha256[name][:16]}" for name, rows in made.rows.items()]
    said = f"a snapshot: {made.readings} readings, the last two equal"
    if made.moved:
        said = alarming(f"no snapshot: {', '.join(made.moved)} changed in each of {made.readings} readings")
    return "\n".join([*lines, said, f"trader restore --from {made.key}"])


def restore(
    source: Annotated[
        str, typer.Option("--from", metavar="KEY", help="A backup's key, or latest; with --archive the first day.")
    ],
    archive: Annotated[bool, typer.Option("--archive", help="Days of the archive instead of a backup.")] = False,
    to: Annotated[str | None, typer.Option(metavar="DAY", help="With --archive: the last day; else the first.")] = None,
    expired: Annotated[
        bool, typer.Option("--expired", help="With --archive: also rows whose lifetime is over, as they were.")
    ] = False,
    into_prefix: Prefix = None,
    desk: DeskOption = None,
    json: AsJson = False,
) -> None:
    """Bring a backup, or archived days, back into the tables. Nothing there is overwritten; safe to repeat.

    A backup goes into empty tables only. The kill switch is then at NOTHING: run trader reconcile, then switch it off.
    """
    if not archive and (to or expired):
        msg = "--to and --expired go with --archive"
        raise typer.BadParameter(msg)
    name = desk or load_settings().desk
    with prepared_desk(name, start=False):
        if archive:
            first, last = day_named(source), day_named(to or source)
            if last < first:
                msg = f"--to {last} is before --from {first}"
                raise BadInput(msg)
            data, text = _days(name, into_prefix, first, last, expired=expired)
        else:
            data, text = _books(name, into_prefix, source, at=f" --desk {desk}" if desk else "")
    answer(data, as_json=json, text=text)
    if not data["identical"]:
        raise typer.Exit(1)


def _books(name: str, prefix: str | None, key: str, *, at: str) -> tuple[dict[str, Any], str]:
    """A backup into empty tables. ``at``: the desk, as the next commands must name it."""
    from blocks.desk import inspect_desk
    from blocks.keeping import restore_target
    from trading.services.backup import content_of, found
    from trading.services.restore import restore

    room, target = inspect_desk(name), restore_target(name, prefix)
    source = found(key, room.archive)
    content = content_of(source, room.archive)
    done = restore(
        source.key, content, room.clock.now(), getpass.getuser(), target.items, target.ledger.set_kill_switch
    )
    data = {"desk": name, "from": source.key, "prefix": target.prefix, **asdict(done)}
    own = load_settings().prefix
    beside = "" if prefix in {None, own} else f"TRADER_PREFIX={prefix} "
    rest = f" The desk {name} under {own} is as it was." if beside else ""
    # The desk adds an ending of its own to the prefix: what the tables are called is not what a person sets.
    steps = f"Next: {beside}trader reconcile{at}, then {beside}trader kill-switch off{at} --reason TEXT"
    return data, _books_text(source, target.prefix, done, f"{rest} {steps}")


def _books_text(source: Backup, prefix: str, done: Restored, steps: str) -> str:
    lines = [f"{source.key} (code {source.code_version}) into {prefix}"]
    for name, rows in done.rows.items():
        lines.append(f"{name:15} {plural(rows, 'item'):>14}, {done.written[name]} written  {done.sha256[name][:16]}")
    if source.moved:
        lines.append(alarming(f"the backup was no snapshot: {', '.join(source.moved)} moved while it was read"))
    if not done.differs_by:
        return "\n".join([*lines, f"the tables of {prefix} are this backup already; nothing was changed"])
    said = f"identical, but for {', '.join(done.differs_by)}"
    lines.append(said if done.identical else alarming("THE TABLES DIFFER FROM THE BACKUP: do not trade with them"))
    return "\n".join([*lines, f"Nothing is sent from {prefix} now.{steps}"])


def _days(name: str, prefix: str | None, since: date, until: date, *, expired: bool) -> tuple[dict[str, Any], str]:
    """Archived days into the tables."""
    from blocks.desk import inspect_desk
    from blocks.keeping import restore_target
    from trading.services.restore import restore_days

    room, target = inspect_desk(name), restore_target(name, prefix)
    days = restore_days(since, until, room.clock.now(), target.items, room.archive, expired=expired)
    rows = [{**asdict(one), "day": one.day.isoformat()} for one in days]
    if not days:
        msg = f"nothing of {since} to {until} is archived; trader verify --days N lists the days that are"
        raise Rejected(msg)
    identical = all(one.identical for one in days)
    data = {"desk": name, "prefix": target.prefix, "days": rows, "identical": identical}
    return data, "\n".join(_day_text(one, expired=expired) for one in days)


def _day_text(one: RestoredDay, *, expired: bool) -> str:
    said = f"{one.table:15} {one.day}  {plural(one.rows, 'row')}, {one.written} written  {one.sha256[:16]}"
    if one.expired:
        said += f", {one.expired} past their lifetime" + ("" if expired else " left out (--expired)")
    return said + (alarming(f", {one.differ} STAND OTHERWISE in the table and were left") if one.differ else "")
