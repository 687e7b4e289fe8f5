"""The charts on a run's page: a picture that carries all it shows."""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.charts import Chart, Fan, Line, data_uri, svg
from adapters.links import link_of, linked
from trading.candles import INTERVAL

SINCE = datetime(2026, 1, 3, 9, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"
LARGEST_BYTES = 30_000
"""Of an artifact of three charts: every analysis keeps one."""

PRICES = st.floats(1e-6, 1e6)


def candles(closes: list[float]) -> pd.DataFrame:
    """Candles that close so, each opening where the one before closed."""
    opens = [closes[0], *closes[:-1]]
    rows = [
        {"open_time": SINCE + n * INTERVAL, "open": first, "high": max(first, last), "low": min(first, last),
         "close": last} for n, (first, last) in enumerate(zip(opens, closes, strict=True))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def texts(picture: str) -> list[str]:
    """All words in a picture."""
    return [node.text or "" for node in ET.fromstring(picture).iter(f"{SVG}text")]  # noqa: S314 (our own)


@settings(max_examples=30, deadline=None)
@given(
    closes=st.lists(PRICES, min_size=1, max_size=60),
    step=st.one_of(st.none(), PRICES),
    lines=st.lists(st.tuples(st.sampled_from(["entry", "stop", "target", "now"]), PRICES), max_size=4),
)
def test_whatever_the_prices_everything_is_drawn_inside_the_picture(closes, step, lines) -> None:
    """One candle or many, flat or wild, with lines near or far: well-formed, and no place outside the frame."""
    fan = Fan([step * 0.9] * 12, [step] * 12, [step * 1.1] * 12) if step else None
    picture = svg(Chart("pair", "", candles(closes), fan, [Line("line", price, kind) for kind, price in lines]))
    box = ET.fromstring(picture)  # noqa: S314 (our own)
    width, height = float(box.attrib["width"]), float(box.attrib["height"])
    for node in box.iter(f"{SVG}path"):
        for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", node.attrib["d"]):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height
    assert len([text for text in texts(picture) if "line" in text]) == len(lines)


def test_a_stop_far_below_stays_at_the_edge_with_an_arrow() -> None:
    """It does not press the candles flat: it lies at the bottom, marked as being beyond."""
    near, far = Line("stop 99", 99.0, "stop"), Line("stop 10", 10.0, "stop")
    chart = candles([100.0, 101.0, 100.5])
    assert "stop 99" in texts(svg(Chart("a", "", chart, None, [near])))
    assert "▼ stop 10" in texts(svg(Chart("a", "", chart, None, [far])))


def test_words_from_outside_are_only_words() -> None:
    """A model's name that looks like markup is written, not obeyed."""
    evil = '<script>alert(1)</script>&"'
    assert evil in texts(svg(Chart(evil, evil, candles([1.0]))))


def test_the_picture_needs_nothing_from_outside_and_stays_small() -> None:
    """It is one address that carries the picture: no other address in it, and three of four hours under 30 KB."""
    wild = candles([100 + (n * 7919) % 13 / 3 for n in range(48)])
    fan = Fan([98.0 - n / 9 for n in range(12)], [101.0] * 12, [104.0 + n / 9 for n in range(12)])
    uri = data_uri(svg(Chart("doge_usdt · BUY", "facts", wild, fan, [Line("entry", 101.0, "entry")])))
    assert 3 * len(uri) < LARGEST_BYTES
    picture = b64decode(uri.removeprefix("data:image/svg+xml;base64,")).decode()
    assert re.findall(r"(?:href|src|url\()", picture) == []


@pytest.mark.parametrize(
    ("env", "link"),
    [
        (
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000/"},
            "http://127.0.0.1:5000/b/day%20s/x.html?X-Amz-Signature=stand-in",
        ),
        (
            {"AWS_REGION": "ap-northeast-1"},
            "https://s3.console.aws.amazon.com/s3/object/b?region=ap-northeast-1&prefix=day%20s%2Fx.html",
        ),
    ],
)
def test_a_report_is_linked_to_where_a_person_can_open_it(monkeypatch, env: dict[str, str], link: str) -> None:
    """At the stand-in when there is one, else in the console, which asks who is looking; never with a signature."""
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert link_of("s3://b/day s/x.html") == link
    assert linked("The day", "memory:x") == "The day: memory:x"
