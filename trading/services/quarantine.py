"""Quarantine, for those who read of it: the archive's record, the event, and the page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from trading.lineage.inputs import canonical
from trading.pairs import Pair
from trading.ports import Archive, Notice
from trading.quality.findings import Finding
from trading.services.pages import foreign, table_row
from trading.services.quality import Checked, Gate

BUCKET = "raw-market-data"
METRIC = "QuarantinedPairs"
TAIL = 24
"""Newest candles that a record carries besides the failing ones: two hours."""


def records_of(gate: Gate, windows: Mapping[Pair, pd.DataFrame], at: datetime) -> dict[str, bytes]:
    """Of each pair that sits out, by its key in the archive: what was found, the failing rows, and the newest candles.

    ``quarantine/date=<day>/<HHMMSS>-<pair>.json``; the same findings are the same bytes.
    """
    tails = {pair.key: _rows(window.tail(TAIL)) for pair, window in windows.items()}
    return {
        evidence_key(pair, at): canonical(
            {
                "pair": pair,
                "at": at,
                "findings": [_finding(one) for one in findings],
                "checked": _checked(gate.checked.get(pair)),
                "newest_candles": tails.get(pair, []),
            }
        ).encode()
        for pair, findings in gate.quarantined.items()
    }


def notices_of(gate: Gate, at: datetime, unkept: Mapping[str, str] | None = None) -> list[Notice]:
    """What people are told: each pair that sits out, and why; it is an alarm when none is left.

    unkept: evidence that is not in the archive.
    """
    told = [
        Notice("data.quarantined", f"{pair} sits out: {why_of(findings)}", at, {"pair": pair}, alarm=not gate.passed)
        for pair, findings in gate.quarantined.items()
    ]
    lost = (unkept or {}).items()
    return told + [Notice("data.evidence_lost", f"{pair}: {why}", at, {"pair": pair}, alarm=True) for pair, why in lost]


def why_of(findings: tuple[Finding, ...]) -> str:
    """All findings of a pair in one line."""
    return "; ".join(one.words for one in findings)


def line_of(checked: Checked) -> str:
    """What one check found, for the log of its run."""
    seen = checked.candles
    reach = f"{seen.since:%m-%d %H:%M} to {seen.until:%m-%d %H:%M}" if seen.since and seen.until else "none"
    mended = f", {checked.repaired} fetched again" if checked.repaired else ""
    faults = why_of(checked.validation.findings) or "nothing wrong"
    slower = f"; slower because {'; '.join(checked.slower)}" if checked.slower else ""
    return f"{seen.count} candles, {reach}, from {checked.tier}{mended}, hash {seen.sha256[:12]}: {faults}{slower}"


def table_of(gate: Gate) -> str:
    """A page of the cycle: every pair, where its candles came from, and whether it may be judged."""
    lines = [
        table_row("pair", "may be judged", "candles", "newest", "from", "repaired", "why not", "slower because"),
        table_row(*["---"] * 8),
    ]
    for pair in sorted({*gate.passed, *gate.quarantined}):
        why = foreign(why_of(gate.quarantined[pair])) if pair in gate.quarantined else ""
        lines.append(table_row(pair, "no, it sits out" if why else "yes", *_cells(gate.checked.get(pair), why)))
    return "\n".join(lines)


def _cells(checked: Checked | None, why: str) -> tuple[object, ...]:
    if checked is None:
        return ("", "", "", "", why, "")
    newest = f"{checked.candles.until:%Y-%m-%d %H:%M}" if checked.candles.until else "none"
    slower = foreign("; ".join(checked.slower))
    return (checked.candles.count, newest, checked.tier, checked.repaired or "", why, slower)


def quarantined_at(pair: str, since: datetime, until: datetime, archive: Archive) -> list[datetime]:
    """When a pair sat out between two times, from the evidence in the archive, oldest first."""
    days = {since.astimezone(UTC).date(), until.astimezone(UTC).date()}
    found = []
    for key in sorted(one for day in sorted(days) for one in archive.keys(BUCKET, f"quarantine/date={day}/")):
        day, _, name = key.removeprefix("quarantine/date=").partition("/")
        if name.removesuffix(".json")[7:] == pair:
            found.append(datetime.strptime(f"{day} {name[:6]}", "%Y-%m-%d %H%M%S").replace(tzinfo=UTC))
    return [at for at in found if since <= at <= until]


def evidence_key(pair: str, at: datetime) -> str:
    """Where the evidence of a pair that sat out is kept."""
    at = at.astimezone(UTC)
    return f"quarantine/date={at:%Y-%m-%d}/{at:%H%M%S}-{pair}.json"


def _finding(one: Finding) -> dict[str, Any]:
    return {"rule": one.rule, "rows": one.rows, "words": one.words, "broken": [_plain(row) for row in one.broken]}


def _checked(checked: Checked | None) -> dict[str, Any] | None:
    if checked is None:
        return None
    seen = checked.candles
    return {
        "since": seen.since,
        "until": seen.until,
        "count": seen.count,
        "sha256": seen.sha256,
        "tier": checked.tier,
        "slower": list(checked.slower),
        "repaired": checked.repaired,
        "suite": checked.validation.suite,
    }


def _rows(candles: pd.DataFrame) -> list[dict[str, Any]]:
    rows = candles.assign(open_time=candles["open_time"].astype(str)) if "open_time" in candles else candles
    return [_plain({str(name): value for name, value in row.items()}) for row in rows.to_dict("records")]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose numbers JSON has: NaN and the infinities become text."""
    return {
        name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }
