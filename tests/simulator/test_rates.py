"""Dollars in yen."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from simulator.rates import read_rates
from simulator.times import to_ms
from trading.errors import BadInput


def test_one_rate_holds_always() -> None:
    """A number is the rate at all times."""
    assert read_rates("151.25").at(0) == read_rates("151.25").at(10**13) == Decimal("151.25")


def test_rate_of_a_file_is_the_last_one_published(tmp_path: Path) -> None:
    """A daily fixing holds from its afternoon until the next one, over days without any."""
    (tmp_path / "fx.csv").write_text("date,usd_jpy\n2023-05-18,138.5\n2023-05-22,137.9\n")
    rates = read_rates(str(tmp_path / "fx.csv"))
    for day, hour, expected in ((19, 12, "138.500"), (22, 14, "138.500"), (22, 16, "137.900"), (1, 0, "138.500")):
        assert rates.at(to_ms(datetime(2023, 5, day, hour, tzinfo=UTC))) == Decimal(expected)


@pytest.mark.parametrize("text", ["0", "-1", "NaN", "nowhere.csv"])
def test_no_rate_is_a_clear_error(text: str) -> None:
    """What is neither a rate nor a file of rates is refused in one line."""
    with pytest.raises(BadInput) as error:
        read_rates(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("body", ["date,eur\n2023-05-18,1\n", "date,usd_jpy\n", "date,usd_jpy\nsoon,1\n"])
def test_unreadable_file_is_a_clear_error(tmp_path: Path, body: str) -> None:
    """A file without the columns, without rows or without dates names itself in one line."""
    (tmp_path / "fx.csv").write_text(body)
    with pytest.raises(BadInput, match=r"fx\.csv"):
        read_rates(str(tmp_path / "fx.csv"))


def test_recorded_fixings_are_read(market_data: Path) -> None:
    """The European Central Bank's file and the hourly one agree within two percent."""
    at = to_ms(datetime(2024, 6, 20, 18, tzinfo=UTC))
    daily = read_rates(str(market_data / "fx" / "usdjpy-daily-ecb.csv")).at(at)
    hourly = read_rates(str(market_data / "fx" / "USDJPY-1h.parquet")).at(at)
    assert abs(daily / hourly - 1) < Decimal("0.02")
