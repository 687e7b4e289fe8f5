"""The figures of the card: ``python -m deployments.model.card --candles DIR [DIR...] [--write | --compare FILE]``.

Prints the table of the shipped model on every hour after its training cut-off; ``--write`` puts it into the card,
``--compare`` says whether another file, such as one trained again, is as good within the stated tolerance.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from adapters.forecast.files import SHIPPED
from adapters.forecast.local import Loaded
from deployments.model.evaluate import (
    STEPS,
    Figures,
    StepFigures,
    by_step,
    evaluate,
    forecasts,
    hours_by_symbol,
    open_model,
    trained_until,
)

CARD = SHIPPED.with_name("MODEL_CARD.md")
BEGIN, END = "<!-- figures: begin (python -m deployments.model.card --write) -->", "<!-- figures: end -->"
HEAD = (
    "| symbol | hours | error % | last close | momentum | pinball % | walk | narrow walk | covers | walk | narrow walk "
    "| width % | walk |"
)
STEP_HEAD = "| minutes ahead | error % | last close | covers | walk |"

TOLERANCES = {"error_pct": 0.02, "pinball_pct": 0.02, "covered_share": 0.02}
"""How far a model trained again may be from the shipped one: losses as a share of it, coverage in plain difference."""


def table(found: Mapping[str, Figures]) -> list[str]:
    """The lines of the table by symbol."""
    return [HEAD, "|---|" + "---:|" * 12, *(row(symbol, one) for symbol, one in found.items())]


def row(symbol: str, one: Figures) -> str:
    """One line of the table."""
    losses = (
        one.error_pct, one.last_close_error_pct, one.momentum_error_pct,
        one.pinball_pct, one.walk_pinball_pct, one.narrow_pinball_pct,
    )  # fmt: skip
    shares = (one.covered_share, one.walk_covered_share, one.narrow_covered_share)
    cells = [
        symbol, f"{one.hours:,}", *(f"{loss:.4f}" for loss in losses), *(f"{share:.1%}" for share in shares),
        f"{one.width_pct:.3f}", f"{one.walk_width_pct:.3f}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def step_table(found: Mapping[int, StepFigures]) -> list[str]:
    """The lines of the table by step, all symbols together."""
    return [STEP_HEAD, "|---:|---:|---:|---:|---:|", *(
        f"| {step * 5} | {one.error_pct:.4f} | {one.last_close_error_pct:.4f} | {one.covered_share:.1%} "
        f"| {one.walk_covered_share:.1%} |"
        for step, one in found.items()
    )]  # fmt: skip


def written(card: str, lines: list[str]) -> str:
    """The card with these lines between its markers."""
    block = "\n".join([BEGIN, "", *lines, "", END])
    return re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: block, card, flags=re.DOTALL)


def differences(shipped: Figures, other: Figures) -> Iterator[tuple[str, float, float, float, bool]]:
    """(figure, shipped, other, how far off, whether that is within the tolerance)."""
    mine, theirs = asdict(shipped), asdict(other)
    for name, tolerance in TOLERANCES.items():
        off = abs(theirs[name] - mine[name])
        off = off if name.endswith("_share") else off / mine[name]
        yield name, mine[name], theirs[name], off, off <= tolerance


def compare(shipped: Mapping[str, Figures], other: Mapping[str, Figures]) -> bool:
    """Print both next to each other; whether all is within the tolerance."""
    fine = True
    for symbol, one in shipped.items():
        for name, mine, theirs, off, within in differences(one, other[symbol]):
            print(f"card: {symbol:9} {name:14} shipped {mine:.4f}, other {theirs:.4f}: {off:.2%} off", end="")
            print("" if within else f", more than {TOLERANCES[name]:.0%}")
            fine &= within
    return fine


def main() -> None:
    """Print, write or compare, as the command line asks."""
    parser = argparse.ArgumentParser(prog="python -m deployments.model.card", description=__doc__)
    parser.add_argument("--candles", type=Path, nargs="+", required=True, help="folders of SYMBOL-5m.parquet files")
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--every", type=int, default=STEPS, help="candles between two hours; 12 leaves nothing out")
    parser.add_argument("--write", action="store_true", help="put the table into the card")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="another ONNX file to hold against the model")
    asked = parser.parse_args()
    model = open_model(asked.model)
    hours = hours_by_symbol(asked.candles, trained_until(model), model.context_length, asked.every)
    paths = forecasts(model, hours)
    found = evaluate(hours, paths)
    lines = [*table(found), "", *step_table(by_step(hours, paths))]
    print("\n".join(lines))
    if asked.write:
        CARD.write_text(written(CARD.read_text(), lines))
    if asked.compare:
        other: Loaded = open_model(asked.compare)
        if not compare(found, evaluate(hours, forecasts(other, hours))):
            sys.exit(f"card: {asked.compare} is not as good as the shipped model within the tolerance")


if __name__ == "__main__":
    main()
