"""The report's page: whole in one file, true to the report, and deaf to anything written in a text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plotly.offline import get_plotlyjs

from adapters.report_html import render, render_report
from adapters.report_html.charts import active_pairs, pair_figure
from tests.days import DAY, PAIRS, START, WHERE, a_day, generated_candles
from trading.candles import empty
from trading.report import DayBooks, DayReport, Judgement, day_report, headline
from trading.report.words import clock, score_text

CANDLES = {pair.key: generated_candles(pair) for pair in PAIRS}
REPORT = a_day(CANDLES)
NOTHING = day_report(START, START + DAY, DayBooks())


class Page(HTMLParser):
    """A page's bones (tags with their attributes, values left out), its words, and its scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.bones: list[Any] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.words, self.scripts, self._script = "", [], False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.bones.append((tag, sorted(name for name, _ in attrs)))
        self.attributes += [(tag, name, value) for name, value in attrs]
        self._script = tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self.bones.append(f"/{tag}")
        self._script = False

    def handle_data(self, data: str) -> None:
        if self._script:
            self.scripts.append(data)
        else:
            self.words += data


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the 4.8 MB of chart library, which is the same in every page."""
    monkeypatch.setattr(render, "get_plotlyjs", lambda: "/* plotly */")


def figure_of(report: DayReport, pair: str) -> dict[str, dict[str, Any]]:
    """The traces of a pair's figure by name."""
    return {trace["name"]: trace for trace in json.loads(pair_figure(report, pair, CANDLES[pair]))["data"]}


def test_one_file_that_opens_anywhere() -> None:
    """Nothing is fetched: no address in any attribute, a policy that forbids it, the chart library once, under 6 MB."""
    html = render_report(REPORT, CANDLES, where=WHERE)
    page = Page(html)
    assert len(html.encode()) < 6_000_000
    assert html.count("* plotly.js v") == 1
    assert not [found for found in page.attributes if found[1] in {"src", "href", "srcset", "action", "data"}]
    assert "default-src 'none'" in html
    assert not re.search(r"@import|url\(", "".join(script for script in page.scripts if "plotly.js v" not in script))


def test_the_page_says_what_the_report_says(light: None) -> None:
    """Headline, every position's result, every pair's distance (I16), every reason and count (I18) are on the page."""
    words = " ".join(Page(render_report(REPORT, CANDLES, where=WHERE)).words.split())
    for sentence in headline(REPORT):
        assert sentence in words
    for line in REPORT.positions:
        assert line.bought_because in words
        assert line.sold_because in words
    for pair in REPORT.pairs:
        assert pair.closest is not None
        assert clock(pair.closest.at) in words
        assert pair.short_by is not None
        short = f"{pair.short_by:.2f}" if pair.short_by > 0 else "reached"
        assert f"{score_text(pair.closest.score)} {score_text(pair.closest.buy_threshold)} {short}" in words
    health = REPORT.health
    for counts in (health.missing, health.fallbacks, health.neutral, health.refusals):
        for text, count in counts.items():
            assert f"{count} × {text}" in words
    for span in REPORT.quiet:
        assert span.why in words
    for what, place in WHERE.items():
        assert what in words
        assert place in words


def test_a_day_of_nothing_is_a_page_too(light: None) -> None:
    """No rows, no trades, no candles: the page stands, and says that nothing ran."""
    words = Page(render_report(NOTHING, {}, where={})).words
    assert "No analysis ran" in words
    assert "Nothing was bought or sold" in words


SOME = {"sol_usdt", "avax_usdt"}
SHORT = replace(
    REPORT,
    pairs=tuple(replace(p, judgements=p.judgements[:6]) for p in REPORT.pairs if p.pair in SOME),
    orders=tuple(o for o in REPORT.orders if o.pair in SOME),
    positions=tuple(p for p in REPORT.positions if p.pair in SOME),
)
"""A sale, a refusal and two pairs: every place for a text, and quick to draw."""


def infected(text: str) -> DayReport:
    """The short day with one text in every place that takes free text."""

    def ill(item: Judgement) -> Judgement:
        parts = tuple(replace(part, name=text) for part in item.parts)
        return replace(item, reasons=(text,), missing=(text,), fallback=text, neutral=(text,), parts=parts)

    def sick(item: Judgement | None) -> Judgement | None:
        return None if item is None else ill(item)

    counts = {text: 3}
    return replace(
        SHORT,
        notes=(text,),
        pairs=tuple(replace(p, closest=sick(p.closest), best=sick(p.best)) for p in SHORT.pairs),
        orders=tuple(replace(o, reason=text, note=text) for o in SHORT.orders),
        positions=tuple(
            replace(p, bought_because=text, sold_because=text, exit_reason=text, coin=text) for p in SHORT.positions
        ),
        quiet=tuple(replace(span, why=text) for span in SHORT.quiet),
        exits_by_reason=counts,
        orders_by_status=counts,
        health=replace(SHORT.health, missing=counts, fallbacks=counts, neutral=counts, refusals=counts),
    )


NASTY = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=a()>",
    '" onload="a()',
    "<!--",
    "{{ 7*7 }}",
    "%{y}<b>",
    "]]>&amp;",
]


ONE = {"sol_usdt": CANDLES["sol_usdt"]}


@cache
def _tame_bones() -> list[Any]:
    return Page(render_report(infected("x"), ONE, where={"x": "x"}).replace(get_plotlyjs(), "")).bones


@settings(max_examples=20)
@given(st.sampled_from(NASTY) | st.text(min_size=1, max_size=40))
def test_no_text_becomes_markup(text: str) -> None:
    """Whatever stands in a reason, a note or a path, the page keeps its bones, and the figures their three tags."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "get_plotlyjs", lambda: "/* plotly */")
        wild = Page(render_report(infected(text), ONE, where={text: text}))
    assert wild.bones == _tame_bones()
    for script in wild.scripts:
        if script.startswith('{"data"'):
            for trace in json.loads(script)["data"]:
                shown = re.sub(r"</?b>|<br>|<extra></extra>", "", " ".join(_texts(trace)))
                assert "<" not in shown


def _texts(trace: dict[str, Any]) -> list[str]:
    text = trace.get("text", [])
    return [trace.get("hovertemplate", ""), *([text] if isinstance(text, str) else [str(one) for one in text])]


def test_a_figure_cannot_leave_its_script() -> None:
    """No character of a figure means anything to HTML, whoever wrote the JSON; and it is still the same JSON."""
    figure = {"text": ["</script><b>&amp;"]}
    safe = render._safe_json(json.dumps(figure))
    assert not set("<>&") & set(safe)
    assert json.loads(safe) == figure


def test_a_trade_is_marked_where_and_why() -> None:
    """An entry and an exit stand at their time in Japan, at the candle's close, with price and reason to touch."""
    line = next(line for line in REPORT.positions if line.pair == "sol_usdt")
    traces = figure_of(REPORT, "sol_usdt")
    candles = CANDLES["sol_usdt"]
    for at, name, why in ((line.opened_at, "bought", line.bought_because), (line.closed_at, "sold", line.sold_because)):
        assert at is not None
        mark = traces[name]
        assert mark["x"][0].endswith(f"{clock(at)}:00")
        assert mark["y"] == [candles.loc[candles["open_time"] < at, "close"].iloc[-1]]
        assert re.sub(r"<br>|\s", "", why) in re.sub(r"<br>|\s", "", mark["text"][0])
        assert mark["hovertemplate"].startswith("%{text}")


def test_the_stop_steps_up_in_proportion() -> None:
    """The stop is drawn while the position was held, never falling, at the share of the entry that it has in yen."""
    line = next(line for line in REPORT.positions if line.pair == "sol_usdt")
    traces = figure_of(REPORT, "sol_usdt")
    stop, entry = traces["stop"], traces["bought"]["y"][0]
    assert stop["y"] == sorted(stop["y"])
    assert stop["y"][-1] / entry == pytest.approx(float(line.stops[-1][1] / line.entry_price_jpy))
    assert (stop["x"][0][11:16], stop["x"][-1][11:16]) == (clock(line.opened_at), clock(line.closed_at))


def test_a_missing_score_is_a_gap() -> None:
    """I18: a pair that sat out leaves a gap in its line, and no bridge is drawn over it."""
    score = figure_of(REPORT, "avax_usdt")["score"]
    pair = next(pair for pair in REPORT.pairs if pair.pair == "avax_usdt")
    assert score["connectgaps"] is False
    assert json.loads(json.dumps(score["y"])).count(None) == pair.analyses - pair.scored > 0


def test_what_gets_a_chart() -> None:
    """Traded, held and refused pairs get a chart; on a day without any, the one that came closest does."""
    assert active_pairs(REPORT) == ["eth_usdt", "sol_usdt", "doge_usdt", "avax_usdt"]
    quiet = a_day(CANDLES, quiet=True)
    nearest = min(quiet.pairs, key=lambda pair: pair.short_by if pair.short_by is not None else 9)
    assert active_pairs(quiet) == [nearest.pair]
    assert active_pairs(NOTHING) == []
    assert json.loads(pair_figure(NOTHING, "sol_usdt", empty()))["data"] == []
