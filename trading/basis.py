"""The basis: what a coin costs in yen against what it costs in tethers, times yen per dollar; beyond a band, no entry.

Two things are told apart. A pair far from the other pairs has a broken price on one side. All pairs far away together
are a real premium of the trading venue (2 to 4 % in a crash) or a wrong rate: the data may be good, but whoever enters
then pays that much too much. Both bar entries; exits go by the trading venue's own price and ask nobody here.

The middle is the median of all pairs, the judged one included: it holds as long as most prices are right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import median
from typing import Any

from trading.signals.context import USD_JPY, no_rate, unusable
from trading.signals.readings import number, own_age_s
from trading.strategy import Strategy

MAJORITY = 3
"""From so many pairs on, most can outvote a wrong one."""

SMALLEST, LARGEST = 1e-12, 1e15
"""A price outside is none, and would be a number that no table keeps."""

PLACES = 9
"""Decimals to which a premium is compared with the band: the last digits of a float bar nothing."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Yen per dollar as it may be used; without one, ``why`` not. last: the newest that was stored, however old."""

    yen: float | None
    why: str = ""
    last: float | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """One pair between the two venues.

    usd_jpy      the rate gone by; None when there was none.  stands_in: it is the pairs' own median, not a source's.
    premium_pct  how much more the yen price is than the tether price times the rate, in percent.
    market_pct   the median premium of all pairs.
    why          the premium in words, and what bars the pair from being entered.
    """

    pair: str
    usdt_price: float | None
    jpy_price: float | None
    usd_jpy: float | None
    premium_pct: float | None
    barred: bool
    why: str
    market_pct: float | None = None
    stands_in: bool = False


def rate_of(reading: Mapping[str, Any] | None, at: datetime, strategy: Strategy) -> Rate:
    """The stored rate, if it may still be used: by its own time, and within what a rate can be."""
    yen = None if reading is None else number(reading, USD_JPY)
    if reading is None or yen is None:
        return Rate(None, "no USD/JPY is stored")
    if trouble := unusable(USD_JPY, own_age_s(reading, USD_JPY, at), strategy) or no_rate(yen, strategy):
        return Rate(None, f"the stored USD/JPY is {trouble}")
    return Rate(yen)


def last_of(reading: Mapping[str, Any] | None, strategy: Strategy) -> float | None:
    """The rate in a reading, whatever its age, if it can be one: no measure, but what a stand-in is held against."""
    yen = None if reading is None else number(reading, USD_JPY)
    return None if yen is None or no_rate(yen, strategy) else yen


def premiums(
    usdt: Mapping[str, float],
    jpy: Mapping[str, Decimal],
    rate: Rate,
    strategy: Strategy,
    absent: Mapping[str, str] | None = None,
) -> dict[str, Basis]:
    """The basis of every pair that any argument names.

    usdt: last closes.  jpy: middles of bid and ask.  absent: why a pair lacks one of them.
    """
    told, yen = absent or {}, {key: float(price) for key, price in jpy.items()}
    sides = {key: (_price(usdt.get(key)), _price(yen.get(key))) for key in sorted({*usdt, *yen, *told})}
    crude = {key: y / u for key, (u, y) in sides.items() if u is not None and y is not None and key not in told}
    used, note = (rate.yen, "") if rate.yen is not None else _stand_in(crude, rate, strategy)
    found = {} if used is None else {key: (one / used - 1) * 100 for key, one in crude.items()}
    middle = median(found.values()) if len(found) >= MAJORITY else None
    judged = {}
    for key, (u, y) in sides.items():
        bars, premium = True, found.get(key)
        if key not in crude:
            why = told.get(key) or f"no usable price of its {' and its '.join(_lacking(u, y))}"
        elif premium is None:
            why = note
        else:
            words, bars = _judged(premium, middle, strategy)
            why = f"{words}; {note}" if note else words
        judged[key] = Basis(key, u, y, used, premium, bars, why, middle, stands_in=bool(note) and used is not None)
    return judged


def beyond_belief(basis: Basis, strategy: Strategy) -> bool:
    """Whether no premium explains these two prices: one of them is wrong. Unknown prices are not."""
    if basis.premium_pct is None:
        return False
    limit, off_the_rest = strategy.basis_broken_pct, basis.premium_pct - (basis.market_pct or 0.0)
    return _beyond(basis.premium_pct, limit) or _beyond(off_the_rest, limit)


def off_the_rest(basis: Basis, strategy: Strategy) -> str:
    """The premium in words when it is further than the band from that of the other pairs; empty when it is not."""
    if basis.premium_pct is None or not _beyond(basis.premium_pct - (basis.market_pct or 0.0), strategy.basis_band_pct):
        return ""
    return basis.why


def barred(basis: Mapping[str, Basis]) -> dict[str, str]:
    """The pairs that may not be entered, and why."""
    return {key: one.why for key, one in basis.items() if one.barred}


def _price(found: float | None) -> float | None:
    return found if found is not None and SMALLEST <= found <= LARGEST else None


def _lacking(usdt: float | None, yen: float | None) -> list[str]:
    return [name for name, price in (("candle", usdt), ("ticker", yen)) if price is None]


def _stand_in(crude: Mapping[str, float], rate: Rate, strategy: Strategy) -> tuple[float | None, str]:
    """The median of what the pairs themselves say a dollar costs, or None; and what is to be said of it."""
    missing = rate.why
    if len(crude) < MAJORITY:
        return None, f"{missing}, and {len(crude)} pairs with prices are too few to stand in"
    middle = median(crude.values())
    if trouble := no_rate(middle, strategy):
        return None, f"{missing}, and the pairs themselves say {trouble}"
    if rate.last is not None and _beyond((middle / rate.last - 1) * 100, strategy.basis_broken_pct):
        return None, f"{missing}, and the pairs themselves say {middle:.2f}, too far from the last one, {rate.last:g}"
    return middle, f"{missing}: the median of {len(crude)} pairs, {middle:.2f}, stands in"


def _judged(premium_pct: float, middle_pct: float | None, strategy: Strategy) -> tuple[str, bool]:
    """A premium in words, and whether it bars the pair."""
    band = strategy.basis_band_pct
    words = f"premium {premium_pct:+.2f} %"
    if middle_pct is not None and _beyond(premium_pct - middle_pct, band):
        return f"{words}, over {band:g} % off the {middle_pct:+.2f} % of the pairs: one of its prices is wrong", True
    if not _beyond(premium_pct, band):
        return words, False
    if middle_pct is not None and _beyond(middle_pct, band):
        return f"{words}, over {band:g} %, and {middle_pct:+.2f} % of the pairs: the venue's own, or a wrong rate", True
    return f"{words}, over {band:g} %", True


def _beyond(distance_pct: float, band_pct: float) -> bool:
    return round(abs(distance_pct) - band_pct, PLACES) > 0
