"""Numbers, times and days as a person reads them. Rounds, for reading only: never read these back."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal

from trading.calibration.skill import Skill
from trading.calibration.weight import skill_in_words
from trading.report.rows import Judgement, coin_of
from trading.report.shapes import DayReport, Money

JST = timezone(timedelta(hours=9), "JST")
"""Japan has no summer time: a fixed offset needs no time-zone files."""


def yen_text(number: Decimal | None, *, signed: bool = False) -> str:
    """``¥15,000``, or ``+¥312`` and ``-¥90`` when signed; a dash when unknown. Whole yen, half to even."""
    if number is None:
        return "–"
    whole = number.quantize(Decimal(1), ROUND_HALF_EVEN)
    sign = "-" if whole < 0 else "+" if signed and whole > 0 else ""
    return f"{sign}¥{abs(whole):,}"


def price_text(number: Decimal | None) -> str:
    """A yen price of one coin with about five telling digits: ``¥9,512,300``, ``¥14,532``, ``¥22.414``."""
    if number is None:
        return "–"
    places = next((places for limit, places in ((1000, 0), (100, 2), (10, 3), (1, 4)) if number >= limit), 6)
    return f"¥{number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN):,f}"


def size_text(number: Decimal | None, coin: str) -> str:
    """``1.0322 SOL``: at most eight places, without idle zeros."""
    if number is None:
        return "–"
    whole, _, rest = f"{number.quantize(Decimal(1).scaleb(-8), ROUND_HALF_EVEN):,f}".partition(".")
    rest = rest.rstrip("0")
    return f"{whole}{'.' if rest else ''}{rest} {coin}"


def score_text(score: float | None) -> str:
    """``+0.31``; a dash when there is none. Never ``-0.00``."""
    return "–" if score is None else f"{round(score, 2) + 0.0:+.2f}"


def share_text(share: float | None) -> str:
    """``81 %``; a dash when unknown."""
    return "–" if share is None else f"{share * 100:.0f} %"


def error_text(percent: float | None) -> str:
    """``0.213 %``; a dash when unknown."""
    return "–" if percent is None else f"{percent:.3f} %"


def skill_text(skill: Skill | None) -> str:
    """``-0.4 % [-1.1, +0.3]``: how much less wrong, with its interval; a dash when unknown."""
    return "–" if skill is None else skill_in_words(skill)


def clock(at: datetime | None) -> str:
    """``12:35`` in Japan."""
    return "–" if at is None else f"{at.astimezone(JST):%H:%M}"


def day_and_clock(at: datetime | None) -> str:
    """``1 March 12:35`` in Japan."""
    return "–" if at is None else f"{at.astimezone(JST).day} {at.astimezone(JST):%B %H:%M}"


def plural(count: int, noun: str) -> str:
    """``1 order``, ``2 orders``, ``3 analyses``, ``4 losses``."""
    if count == 1:
        return f"1 {noun}"
    many = f"{noun[:-2]}es" if noun.endswith("sis") else f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{count:,} {many}"


def closest_call(report: DayReport) -> Judgement | None:
    """The judgement of the day that came nearest to a buy, or went furthest over it."""
    near = [(pair.short_by, pair.closest) for pair in report.pairs if pair.short_by is not None]
    return min(near, key=lambda entry: entry[0])[1] if near else None


def headline(report: DayReport) -> tuple[str, str]:
    """The day in two sentences: what was done, and what came of it (or how near it came to anything)."""
    return _done(report), _outcome(report) if report.positions else _nearness(report)


def _done(report: DayReport) -> str:
    if not report.analyses:
        return "No analysis ran in this period, so nothing was decided and nothing was bought."
    looked = f"{plural(report.analyses, 'analysis')} of {plural(len(report.pairs), 'pair')}"
    acts = [plural(report.opened, "purchase")] if report.opened else []
    acts += [plural(report.closed, "sale")] if report.closed else []
    if acts:
        return f"After {looked} the trader made {' and '.join(acts)}."
    held = f" and went on holding {plural(report.open_at_end, 'position')}" if report.open_at_end else ""
    return f"After {looked} the trader bought nothing and sold nothing{held}."


def _outcome(report: DayReport) -> str:
    money, parts = report.money, []
    if report.closed:
        result = money.realized_pnl_jpy
        earned = f"earned {yen_text(result)}" if result >= 0 else f"lost {yen_text(-result)}"
        parts.append(f"what was sold {earned} ({plural(money.wins, 'win')}, {plural(money.losses, 'loss')})")
    if report.open_at_end:
        parts.append(f"{plural(report.open_at_end, 'position')} still held, {_marked(money)}")
    line = "; ".join(parts)
    return f"{line[:1].upper()}{line[1:]}."


def _marked(money: Money) -> str:
    """What is held against what was paid for it. Without a last price that is not known, and said."""
    if money.unpriced:
        return f"without a last price for {', '.join(coin_of(pair) for pair in money.unpriced)}"
    mark = money.unrealized_pnl_jpy
    if yen_text(mark) == yen_text(Decimal(0)):
        return "worth what was paid"
    return f"worth {yen_text(abs(mark))} {'more' if mark > 0 else 'less'} than was paid"


def _nearness(report: DayReport) -> str:
    near = closest_call(report)
    if near is None or near.short_by is None:
        return "No pair could be scored: the health section says which inputs were missing."
    coin, score, bar = coin_of(near.pair), score_text(near.score), score_text(near.buy_threshold)
    if near.short_by <= 0:
        return f"{coin} reached its buy threshold at {clock(near.at)} ({score} over {bar}), but was not bought."
    return f"The closest call was {coin} at {clock(near.at)}: {score}, {near.short_by:.2f} short of the {bar} to buy."
