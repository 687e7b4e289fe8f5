"""A decision as it was stored: its rows, its record, and what each pair came to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from trading.candles import INTERVAL
from trading.errors import TradingError
from trading.lineage.chain import faults_of
from trading.lineage.record import read
from trading.ports.lineage import Link
from trading.report.rows import Judgement, coin_of, judgement, text
from trading.services.explain.shapes import PairLine, Sources

FORM = "AN-%Y%m%dT%H%M%SZ"
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision: its rows by pair, its record (empty when there is none), and how the chain stands around it."""

    decision_id: str
    at: datetime
    rows: Mapping[str, Mapping[str, Any]]
    record: Mapping[str, Any]
    link: Link | None
    chain: str
    sound: bool

    @property
    def action(self) -> str:
        """BUY, SELL or HOLD."""
        return text(self._said("action")) or "HOLD"

    @property
    def trigger(self) -> str:
        """Why it ran."""
        return text(self._first().get("trigger") or self.record.get("trigger"))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Its own sentences."""
        return tuple(text(one) for one in self._said("reasons") or ())

    @property
    def quarantined(self) -> Mapping[str, str]:
        """The pairs whose data was not believed, each with what was wrong."""
        found = _mapping(self.record.get("quarantined"))
        return {key: "; ".join(text(_mapping(one).get("words")) for one in faults) for key, faults in found.items()}

    @property
    def notes(self) -> tuple[str, ...]:
        """Why what was decided was not booked."""
        return tuple(text(one) for one in self._first().get("notes") or ())

    def judged(self) -> list[Judgement]:
        """Each pair's row, read leniently."""
        return [found for key, row in self.rows.items() if (found := judgement(key, row)) is not None]

    def seen(self, key: str) -> Mapping[str, Any]:
        """What the record says of one pair."""
        return _mapping(_mapping(self.record.get("pairs")).get(key))

    def _first(self) -> Mapping[str, Any]:
        return next(iter(self.rows.values()), {})

    def _said(self, name: str) -> Any:
        return self._first().get(name) or _mapping(self.record.get("decision")).get(name)


def slot_of(decision_id: str) -> datetime | None:
    """The 5-minute slot that a decision's id names; None when it is no such id."""
    try:
        return datetime.strptime(decision_id, FORM).replace(tzinfo=UTC)
    except ValueError:
        return None


def decided(decision_id: str, sources: Sources, record_id: str = "") -> Decided | None:
    """A decision by its id; None when neither its rows nor its record are there.

    record_id: of two analyses of one slot, the one that this record is of; else the one that the rows stand for.
    """
    slot = slot_of(decision_id)
    if slot is None:
        return None
    rows: dict[str, Mapping[str, Any]] = {}
    for pair in sources.pairs:
        for row in sources.ledger.signals_of(pair.key, slot, slot + INTERVAL - SECOND):
            if row.get("decision_id") == decision_id and record_id in ("", text(row.get("record_id"))):
                rows[pair.key] = row
    links = sources.lineage.day(slot.date())
    link = _own(decision_id, {record_id} if record_id else {text(row.get("record_id")) for row in rows.values()}, links)
    if not rows and link is None:
        return None
    record = {} if link is None else read(link.body)
    chain, sound = _chain(slot, link, links, sources)
    return Decided(decision_id, _time(rows, record, slot), rows, record, link, chain, sound)


def _own(decision_id: str, named: Collection[str], links: Sequence[Link]) -> Link | None:
    """The record that is named, else the last one of this decision: the same slot may have been analysed twice."""
    own = [link for link in links if read(link.body).get("decision_id") == decision_id]
    return next((link for link in links if link.record_id in named), own[-1] if own else None)


def _chain(slot: datetime, link: Link | None, links: Sequence[Link], sources: Sources) -> tuple[str, bool]:
    """How the chain stands around a record, in words."""
    if link is None:
        return "no record of this decision is in the table", True
    try:
        faults = faults_of(slot.date(), links, sources.lineage.head(slot.date()))
    except TradingError as error:
        return f"{link.record_id}; its chain could not be read: {error}", True
    if faults:
        return f"{link.record_id}: THE CHAIN OF THIS DAY IS BROKEN, {faults[0]}", False
    place = f"number {link.number} of {len(links)} on {link.day}"
    return f"{link.record_id}, {place}: the chain of that day is whole ({link.sha256[:12]}…)", True


def _time(rows: Mapping[str, Mapping[str, Any]], record: Mapping[str, Any], slot: datetime) -> datetime:
    stamps = [row["timestamp"] for row in rows.values() if isinstance(row.get("timestamp"), int)]
    if stamps:
        return datetime.fromtimestamp(stamps[0], UTC)
    try:
        return datetime.fromisoformat(text(record.get("at"))).astimezone(UTC)
    except ValueError:
        return slot


# ----------------------------------------------------------------------------------------------------- pair by pair


def pair_lines(found: Decided) -> tuple[PairLine, ...]:
    """Every pair of a decision, best first; those without a score last."""
    judged = {one.pair: one for one in found.judged()}
    keys = list(dict.fromkeys([*judged, *_mapping(found.record.get("pairs"))]))
    lines = [_line(key, judged.get(key), found) for key in keys]
    return tuple(sorted(lines, key=lambda line: (line.score is None, -(line.score or 0.0), line.pair)))


def _line(key: str, one: Judgement | None, found: Decided) -> PairLine:
    parts = {} if one is None else {part.name: part.value for part in one.parts}
    score, short = (None, None) if one is None else (one.score, one.short_by)
    return PairLine(key, score, short, parts, _verdict(key, one, found))


def _verdict(key: str, one: Judgement | None, found: Decided) -> str:
    if one is not None and one.chosen:
        return "to be bought" if one.action == "BUY" else "to be sold"
    if key in found.quarantined:
        return "quarantined"
    if one is None or one.score is None:
        missing = ", ".join(one.missing) if one is not None else ""
        return f"sat out: {missing or next((r for r in found.reasons if r.startswith(key)), 'its input is missing')}"
    if holds(key, found) or (why := barred(key, found)):
        return "held" if holds(key, found) else f"may not be bought: {why}"
    if one.short_by is None:
        return "scored"
    return "enough to buy" if one.short_by <= 0 else f"{one.short_by:.3f} short of {one.buy_threshold:+.3f}"


def barred(key: str, found: Decided) -> str:
    """Why the premium between the venues barred a pair; empty when it did not."""
    basis = _mapping(found.rows.get(key, {}).get("basis") or found.seen(key).get("basis"))
    return text(basis.get("why")) if basis.get("barred") is True else ""


def holds(key: str, found: Decided) -> bool:
    """Whether the pair was held when it was decided, as the record says."""
    positions = _mapping(found.record.get("books")).get("positions") or ()
    return any(f"-{key}-" in text(one) for one in positions)


def blocks(found: Decided) -> list[str]:
    """What stood in the way of buying anything, or of single pairs, each as one phrase."""
    books = _mapping(found.record.get("books"))
    said = [f"breaker {text(name).replace('_', ' ')}" for name in books.get("breakers") or ()]
    if text(books.get("kill_switch")) not in {"", "OFF"}:
        said.insert(0, f"kill switch {books['kill_switch']}")
    by_why: dict[str, list[str]] = {}
    for key, why in found.quarantined.items():
        by_why.setdefault(why, []).append(coin_of(key))
    said += [f"{' '.join(coins)} quarantined ({why})" for why, coins in by_why.items()]
    said += [f"{coin_of(key)} barred ({why})" for key in found.rows if (why := barred(key, found))]
    missing = {one.pair: ", ".join(one.missing) for one in found.judged() if one.missing}
    return said + [f"{coin_of(key)} sat out ({why})" for key, why in missing.items() if key not in found.quarantined]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
