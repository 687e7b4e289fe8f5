"""Data Docs: pages that need nothing but themselves, and a first page that says what is wrong."""

import re

import pytest

from adapters.expectations import Case, ExpectationsValidator, build_docs
from tests.unit.made_quality import AT, SOL, SPOILS, WINDOW, S
from tests.unit.test_quality_readings import AT as READ_AT
from tests.unit.test_quality_readings import CLEAN
from trading.quality.frames import BY_TABLE
from trading.quality.suites import candle_suite
from trading.quality.windows import check_window, with_computed
from trading.tables import SIGNALS

FETCHED = re.compile(r"""(src|href)\s*=\s*["']?(https?:)?//|url\(|@import|<script|<img|<link|<iframe""", re.IGNORECASE)
HREF = re.compile(r'href="([^"#]+)"')
EVIL = "<script src=https://evil.example/x.js></script><svg onload=alert(1)>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("docs")
    (place / "of-yesterday.html").write_text("old", encoding="utf-8")
    suite, layout = BY_TABLE[SIGNALS.name]
    spoilt = SPOILS["high below low"][1](WINDOW, 9)
    cases = [
        Case(candle_suite(S), with_computed(WINDOW, AT, S), "btc_usdt", AT),
        Case(candle_suite(S), with_computed(spoilt, AT, S), "sol_usdt", AT),
        Case(suite, layout([{**CLEAN[SIGNALS], "action": EVIL}], READ_AT, S), "decision", READ_AT),
    ]
    files = build_docs(cases, place)
    assert sorted(files) == sorted(path for path in place.rglob("*") if path.is_file())
    return place


def test_nothing_is_fetched(folder):
    """No page names a script, style, font or picture from anywhere, and none may run or fetch anything."""
    for page in folder.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        assert FETCHED.search(html) is None, page
        assert "default-src 'none'" in html.partition("</head>")[0]


def test_every_link_leads_somewhere(folder):
    """From the first page every validation and suite is reached, and from each the way back."""
    for page in folder.rglob("*.html"):
        for link in HREF.findall(page.read_text(encoding="utf-8")):
            assert (page.parent / link).is_file(), (page, link)
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert len(HREF.findall(index)) == len(list(folder.rglob("*.html"))) - 1


def test_the_first_page_says_what_is_wrong(folder):
    """What failed stands first, with the words that the gate would use; what passed follows."""
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert "3 validations, 2 failed." in index
    assert index.index(">sol_usdt<") < index.index(">btc_usdt<")
    words = check_window(SOL, SPOILS["high below low"][1](WINDOW, 9), AT, ExpectationsValidator(), S).findings[0].words
    assert words in index
    assert not (folder / "of-yesterday.html").exists()


def test_a_page_shows_the_rule_and_the_value(folder):
    """A validation's own page is the library's: each expectation, whether it held, and the values that broke it."""
    (page,) = (folder / "validations").rglob("*/sol_usdt/*/*.html")
    html = page.read_text(encoding="utf-8")
    assert "must always be greater than or equal to those" in html
    assert f"{WINDOW['high'].iloc[9] * 0.5:.3f}"[:5] in html


def test_checking_goes_on_after_the_pages(folder):
    """The pages share the checks' context, and leave it as it was."""
    assert check_window(SOL, WINDOW, AT, ExpectationsValidator(), S).passed
    assert not check_window(SOL, WINDOW.tail(9), AT, ExpectationsValidator(), S).passed
