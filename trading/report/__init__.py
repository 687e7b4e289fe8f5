"""A day as data: what was seen, decided, done and earned, and why nothing happened when nothing did.

Pure: the books of the day come in (``DayBooks``), one frozen ``DayReport`` goes out. Its JSON is what the archive keeps
(``daily-reports/<YYYY-MM-DD>.json``); its page is made by ``adapters.report_html``.
"""

from trading.report.build import day_report
from trading.report.rows import Judgement, Outlook, Part, judgement
from trading.report.shapes import (
    SAID_NO,
    DayBooks,
    DayReport,
    ForecastDay,
    Health,
    Money,
    OrderLine,
    PairDay,
    PositionLine,
    QuietSpan,
)
from trading.report.words import headline

__all__ = [
    "SAID_NO",
    "DayBooks",
    "DayReport",
    "ForecastDay",
    "Health",
    "Judgement",
    "Money",
    "OrderLine",
    "Outlook",
    "PairDay",
    "Part",
    "PositionLine",
    "QuietSpan",
    "day_report",
    "headline",
    "judgement",
]
