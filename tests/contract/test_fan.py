"""The fan chart: what was forecast over what came."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from adapters.report_html import render_fan
from adapters.report_html.fan import apart, fan_figure, inside
from tests.unit.made import candles as frame
from trading.candles import floor_time
from trading.report import Outlook

AT = datetime(2024, 3, 5, 12, 0, 10, tzinfo=UTC)


def outlook(at: datetime = AT, low: float = 90, high: float = 110, steps: int = 12) -> Outlook:
    return Outlook(at, "a model", (low,) * steps, ((low + high) / 2,) * steps, (high,) * steps)


@given(st.lists(st.integers(0, 600), max_size=30))
def test_bands_never_overlap_and_none_that_fits_is_left_out(minutes):
    """Each drawn forecast begins when the one before has ended; each other one began while a drawn one ran."""
    made = [outlook(AT + timedelta(minutes=one)) for one in minutes]
    spans = [(one.at, floor_time(one.at) + timedelta(hours=1)) for one in apart(made)]
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert all(any(start <= one.at < end for start, end in spans) for one in made)


def test_what_came_inside_is_counted_of_what_has_come():
    """Of twelve steps of which six have closed, three inside the band: half of six."""
    candles = frame([100.0, 100.0, 100.0, 200.0, 200.0, 200.0], start=AT.replace(second=0))
    assert inside([outlook()], candles) == "forecast by a model; 50% of 6 prices came inside the band"
    assert "none of it is over yet" in inside([outlook(AT + timedelta(days=1))], candles)


def test_the_band_reaches_from_the_low_to_the_high_quantile():
    """The drawn shape has the 0.1 quantile below and the 0.9 quantile above, at the close of each step."""
    band = next(one for one in json.loads(fan_figure([outlook(steps=2)], frame([100.0])))["data"] if one.get("fill"))
    assert band["y"] == [110, 110, 90, 90]
    assert [text[11:16] for text in band["x"]] == ["21:05", "21:10", "21:10", "21:05"]  # in Japan


def test_a_name_in_the_page_is_text():
    """Whatever a model is called, the page shows it and does not run it."""
    page = render_fan("SOL", [Outlook(AT, "</script><script>bad()", (1.0,), (1.0,), (1.0,))], frame([100.0]))
    assert "<script>bad()" not in page
