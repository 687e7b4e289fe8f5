"""The study of the gate: `python -m tests.quality.study [--each 200] [--days 400] [--every 60] [--market FOLDER]`.

Seeded damages of real candles go the real way (collect, store, check, gate, basis) and must never be judged; real days
without a fault must be, crashes and the halt included. Exits with 1 when a damage escapes or alarms are too many.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from tests.quality.alarms import Quiet, event_days, quiet_days, real_days
from tests.quality.damages import study

PER_THOUSAND_MAX = 1.0
ESCAPED = "ESCAPED"


def main() -> int:
    """Run both parts and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--market", type=Path, default=Path(os.environ.get("TRADER_MARKET_DATA", "../shared/market")))
    parser.add_argument("--each", type=int, default=200, help="how often every kind of damage is tried")
    parser.add_argument("--days", type=int, default=400, help="how many real days are judged")
    parser.add_argument("--every", type=int, default=60, help="minutes between two judgements")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    found = study([args.market / name for name in ("candles", "candles-2024")], args.each, args.seed)
    sys.stdout.writelines(f"{line}\n" for line in (*damage_lines(found), *event_lines(args.market)))
    sys.stdout.flush()
    quiet = quiet_days(args.market, real_days(args.market, args.days), timedelta(minutes=args.every))
    sys.stdout.writelines(f"{line}\n" for line in quiet_lines(quiet, args.every))
    escaped = sum(counts[ESCAPED] for counts in found.values())
    return 1 if escaped or quiet.per_thousand > PER_THOUSAND_MAX else 0


def damage_lines(found: Mapping[str, Counter[str]]) -> Iterator[str]:
    """Per kind: how many, how many were refused when collected, and what became of the pair in the end."""
    yield "| damage | cases | refused when collected | in the end | escaped |"
    yield "| --- | --- | --- | --- | --- |"
    for kind, counts in found.items():
        fates = {how: number for how, number in counts.most_common() if how not in ("refused", ESCAPED)}
        ends = "; ".join(f"{how} {number}" for how, number in fates.items())
        yield f"| {kind} | {sum(fates.values()) + counts[ESCAPED]} | {counts['refused']} | {ends} | {counts[ESCAPED]} |"


def event_lines(market: Path) -> Iterator[str]:
    """Per real event: whether any pair sat out, and how often the second venue was asked."""
    yield "\n| real event | sat out (pair-cycles of 5 minutes) | second venue asked |\n| --- | --- | --- |"
    for _, opened, words, sat_out, asked in event_days(market):
        by_rule = Counter[str]()
        for what, number in sat_out.items():
            by_rule[what.partition(" (")[0]] += number
        out = ", ".join(f"{rule}: {number}" for rule, number in by_rule.items()) or "nobody"
        yield f"| {opened:%Y-%m-%d %H:%M} {words} | {out} | {asked} |"


def quiet_lines(quiet: Quiet, every: int) -> Iterator[str]:
    """The figure of false alarms, the halt's own time apart."""
    alarms, share = sum(quiet.alarms.values()), quiet.asked / max(quiet.days, 1)
    yield f"\n{quiet.days} real days, judged every {every} minutes: {quiet.cycles:,} pair-cycles"
    yield f"false alarms: {alarms}, {quiet.per_thousand:.3f} in 1,000 {dict(quiet.alarms)}"
    yield f"in the halt, apart: {dict(quiet.halted)}"
    yield f"second venue asked {quiet.asked:,} times, {share:.1f} a day; {quiet.really} answers of recorded perpetuals"
    yield from quiet.where[:20]


if __name__ == "__main__":
    sys.exit(main())
