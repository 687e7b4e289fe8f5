"""What a person reads: numbers, times and the day in two sentences."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.days import DAY, PAIRS, START, a_day, bought, generated_candles
from tests.unit.test_report import EARLY, days, report_of, row
from trading.report import DayBooks, day_report, headline
from trading.report.words import clock, day_and_clock, plural, price_text, score_text, size_text, yen_text

CANDLES = {pair.key: generated_candles(pair) for pair in PAIRS}


@pytest.mark.parametrize(
    ("number", "signed", "text"),
    [
        ("15000", False, "¥15,000"),
        ("-90.4", True, "-¥90"),
        ("312.6", True, "+¥313"),
        ("-0.3", True, "¥0"),
        ("0", True, "¥0"),
    ],
)
def test_yen(number: str, signed: bool, text: str) -> None:
    """Whole yen with a sign in front, and nothing is never +0 or -0."""
    assert yen_text(Decimal(number), signed=signed) == text
    assert yen_text(None) == "–"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("9512300.7", "¥9,512,301"),
        ("145.321", "¥145.32"),
        ("22.41449", "¥22.414"),
        ("1.23456", "¥1.2346"),
        ("0.0001", "¥0.000100"),
    ],
)
def test_prices(number: str, text: str) -> None:
    """Cheap coins keep their telling digits, dear ones carry no idle ones."""
    assert price_text(Decimal(number)) == text


@given(st.floats(-1, 1))
def test_scores(score: float) -> None:
    """A score always shows a sign and two places, and never minus nothing."""
    text = score_text(score)
    assert re.fullmatch(r"[+-][01]\.\d\d", text)
    assert text != "-0.00"
    assert abs(float(text) - score) <= 0.005 + 1e-9


def test_sizes_times_and_plurals() -> None:
    """Sizes drop idle zeros; times are Japan's; one is not many."""
    assert size_text(Decimal("1.03220000"), "SOL") == "1.0322 SOL"
    assert size_text(Decimal(1200), "XRP") == "1,200 XRP"
    at = datetime(2024, 3, 5, 20, 30, tzinfo=UTC)
    assert (clock(at), day_and_clock(at)) == ("05:30", "6 March 05:30")
    assert [plural(n, w) for n, w in ((1, "loss"), (2, "loss"), (0, "win"), (1000, "analysis"))] == [
        "1 loss",
        "2 losses",
        "0 wins",
        "1,000 analyses",
    ]


@given(days())
def test_any_day_has_two_sentences(books: DayBooks) -> None:
    """The headline is two sentences, whatever the day was like."""
    for sentence in headline(day_report(START, START + DAY, books)):
        assert re.fullmatch(r"[A-Z\d].*[^.]\.", sentence), sentence


def test_a_traded_day() -> None:
    """A day with trades says how many, what they earned and what is still held."""
    first, second = headline(a_day(CANDLES))
    assert first == "After 92 analyses of 6 pairs the trader made 3 purchases and 2 sales."
    assert re.fullmatch(
        r"What was sold (earned|lost) ¥[\d,]+ .*; 1 position still held, worth ¥\d+ \w+ than was paid\.", second
    )


def test_no_price_no_guess() -> None:
    """What is held without a last price is not said to be worth anything."""
    _, position = bought(PAIRS[3], START, 130.0, 15_000)
    blind = day_report(START, START + DAY, DayBooks(positions=[position]))
    assert headline(blind)[1] == "1 position still held, without a last price for SOL."
    same = day_report(START, START + DAY, DayBooks(positions=[position], prices={position.pair: position.entry_price}))
    assert headline(same)[1] == "1 position still held, worth what was paid."


def test_a_day_of_nothing() -> None:
    """I16: a day without a trade says how near it came; one without a score or an analysis says that instead."""
    near = headline(report_of([row(EARLY, 0.2)]))
    assert near[0] == "After 1 analysis of 1 pair the trader bought nothing and sold nothing."
    assert near[1] == "The closest call was SOL at 09:01: +0.20, 0.08 short of the +0.28 to buy."
    assert "missing" in headline(report_of([row(EARLY, None)]))[1]
    assert "reached its buy threshold" in headline(report_of([row(EARLY, 0.5)]))[1]
    assert headline(report_of([]))[0].startswith("No analysis ran")
