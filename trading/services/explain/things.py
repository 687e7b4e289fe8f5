"""From an id to everything behind it: order -> decision -> scores -> inputs -> payloads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from trading.errors import BadInput
from trading.lineage.record import plain, read
from trading.order import Side, Trade, entry_trade_id, exit_trade_id
from trading.position import Position
from trading.report.rows import coin_of, text
from trading.services.explain import trades
from trading.services.explain.decisions import Decided, decided, pair_lines, slot_of
from trading.services.explain.inputs import input_lines
from trading.services.explain.shapes import Explanation, Sources, Step, when

KINDS = "TRD-… (order), POS-… (position), AN-… (decision), SIG-… (signal), LN-… (record), or the venue's order number"
MONITOR = re.compile(r"MON-(\d{8}T\d{6})Z-(.+)")
SIGNAL = re.compile(r"SIG-(AN-\w+Z)-(.+)")
LOOK_BACK_DAYS = 8
"""How far back a venue's order number is looked for."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def explain(name: str, sources: Sources) -> Explanation:
    """Everything behind an id. Raises BadInput when there is no such thing."""
    if name.isdigit():
        days = [sources.now - timedelta(days=number) for number in range(LOOK_BACK_DAYS)]
        return _of_trade(name, _found(sources, days, "order_id", name), sources)
    for begins, tell in WAYS.items():
        if name.startswith(begins):
            return tell(name, sources)
    msg = f"{name!r} is nothing that can be explained; ids look like {KINDS}"
    raise BadInput(msg)


def _order(name: str, sources: Sources) -> Explanation:
    return _of_trade(name, _must(sources.ledger.trade(name), f"order {name}"), sources)


def _position(name: str, sources: Sources) -> Explanation:
    return _of_position(name, _must(sources.ledger.position(name), f"position {name}"), sources)


def _signal(name: str, sources: Sources) -> Explanation:
    decision_id, pair = _must(SIGNAL.fullmatch(name), f"signal {name}").groups()
    return of_decision(name, _decision(decision_id, sources), sources, [pair])


def _analysis(name: str, sources: Sources) -> Explanation:
    return of_decision(name, _decision(name, sources), sources)


def _record(name: str, sources: Sources) -> Explanation:
    link = _must(sources.lineage.link(name), f"record {name}")
    decision_id = text(read(link.body).get("decision_id"))
    return of_decision(name, _must(decided(decision_id, sources, name), f"decision {decision_id}"), sources)


def _look(name: str, sources: Sources) -> Explanation:
    """A look at a position that booked its exit."""
    stamp = _must(MONITOR.fullmatch(name), f"decision {name}")[1]
    at = _must(slot_of(f"AN-{stamp}Z"), f"decision {name}")
    return _of_trade(name, _found(sources, [at], "decision_id", name), sources)


WAYS: Mapping[str, Callable[[str, Sources], Explanation]] = {
    "TRD-": _order,
    "POS-": _position,
    "SIG-": _signal,
    "AN-": _analysis,
    "LN-": _record,
    "MON-": _look,
}
"""Who tells of an id, by how it begins."""


def of_decision(about: str, found: Decided, sources: Sources, keys: Sequence[str] = ()) -> Explanation:
    """A decision, and what came of it. ``keys``: the pairs it is asked about; all when empty."""
    booked = _booked(found, sources)
    story = [Step(found.at, _why_it_ran(found)), *(step for trade in booked for step in trades.steps(trade))]
    return _told(about, _of_decision(found, booked), story, found, keys or list(found.rows), sources, booked)


def _of_trade(about: str, trade: Trade, sources: Sources) -> Explanation:
    intent = trade.intent
    buying = intent.side is Side.BUY
    held = f"POS-{intent.trade_id.removeprefix('TRD-')}" if buying else text(intent.position_id)
    position = sources.ledger.position(held)
    entry = trade if buying or position is None else sources.ledger.trade(position.trade_id)
    origin = decided((entry or trade).intent.decision_id, sources)
    asked = decided(intent.decision_id, sources) if not buying else origin
    told = [trade] if entry is None or entry is trade else [entry, trade]
    story = [
        *([Step(origin.at, _why_it_ran(origin))] if origin else []),
        *(step for one in told for step in trades.steps(one)),
        *(trades.held_steps(position) if position else ()),
    ]
    words, found = trades.headline(trade, position), asked or origin
    answer = _told(about, words, story, found, [intent.pair], sources, told, position)
    return answer if asked or not origin else replace(answer, judged=f"{answer.judged}, the decision that bought it")


def _of_position(about: str, position: Position, sources: Sources) -> Explanation:
    """A position by the last thing that became of it: its newest exit, or its entry while it is held."""
    last = sources.ledger.trade(exit_trade_id(position.position_id, position.exit_attempts))
    trade = last or _must(sources.ledger.trade(position.trade_id), f"order {position.trade_id}")
    return _of_trade(about, trade, sources)


def _told(  # noqa: PLR0913 (each is a part of the answer)
    about: str,
    headline: str,
    story: list[Step],
    found: Decided | None,
    keys: Sequence[str],
    sources: Sources,
    told: Sequence[Trade],
    position: Position | None = None,
) -> Explanation:
    inputs = input_lines(found, keys, sources) if found else ()
    return Explanation(
        about,
        headline,
        tuple(sorted(story, key=lambda step: step.at or LONG_AGO)),
        f"{found.decision_id}, {when(found.at)}" if found else "",
        pair_lines(found) if found else (),
        found.reasons if found else (),
        inputs,
        found.chain if found else "the decision's rows and record are not in the tables (kept 90 days)",
        (found is None or found.sound) and all(one.sound for one in inputs),
        dict(_ids(found, told, position)),
        _data(found, told, position),
    )


def _ids(found: Decided | None, told: Sequence[Trade], position: Position | None) -> Iterator[tuple[str, str]]:
    for trade in told:
        yield ("order" if trade.intent.side is Side.BUY else "exit"), trade.intent.trade_id
        if trade.order_id:
            yield f"venue's order ({trade.intent.side.lower()})", trade.order_id
    if position is not None:
        yield "position", position.position_id
    if found is not None:
        yield "decision", found.decision_id
        if found.link is not None:
            yield "record", found.link.record_id
        if run := text(found.record.get("flow_run_id")):
            yield "flow run", run


def _data(found: Decided | None, told: Sequence[Trade], position: Position | None) -> dict[str, Any]:
    return {
        "trades": plain(list(told)),
        "position": plain(position),
        "signals": {} if found is None else plain(found.rows),
        "record": {} if found is None else dict(found.record),
        "sha256": "" if found is None or found.link is None else found.link.sha256,
    }


def _booked(found: Decided, sources: Sources) -> list[Trade]:
    """The trades that a decision booked: its entries by their id, its exits by the day."""
    entries = (sources.ledger.trade(entry_trade_id(found.decision_id, key)) for key in found.rows)
    exits = sources.ledger.trades_of(found.at.date()) if found.action == "SELL" else []
    return [*filter(None, entries), *(one for one in exits if one.intent.decision_id == found.decision_id)]


def _of_decision(found: Decided, booked: Sequence[Trade]) -> str:
    at = when(found.at)
    if found.action == "HOLD":
        return f"On {at} nothing was to be done. {found.reasons[0] if found.reasons else ''}".strip()
    pairs = " and ".join(dict.fromkeys(coin_of(trade.intent.pair) for trade in booked))
    became = "; ".join(trade.status.lower() + (f", {trade.note}" if trade.note else "") for trade in booked)
    wanted = "buy" if found.action == "BUY" else "sell"
    if not booked:
        why = (*found.notes, *found.reasons, "")[0]
        return f"On {at} it was decided to {wanted}, but no order was booked: {why}"
    return f"On {at} it was decided to {wanted} {pairs}: {became}."


def _why_it_ran(found: Decided) -> str:
    judged = sum(one.score is not None for one in found.judged())
    ran = f" ({found.trigger})" if found.trigger else ""
    return f"an analysis ran{ran}: {judged} of {len(pair_lines(found))} pairs judged, decided {found.action}"


def _decision(decision_id: str, sources: Sources) -> Decided:
    return _must(decided(decision_id, sources), f"decision {decision_id}")


def _found(sources: Sources, days: Sequence[datetime], name: str, value: str) -> Trade:
    """The trade of these days with this decision or order."""
    for at in days:
        for trade in sources.ledger.trades_of(at.astimezone(UTC).date()):
            if value == (trade.order_id if name == "order_id" else trade.intent.decision_id):
                return trade
    return _must(None, f"order of {name} {value}")


def _must[T](found: T | None, what: str) -> T:
    if found is None:
        msg = f"there is no {what} in this desk's tables; what ended is kept 90 days, then only in the archive"
        raise BadInput(msg)
    return found
