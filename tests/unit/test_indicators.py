"""The indicators and the technical score, against the page worked out by hand and against pins."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pandas_ta
import pytest

from tests.unit.by_hand import indicators, score
from tests.unit.made import S, walk, waves
from trading.candles import candle_file, load_candles, window
from trading.signals.technical import technical_signal

MOMENTS = [
    ("candles-2024", "BTCUSDT", datetime(2024, 2, 3, 9, 0, tzinfo=UTC)),
    ("candles-2024", "BTCUSDT", datetime(2024, 1, 3, 12, 10, tzinfo=UTC)),
    ("candles-2024", "SOLUSDT", datetime(2024, 1, 3, 12, 10, tzinfo=UTC)),
    ("candles-2024", "DOGEUSDT", datetime(2024, 4, 13, 20, 10, tzinfo=UTC)),
    ("candles", "XRPUSDT", datetime(2023, 8, 17, 21, 45, tzinfo=UTC)),
    ("candles", "XRPUSDT", datetime(2023, 8, 17, 21, 50, tzinfo=UTC)),
    ("candles", "AVAXUSDT", datetime(2023, 6, 10, 4, 25, tzinfo=UTC)),
    ("candles", "ETHUSDT", datetime(2023, 3, 24, 14, 5, tzinfo=UTC)),
]
PINNED_WAVES = {
    "score": 0.3882601787,
    "regime": "trending",
    "indicators": {
        "rsi": 71.67498951,
        "macd": 0.9874642843,
        "macd_signal": 0.7440485455,
        "macd_histogram": 0.2434157388,
        "macd_histogram_slope": 0.5463624583,
        "sma_20": 103.4757744574,
        "sma_200": 102.1635687789,
        "bb_upper": 105.9783342,
        "bb_lower": 100.9732147,
        "bb_width": 0.04732953588,
        "adx": 37.59538068,
        "atr": 0.6194349441,
        "atr_percent": 0.5857516097,
        "volume_multiplier": 1.0,
    },
}


def agree(frame):
    """The signal, which must be what the page says of these candles."""
    found = technical_signal(frame, S)
    assert found.indicators == pytest.approx(indicators(frame), rel=1e-6, abs=1e-9)
    assert found.score == pytest.approx(score(frame), abs=1e-6)
    return found


@pytest.mark.parametrize(("folder", "symbol", "at"), MOMENTS, ids=lambda value: str(value)[:16])
def test_real_moments_agree_with_the_page_worked_out_by_hand(market_data, folder, symbol, at):
    """On real candles, calm and in a crash, every indicator and the score are those of the page."""
    agree(window(load_candles(candle_file(market_data / folder, symbol)), at, 336))


def test_a_crash_keeps_its_pinned_figures(market_data):
    """Bitcoin at 2024-01-03 12:10 UTC, one candle after it fell 4.8 %, keeps the figures it was pinned with."""
    frame = window(load_candles(candle_file(market_data / "candles-2024", "BTCUSDT")), MOMENTS[1][2], 336)
    found = technical_signal(frame, S)
    assert (found.regime, found.candles) == ("trending", 336)
    assert found.score == pytest.approx(-0.34865094, abs=1e-7)
    assert found.indicators["rsi"] == pytest.approx(6.310035, abs=1e-5)
    assert found.indicators["adx"] == pytest.approx(55.278746, abs=1e-5)
    assert found.indicators["bb_width"] == pytest.approx(0.09624706, abs=1e-7)
    assert found.indicators["volume_multiplier"] == pytest.approx(1.3)


def test_waves_agree_with_the_page_worked_out_by_hand():
    """On a made-up market of waves every indicator and the score are those of the page, and stay as pinned."""
    found = agree(waves())
    assert found.score == pytest.approx(PINNED_WAVES["score"], abs=1e-8)
    assert found.regime == PINNED_WAVES["regime"]
    assert found.indicators == pytest.approx(PINNED_WAVES["indicators"], rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_walks_agree_with_the_page_worked_out_by_hand(seed):
    """On random walks of 336 candles every indicator and the score are those of the page."""
    agree(walk(seed, count=336))


def test_only_the_last_336_candles_count():
    """Candles before the window change nothing."""
    long = waves(500)
    assert technical_signal(long, S) == technical_signal(long.tail(336).reset_index(drop=True), S)


def test_the_index_of_the_frame_does_not_matter():
    """A frame cut out of a longer one is judged like the same candles numbered from 0."""
    cut = waves(400).iloc[30:366]
    assert technical_signal(cut, S) == technical_signal(cut.reset_index(drop=True), S)


def test_the_given_frame_is_left_as_it_was():
    """Judging candles changes none of them."""
    frame = waves()
    before = frame.copy(deep=True)
    technical_signal(frame, S)
    pd.testing.assert_frame_equal(frame, before)


def test_a_library_that_happens_to_be_installed_changes_nothing(monkeypatch):
    """Every call says talib=False, and the bands ddof=0: an installed TA-Lib would otherwise change results."""
    asked = {}
    for name in ("rsi", "macd", "bbands", "adx", "atr"):
        real = getattr(pandas_ta, name)

        def noting(*args, _name=name, _real=real, **kwargs):
            asked[_name] = kwargs
            return _real(*args, **kwargs)

        monkeypatch.setattr(pandas_ta, name, noting)
    technical_signal(waves(), S)
    assert set(asked) == {"rsi", "macd", "bbands", "adx", "atr"}
    assert all(kwargs["talib"] is False for kwargs in asked.values())
    assert asked["bbands"]["ddof"] == 0


def test_the_slope_is_the_mean_of_the_last_three_changes():
    """The histogram's slope is (h[-1] - h[-4]) / 3, in percent of the close, over 0.05."""
    frame = waves()
    h = [technical_signal(frame.head(336 - back), S).indicators["macd_histogram"] for back in (0, 3)]
    slope = technical_signal(frame, S).indicators["macd_histogram_slope"]
    assert slope == pytest.approx((h[0] - h[1]) / 3 / frame["close"].iloc[-1] * 100 / 0.05, abs=1e-9)
    assert np.abs(slope) < 1
