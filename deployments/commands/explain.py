"""``trader explain``: everything behind an order, a decision or a position; or why nothing was traded at a time."""

from __future__ import annotations

import shutil
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from blocks.settings import load_settings
from deployments.commands.options import AsJson, DeskOption, answer, moment
from deployments.where import prepared_desk

if TYPE_CHECKING:
    from blocks.desk import Desk
    from trading.services.explain import Sources


def explain(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]", help="An order, position, decision, signal, record, or the venue's order number."
        ),
    ] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="Why nothing was traded then (UTC).")] = None,
    desk: DeskOption = None,
    json: AsJson = False,
) -> None:
    """Why something was bought or sold, or why nothing was: from the order back to the bytes it came from.

    IDs are those that trader positions, the reports and the Prefect UI show: TRD-…, POS-…, AN-…, SIG-…, LN-…
    """
    if (name is None) is (at is None):
        msg = "say what: trader explain ID, or trader explain --at TIME"
        raise typer.BadParameter(msg)
    where = desk or load_settings().desk
    with prepared_desk(where, start=False):
        from blocks.desk import inspect_desk
        from deployments.plain import plain
        from deployments.screen_explain import explained
        from trading.services.explain import explain as explain_id
        from trading.services.explain import explain_time

        sources = sources_of(inspect_desk(where))
        told = explain_time(minute(at, sources.now), sources) if at is not None else explain_id(name or "", sources)
    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    text = explained(told, width, colour=sys.stdout.isatty())
    answer({"desk": where, **plain(told)}, as_json=json, text=text)


def minute(text: str, now: datetime) -> datetime:
    """The time asked about. Whole minutes are meant with all their seconds, and the minute that runs up to now."""
    at = moment(text)
    end = at if at.second or at.microsecond else at + timedelta(seconds=59)
    return min(end, now) if at <= now + timedelta(minutes=1) else at


def sources_of(room: Desk) -> Sources:
    """What explanations of a desk are looked up in."""
    from trading.services.explain import Sources

    return Sources(
        room.pairs,
        room.ledger,
        room.lineage,
        room.candles,
        room.revisions,
        room.readings,
        room.forecasts,
        room.strategy,
        room.clock.now(),
        room.archive,
    )
