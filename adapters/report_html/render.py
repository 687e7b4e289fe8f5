"""A ``DayReport`` as one self-contained HTML page: styles, chart library and data inside, nothing fetched.

Every text is escaped by jinja2; figures travel as JSON in which ``<``, ``>`` and ``&`` are written as escapes; and the
page carries a policy that forbids the browser to fetch anything at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from adapters.report_html.charts import Chart, active_pairs, pair_figure
from adapters.report_html.fan import fan_figure, inside
from trading.candles import empty
from trading.report import SAID_NO, DayReport, Outlook, PairDay, headline, words
from trading.report.rows import coin_of
from trading.report.why import reason_text

GLOSSARY: Mapping[str, str] = {
    "Analysis": "One look at all pairs at once; it ends in exactly one decision: BUY, SELL or HOLD.",
    "Pair": "A coin, judged by its dollar price on Binance (USDT is a dollar coin) and traded in yen on Coincheck.",
    "Score": "One number from -1 (sell) to +1 (buy), weighed from the chart, a price forecast, the news and the mood "
    "of the whole market.",
    "Buy / sell threshold": "The score from which a pair is bought, or below which a held one is sold. Both widen when "
    "the market is nervous.",
    "Short by": "How far the best score stayed below the buy threshold. Zero or less means that it was reached.",
    "Stop": "The price at which a position is sold without asking further. It rises with the price and never falls.",
    "Realised / unrealised": "Profit or loss of what was sold, and of what is still held at its last price.",
    "Fallback": "The forecast model did not answer, and a simple momentum rule stood in for it with little weight.",
    "Skill": "How much less wrong the forecasts were than the plain guess that the price stays where it is, with the "
    "range it probably lies in (of a day or two that range is too narrow). A forecast weighs nothing until hundreds of "
    "them put the whole range above zero.",
    "Refused": "Our own checks stopped an order before it was sent. Rejected: the exchange said no. Unknown: no answer "
    "came, and nothing more is sent until it is known what happened.",
}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("adapters.report_html", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    texts: tuple[Callable[..., str], ...] = (
        words.yen_text,
        words.price_text,
        words.size_text,
        words.score_text,
        words.clock,
        words.day_and_clock,
    )
    texts += (words.share_text, words.error_text, words.skill_text)
    environment.filters |= {function.__name__: function for function in texts}
    environment.filters |= {"coin": coin_of, "plural": words.plural, "tone": _tone, "reason_text": reason_text}
    return environment


def _tone(number: object) -> str:
    """The CSS class of a profit or a loss; the sign is always written too, for those who see no colour."""
    return "" if not isinstance(number, Decimal) or number == 0 else "gain" if number > 0 else "loss"


def _held_back(pair: PairDay) -> str:
    """Why the moment that came closest did not become a buy, in words; for the table of closest calls."""
    judgement = pair.closest
    if judgement is None:
        return "held whenever it was scored" if pair.scored else "never scored"
    if judgement.chosen and judgement.action == "BUY":
        return "nothing: it was bought"
    if judgement.short_by is not None and judgement.short_by <= 0:
        return "; ".join(judgement.reasons) or "no reason booked"
    known = [part for part in judgement.parts if part.value is not None and part.weight]
    if not known:
        return "not booked"
    weakest = min(known, key=lambda part: part.pull)
    return f"{weakest.name} was weakest: {words.score_text(weakest.value)} at a weight of {weakest.weight:.2f}"


def _calls(report: DayReport) -> list[tuple[PairDay, str]]:
    """The pairs by how near they came to a buy, nearest first; those never scored last."""
    ranked = sorted(report.pairs, key=lambda pair: (pair.short_by is None, pair.short_by or 0.0, pair.pair))
    return [(pair, _held_back(pair)) for pair in ranked]


def _charts(report: DayReport, candles: Mapping[str, pd.DataFrame]) -> list[Chart]:
    return [
        Chart(pair, _caption(report, pair), _safe_json(pair_figure(report, pair, candles.get(pair, empty()))))
        for pair in active_pairs(report)
    ]


def _fans(report: DayReport, candles: Mapping[str, pd.DataFrame]) -> list[Chart]:
    """What was forecast of one coin: the first of those that were traded that a model spoke of."""
    for pair in active_pairs(report):
        outlooks = [one.outlook for day in report.pairs if day.pair == pair for one in day.judgements if one.outlook]
        if outlooks:
            seen = candles.get(pair, empty())
            return [Chart(pair, inside(outlooks, seen), _safe_json(fan_figure(outlooks, seen)))]
    return []


def _caption(report: DayReport, pair: str) -> str:
    lines = [line for line in report.positions if line.pair == pair]
    told = [f"bought {words.clock(line.opened_at)}" for line in lines if line.opened_today]
    told += [f"sold {words.clock(line.closed_at)}" for line in lines if line.closed_at is not None]
    told += [
        f"{order.side.lower()} {order.status.lower()} {words.clock(order.at)}"
        for order in report.orders
        if order.pair == pair and order.status in SAID_NO
    ]
    return ", ".join(told) or "nothing bought or sold"


def _safe_json(text: str) -> Markup:
    """JSON that cannot end the script element it stands in."""
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup(safe)  # noqa: S704 - it holds no character that means anything to HTML


def render_report(report: DayReport, candles: Mapping[str, pd.DataFrame], *, where: Mapping[str, str]) -> str:
    """The whole page, about 5 MB, nearly all of it the chart library.

    candles: the day's candles by pair key (USDT), for the charts; a pair without any gets only its score.
    where:   where to look next: what, and the command or place that shows it.
    """
    return (
        _environment()
        .get_template("template.html.j2")
        .render(
            report=report,
            headline=headline(report),
            charts=_charts(report, candles),
            fans=_fans(report, candles),
            calls=_calls(report),
            closest=words.closest_call(report),
            where=where,
            glossary=GLOSSARY,
            jst=words.JST,
            plotly=Markup(get_plotlyjs()),  # noqa: S704 - the installed library's own text, from no input
        )
    )


def render_fan(title: str, outlooks: Sequence[Outlook], candles: pd.DataFrame) -> str:
    """One pair's forecasts over its candles (USDT), as a page of its own."""
    return (
        _environment()
        .get_template("fan.html.j2")
        .render(
            title=title,
            lead=inside(outlooks, candles),
            figure=_safe_json(fan_figure(outlooks, candles)),
            plotly=Markup(get_plotlyjs()),  # noqa: S704 - the installed library's own text, from no input
        )
    )
