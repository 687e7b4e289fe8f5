"""The pairs: six by default, any by configuration, and one clear line for every wrong one."""

import json
from decimal import Decimal

import pytest

from trading.errors import BadInput
from trading.pairs import DEFAULT_PAIRS, FALLBACK_LOT, LOT_RULES, lot_rules, parse_pairs

ETH = DEFAULT_PAIRS["eth_usdt"]


def config(**changes):
    return json.dumps({"eth_usdt": {**ETH, **changes}})


def test_the_six_pairs_of_the_design():
    """Without a setting there are six pairs, in the design's order, each with its lot rules."""
    pairs = parse_pairs(None)
    assert [pair.key for pair in pairs] == list(DEFAULT_PAIRS)
    assert [pair.coin for pair in pairs] == ["ETH", "BTC", "XRP", "SOL", "DOGE", "AVAX"]
    assert [pair.binance for pair in pairs] == [f"{pair.coin}USDT" for pair in pairs]
    assert all(lot_rules(pair) is LOT_RULES[pair.coin] for pair in pairs)


def test_a_pair_needs_no_code_change():
    """A seventh currency is a line of configuration; its lot rules are the cautious fallback."""
    seventh = {"ltc_usdt": {"binance": "LTCUSDT", "coincheck": "ltc_jpy", "news": "LTC", "name": "Litecoin"}}
    pairs = parse_pairs(json.dumps(DEFAULT_PAIRS | seventh))
    assert len(pairs) == 7
    assert (pairs[-1].key, pairs[-1].coin, lot_rules(pairs[-1])) == ("ltc_usdt", "LTC", FALLBACK_LOT)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("{}", "is empty or not an object"),
        ("[]", "is empty or not an object"),
        ("null", "is empty or not an object"),
        ('{"eth_usdt": 1}', "eth_usdt: "),
        ('{"eth_usdt": {}}', "eth_usdt.binance: Field required"),
        (config(colour="red"), "eth_usdt.colour: Extra inputs are not permitted"),
        (config(binance="ethusdt"), "eth_usdt.binance: "),
        (config(binance="ETHBTC"), "eth_usdt.binance: "),
        (config(coincheck="eth_usd"), "eth_usdt.coincheck: "),
        (config(news=""), "eth_usdt.news: "),
        (config(name=""), "eth_usdt.name: "),
        (config(name=7), "eth_usdt.name: "),
        (json.dumps({"ETH/USDT": ETH}), "ETH/USDT"),
        (json.dumps({"eth_usdt": ETH, "btc_usdt": ETH}), "names binance ETHUSDT twice"),
        (json.dumps({"eth_usdt": ETH, "btc_usdt": {**ETH, "binance": "BTCUSDT"}}), "names coincheck eth_jpy twice"),
        (f'{{"eth_usdt": {json.dumps(ETH)}, "eth_usdt": {json.dumps(ETH)}}}', "names eth_usdt twice"),
    ],
)
def test_a_wrong_setting_is_one_line(text, said):
    """Broken, empty, unknown and doubled: one line that names the variable and the fault."""
    with pytest.raises(BadInput) as error:
        parse_pairs(text)
    assert said in str(error.value)
    assert str(error.value).startswith("TRADING_PAIRS_CONFIG")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("coin", LOT_RULES)
def test_lot_rules_are_sane(coin):
    """Every least size is a whole number of steps, and every step is positive."""
    rules = LOT_RULES[coin]
    assert rules.min_size % rules.size_step == 0
    assert min(rules.size_step, rules.price_step, rules.market_buy_step_jpy) > Decimal(0)
