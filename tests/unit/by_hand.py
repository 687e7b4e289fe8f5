"""The technical score worked out again, from the strategy page, in plain loops: no pandas-ta, no code of ours.

Every number here is the page's own. Wilder's averages start from the mean of their first values, as he wrote them.
"""

import math

import numpy as np


def sma(values, length):
    return float(np.mean(values[-length:]))


def ema(values, length):
    out = [math.nan] * (length - 1) + [float(np.mean(values[:length]))]
    for value in values[length:]:
        out.append(out[-1] + 2 / (length + 1) * (value - out[-1]))
    return np.array(out)


def wilder(values, length):
    out = [float(np.mean(values[:length]))]
    for value in values[length:]:
        out.append(out[-1] + (value - out[-1]) / length)
    return np.array(out)


def rsi(close):
    moves = np.diff(close)
    up = wilder(np.maximum(moves, 0), 14)[-1]
    down = wilder(np.maximum(-moves, 0), 14)[-1]
    return 100 * up / (up + down)


def macd(close):
    line = ema(close, 12) - ema(close, 26)
    line = line[25:]
    signal = ema(line, 9)
    return line[-1], signal[-1], (line - signal)


def true_range(high, low, close):
    return np.array(
        [max(h - lo, abs(h - c), abs(lo - c)) for h, lo, c in zip(high[1:], low[1:], close[:-1], strict=True)]
    )


def adx(high, low, close):
    up, down = np.diff(high), -np.diff(low)
    plus = wilder(np.where((up > down) & (up > 0), up, 0), 14)
    minus = wilder(np.where((down > up) & (down > 0), down, 0), 14)
    # The range that both are divided by drops out of their ratio.
    return wilder(100 * abs(plus - minus) / (plus + minus), 14)[-1]


def indicators(frame):
    o = {name: frame[name].to_numpy() for name in ("high", "low", "close", "volume")}
    close, last = o["close"], o["close"][-1]
    line, signal, histogram = macd(close)
    middle, deviation = sma(close, 20), float(np.std(close[-20:]))
    atr = wilder(true_range(o["high"], o["low"], close), 14)[-1]
    ratio = o["volume"][-1] / np.mean(o["volume"][-21:-1])
    return {
        "rsi": rsi(close),
        "macd": line,
        "macd_signal": signal,
        "macd_histogram": histogram[-1],
        "macd_histogram_slope": clip(np.mean(np.diff(histogram[-4:])) / last * 100 / 0.05, 1),
        "sma_20": middle,
        "sma_200": sma(close, 200) if len(close) >= 200 else None,
        "bb_upper": middle + 2 * deviation,
        "bb_lower": middle - 2 * deviation,
        "bb_width": 4 * deviation / last,
        "adx": adx(o["high"], o["low"], close),
        "atr": atr,
        "atr_percent": atr / last * 100,
        "volume_multiplier": 1 + 0.3 * min(max(ratio - 1.5, 0), 1),
    }


def clip(value, size):
    return max(-size, min(size, value))


def score(frame):
    found, last = indicators(frame), frame["close"].to_numpy()[-1]
    trending = min(max((found["adx"] - 20) / 5, 0), 1)
    momentum_weight, reversal_weight = 0.15 + 0.2 * trending, 0.35 - 0.2 * trending
    rsi_value = float(np.interp(found["rsi"], [20, 30, 40, 60, 70, 80], [1, 0.3, 0, 0, -0.3, -1]))
    macd_value = clip(found["macd_histogram"] / last * 100 / 0.1, 1)
    sma_value = clip((found["sma_20"] / found["sma_200"] - 1) / 0.02, 1)
    d = (last - found["bb_lower"]) / (found["bb_upper"] - found["bb_lower"]) - 0.5
    band_value = clip(-math.copysign((abs(d) / 0.5) ** 2, d), 1.2)
    total = momentum_weight * (macd_value + sma_value) + reversal_weight * (rsi_value + band_value)
    return clip(total * found["volume_multiplier"], 1)
