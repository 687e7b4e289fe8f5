"""What ``analyze`` does before it decides: check what may be judged, judge it, gather what a decision is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from prefect import unmapped

from flows.lots import each_pair
from flows.outcomes import outcomes_of
from tasks.artifacts import show_checks
from tasks.basis import basis
from tasks.check import check_pair, gate, quarantine_pair
from tasks.decide import read_books
from tasks.forecasts import weigh_forecasts
from tasks.judge import context, forecast, sentiment, technical
from tasks.notify import tell
from trading.basis import Basis
from trading.services import quarantine
from trading.services.calibrate import WEIGHT
from trading.services.looks import looks_of, models_of
from trading.services.quality import Gate
from trading.services.seen import Seen


def fit_to_judge(desk: str, keys: Sequence[str], at: datetime) -> tuple[Gate, Mapping[str, Basis]]:
    """Check every pair's candles, alone, against the others and against the trading venue's prices; which those are.

    Those that fail sit this cycle out, with evidence.
    """
    checks = each_pair(check_pair, keys, desk, at)()
    premiums = basis(desk, at)
    fit = gate(desk, checks, premiums, at)
    show_checks(desk, fit, at)
    if fit.quarantined:
        unfit = list(fit.quarantined)
        kept = outcomes_of(unfit, quarantine_pair.map(unmapped(desk), unfit, unmapped(fit), unmapped(at)))
        tell(desk, quarantine.notices_of(fit, at, kept.errors))
    return fit, premiums


def seen_by_all(desk: str, fit: Gate, premiums: Mapping[str, Basis], at: datetime) -> Seen:
    """Every pair that may be judged from three sides, the mood of the market, and the books."""
    keys, checked = list(fit.passed), [fit.checked[key] for key in fit.passed]
    charts = each_pair(technical, keys, desk, at, checked=checked)
    outlooks = each_pair(forecast, keys, desk, at, checked=checked)
    moods = each_pair(sentiment, keys, desk, at)
    mood = context(desk, at)
    why = {key: quarantine.why_of(found) for key, found in fit.quarantined.items()}
    looks = looks_of(charts(), outlooks(), moods(), why)
    weighed = outcomes_of([WEIGHT], [weigh_forecasts.submit(desk, models_of(looks), at)])
    return Seen(fit, looks, mood, weighed, premiums, read_books(desk, at))
