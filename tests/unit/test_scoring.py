"""The decision: selling first, one buy at most, and never a buy on missing input."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.made import NOW, S
from tests.unit.test_weighing import contexts, earned, inputs, plain
from trading.scoring import ContextInputs, Held, Market, MissingInputs, PairInputs, decide
from trading.thresholds import buy_threshold, own_sell_threshold, sell_threshold, volatility_factor

KEYS = ["avax_usdt", "btc_usdt", "doge_usdt", "eth_usdt", "sol_usdt", "xrp_usdt"]
CALM = ContextInputs(0.0, 50.0, 50.0, 60.0)


def leaning(low, high):
    """Inputs whose judges mostly agree, so that decisions happen."""
    one = st.floats(low, high)
    return st.builds(
        PairInputs, one, one, st.floats(0, 1), one, bb_width=st.floats(0, 0.05), macd_histogram=st.floats(-1, 1),
        macd_histogram_slope=st.floats(-1, 1),
    )  # fmt: skip


missing = st.builds(MissingInputs, st.lists(st.sampled_from(["technical", "forecast"]), max_size=2).map(tuple))
found_or_missing = st.one_of(leaning(0.3, 1), leaning(-1, -0.1), inputs, missing)
pairs = st.dictionaries(st.sampled_from(KEYS), found_or_missing, min_size=1)
held = st.builds(Held, st.sampled_from(KEYS), st.integers(0, 180).map(lambda age: NOW - timedelta(minutes=age)))
modes = st.sampled_from([False, "OFF", True, "NO_ENTRIES", "NOTHING"])
switches = st.just({}) | st.fixed_dictionaries({}, optional={"kill_switch": modes, "daily_loss": st.booleans()})
reasons_why = st.dictionaries(st.sampled_from(KEYS), st.just("premium +9.00 %, over 3 %"), max_size=3)
markets = st.builds(Market, st.just(NOW), pairs, contexts, st.lists(held, max_size=4), switches, earned, reasons_why)
bearish = st.dictionaries(st.sampled_from(KEYS), st.one_of(leaning(-1, -0.3), leaning(-1, -0.1), missing), min_size=5)
falling = st.builds(Market, st.just(NOW), bearish, contexts, st.lists(held, min_size=2, max_size=4), switches, earned)


def level(score, **changes):
    """Inputs whose total score is ``score`` times 0.85 when the context is neutral."""
    return plain(**{"technical_score": score, "forecast_score": score, "sentiment_score": score, **changes})


def market(pairs, positions=(), breakers=None, context=CALM, **changes):
    return Market(NOW, pairs, context, positions, breakers or {}, **changes)


def old(pair, minutes=60):
    return Held(pair, NOW - timedelta(minutes=minutes))


@given(markets)
def test_no_buy_on_missing_input(state):
    """A BUY is of one pair that has all its inputs, is not held, reaches the threshold, and nothing stops it."""
    found = decide(state, S)
    assume(found.action == "BUY")
    (pair,) = found.pairs
    assert isinstance(state.pairs[pair], PairInputs)
    assert pair not in {position.pair for position in state.positions}
    assert pair not in state.barred
    assert found.ranking[0].score >= found.buy_threshold - 1e-9
    assert not any(on for name, on in state.breakers.items() if name != "kill_switch")
    assert state.breakers.get("kill_switch", False) in (False, "OFF")


@given(falling)
def test_a_sell_is_of_old_held_pairs_only(state):
    """A SELL is of pairs held for 30 minutes at least, with all inputs, worst first, never in a full stop."""
    found = decide(state, S)
    assume(found.action == "SELL")
    scores = {one.pair: one.score for one in found.ranking}
    assert [scores[pair] for pair in found.pairs] == sorted(scores[pair] for pair in found.pairs)
    for pair in found.pairs:
        entries = [position.entered_at for position in state.positions if position.pair == pair]
        assert entries
        assert all(NOW - entry >= timedelta(minutes=30) for entry in entries)
        assert scores[pair] <= own_sell_threshold(found.sell_threshold, state.pairs[pair], S) + 1e-9
    assert state.breakers.get("kill_switch") != "NOTHING"


@given(markets)
def test_every_decision_says_why(state):
    """The ranking holds every scored pair, best first; reasons name every pair that sits out; HOLD names none."""
    found = decide(state, S)
    order = [(-round(one.score, 12), one.pair) for one in found.ranking]
    assert order == sorted(order)
    scored = {key for key, value in state.pairs.items() if isinstance(value, PairInputs)}
    assert {one.pair for one in found.ranking} == scored
    assert all(any(key in reason for reason in found.reasons) for key in set(state.pairs) - scored)
    assert found.reasons
    assert all(reason.endswith((".", ":")) for reason in found.reasons)
    assert found.action in ("BUY", "SELL", "HOLD")
    assert bool(found.pairs) == (found.action != "HOLD")
    assert found == decide(state, S)


@given(markets, st.permutations(KEYS))
def test_the_order_of_the_pairs_does_not_matter(state, order):
    """The same state of the world in another order is the same decision."""
    shuffled = {key: state.pairs[key] for key in order if key in state.pairs}
    again = Market(
        state.now, shuffled, state.context, state.positions[::-1], state.breakers, state.forecast_weight, state.barred
    )
    assert decide(again, S) == decide(state, S)


@given(st.one_of(markets, falling), reasons_why)
def test_what_is_barred_is_passed_over_and_may_still_be_sold(state, bars):
    """Sells and scores are as without it; the best free pair that is not barred is bought; a better one is named."""
    plainly, found = decide(replace(state, barred={}), S), decide(replace(state, barred=bars), S)
    assert (found.ranking, found.buy_threshold) == (plainly.ranking, plainly.buy_threshold)
    assert (found.action == "SELL") == (plainly.action == "SELL")
    if found.action == "SELL":
        assert found == plainly
        return
    held = {position.pair for position in state.positions}
    free = [one for one in found.ranking if one.pair not in held]
    first = next((place for place, one in enumerate(free) if one.pair not in bars), len(free))
    if free[first : first + 1] and plainly.action == "BUY" and free[first].score > found.buy_threshold:
        assert found.pairs == (free[first].pair,)
    for one in free[:first]:
        assert f"{one.pair} scores {one.score:+.3f}, but is barred: {bars[one.pair]}." in found.reasons
        assert one.pair not in found.pairs


def test_the_next_best_is_bought_and_the_reasons_say_what_was_better():
    """A barred better pair comes second in the reasons; with all barred it holds, and says so of each."""
    pairs, why = {"eth_usdt": level(0.4), "btc_usdt": level(0.6), "xrp_usdt": level(-0.9)}, "premium +9.00 %, over 3 %"
    found = decide(market(pairs, barred={"btc_usdt": why, "xrp_usdt": why}), S)
    assert (found.action, found.pairs) == ("BUY", ("eth_usdt",))
    assert found.reasons == (
        "eth_usdt scores +0.340, at or above the buy threshold +0.280, best of 1 not held and not barred: buy.",
        "btc_usdt scores +0.510, but is barred: premium +9.00 %, over 3 %.",
    )
    nothing = decide(market(pairs, barred=dict.fromkeys(KEYS, why)), S)
    assert (nothing.action, nothing.reasons[0]) == ("HOLD", "Each of 3 not held is barred: nothing to buy.")
    assert [reason.partition(" ")[0] for reason in nothing.reasons[1:]] == ["btc_usdt", "eth_usdt", "xrp_usdt"]


def test_the_best_pair_is_bought():
    """Of two pairs above the threshold the better one is bought, once."""
    found = decide(market({"eth_usdt": level(0.5), "btc_usdt": level(0.6), "xrp_usdt": level(-0.9)}), S)
    assert (found.action, found.pairs) == ("BUY", ("btc_usdt",))
    assert found.reasons[0] == "btc_usdt scores +0.510, at or above the buy threshold +0.280, best of 3 not held: buy."


def test_ties_go_by_key():
    """Two pairs with the same score: the first by key."""
    assert decide(market({"xrp_usdt": level(0.5), "eth_usdt": level(0.5)}), S).pairs == ("eth_usdt",)


def test_the_best_pair_is_held_already():
    """A held pair is not bought again; the next best is, if it is good enough."""
    pairs = {"eth_usdt": level(0.4), "btc_usdt": level(0.6)}
    assert decide(market(pairs, [old("btc_usdt")]), S).pairs == ("eth_usdt",)
    both = decide(market(pairs, [old("btc_usdt"), old("eth_usdt")]), S)
    assert both.action == "HOLD"
    assert "nothing to buy" in both.reasons[0]


def test_selling_comes_first():
    """With one pair to sell and one to buy, it sells and does not buy; the worst is named first."""
    pairs = {"btc_usdt": level(0.9), "eth_usdt": level(-0.5), "xrp_usdt": level(-0.8)}
    found = decide(market(pairs, [old("eth_usdt"), old("xrp_usdt")]), S)
    assert (found.action, found.pairs) == ("SELL", ("xrp_usdt", "eth_usdt"))


@pytest.mark.parametrize(("minutes", "action"), [(29.9, "HOLD"), (30, "SELL")])
def test_a_young_position_is_kept(minutes, action):
    """For 30 minutes the signal does not sell (I7), and the reasons say so."""
    found = decide(market({"eth_usdt": level(-0.9)}, [old("eth_usdt", minutes)]), S)
    assert found.action == action
    assert action == "SELL" or "kept for 30 min" in " ".join(found.reasons)


def test_an_unsellable_young_position_does_not_stop_a_buy():
    """A held pair that is too young to sell is not a sale: another pair may be bought."""
    found = decide(market({"eth_usdt": level(-0.9), "btc_usdt": level(0.9)}, [old("eth_usdt", 5)]), S)
    assert (found.action, found.pairs) == ("BUY", ("btc_usdt",))


@pytest.mark.parametrize(
    ("breakers", "said"),
    [
        ({"daily_loss": True}, "daily_loss"),
        ({"kill_switch": True}, "kill_switch"),
        ({"kill_switch": "NO_ENTRIES"}, "kill_switch"),
        ({"kill_switch": "NOTHING"}, "kill_switch"),
        ({"anything_else": True, "kill_switch": False}, "anything_else"),
        ({"drawdown": True, "daily_loss": True, "x": False}, "daily_loss, drawdown"),
    ],
)
def test_breakers_stop_buying_and_are_named(breakers, said):
    """Any true breaker stops the buy, and the reason names it and what would have been bought."""
    found = decide(market({"btc_usdt": level(0.9)}, breakers=breakers), S)
    assert found.action == "HOLD"
    assert f"buying is stopped by {said}." in found.reasons[0]
    assert "btc_usdt" in found.reasons[0]


@pytest.mark.parametrize("breakers", [{}, {"kill_switch": False}, {"kill_switch": "OFF"}, {"daily_loss": False}])
def test_breakers_that_are_off_stop_nothing(breakers):
    """No breaker, or only false ones: it buys."""
    assert decide(market({"btc_usdt": level(0.9)}, breakers=breakers), S).action == "BUY"


@pytest.mark.parametrize(
    ("breakers", "action"),
    [({"kill_switch": True}, "SELL"), ({"daily_loss": True}, "SELL"), ({"kill_switch": "NOTHING"}, "HOLD"),
     ({"kill_switch": "gibberish"}, "HOLD")],
)  # fmt: skip
def test_only_a_full_stop_stops_selling(breakers, action):
    """Breakers and NO_ENTRIES let the signal sell; NOTHING, or a mode that nobody knows, does not."""
    found = decide(market({"eth_usdt": level(-0.9)}, [old("eth_usdt")], breakers), S)
    assert found.action == action
    assert action == "SELL" or "kill switch" in " ".join(found.reasons)


def test_missing_inputs_sit_out_and_are_named():
    """A pair without inputs is in no ranking; if it is held, only its stop can sell it, and that is said."""
    pairs = {"btc_usdt": MissingInputs(("technical", "forecast")), "eth_usdt": MissingInputs(())}
    found = decide(market(pairs, [old("btc_usdt"), old("sol_usdt")]), S)
    assert (found.action, found.ranking) == ("HOLD", ())
    assert "btc_usdt sits out: technical, forecast missing, held: only its stop can sell it." in found.reasons
    assert "eth_usdt sits out: its input missing." in found.reasons
    assert "sol_usdt is held but was not analysed: only its stop can sell it." in found.reasons


def test_hold_says_how_far_the_best_was_from_a_buy():
    """HOLD names the best pair and what it lacked (I16)."""
    assert decide(market({"btc_usdt": level(0.2)}), S).reasons[0] == (
        "Best of 1 not held is btc_usdt at +0.170, 0.110 short of the buy threshold +0.280."
    )


@pytest.mark.parametrize(
    ("context", "factor", "said"),
    [
        (ContextInputs(0.0, 20.0, 50.0, 0.0), 1.35, ""),
        (ContextInputs(0.0, 21.0, 50.0, 0.0), 1.0, ""),
        (ContextInputs(0.0, 79.0, 50.0, 0.0), 1.0, ""),
        (ContextInputs(0.0, 80.0, 50.0, 0.0), 1.2, ""),
        (ContextInputs(0.0, 5.0, 70.0, 7200.0), 1.35, ""),
        (ContextInputs(0.9, 5.0, 70.0, 7201.0), 1.0, "2.0 h old"),
        (ContextInputs(0.9, 5.0, 70.0, -5.0), 1.0, "from the future"),
        (None, 1.0, "no market context"),
    ],
)
def test_the_mood_makes_buying_harder_only_while_it_is_fresh(context, factor, said):
    """Extreme fear x 1.35 (I14), extreme greed x 1.2; a stale context moves no threshold, no score, and is named."""
    found = decide(market({"eth_usdt": level(0.1)}, context=context), S)
    assert found.buy_threshold == pytest.approx(0.28 * factor)
    assert found.sell_threshold == pytest.approx(-0.15)
    assert said in " ".join(found.reasons)
    if said:
        assert found.ranking[0].score == pytest.approx(0.085)


@pytest.mark.parametrize(("width", "factor"), [(0.0, 0.67), (0.0201, 0.67), (0.03, 1), (0.045, 1.5), (0.9, 2)])
def test_volatility_moves_both_thresholds(width, factor):
    """The mean band width over 3 % multiplies both thresholds, from 0.67 to 2."""
    widths = [width / 2, width * 1.5]
    assert volatility_factor(widths, S) == pytest.approx(factor)
    assert buy_threshold(widths, 50.0, S) == pytest.approx(0.28 * factor)
    assert sell_threshold(widths, S) == pytest.approx(-0.15 * factor)


def test_the_mean_width_is_that_of_the_scored_pairs():
    """A pair that sits out has no say in the volatility."""
    pairs = {
        "btc_usdt": level(0, bb_width=0.03),
        "eth_usdt": level(0, bb_width=0.06),
        "xrp_usdt": MissingInputs(("x",)),
    }
    assert decide(market(pairs), S).buy_threshold == pytest.approx(0.28 * 1.5)
    assert decide(market({"xrp_usdt": MissingInputs(("x",))}), S).buy_threshold == 0.28


@pytest.mark.parametrize(
    ("histogram", "slope", "action"),
    [(0.1, -0.31, "SELL"), (0.1, -0.3, "HOLD"), (0.0, -0.9, "HOLD"), (-0.1, -0.9, "HOLD")],
)
def test_a_rise_that_loses_speed_is_sold_sooner(histogram, slope, action):
    """With a histogram above 0 and a slope below -0.3 the held pair's sell threshold is halved."""
    fading = level(-0.1, macd_histogram=histogram, macd_histogram_slope=slope)  # a score of -0.085
    found = decide(market({"eth_usdt": fading}, [old("eth_usdt")]), S)
    assert found.action == action
    assert found.sell_threshold == pytest.approx(-0.15)


def test_a_threshold_is_reached_in_spite_of_float_dust():
    """A score that is the threshold but for the last digits of a float counts as reaching it."""
    dusty = plain(technical_score=0.5433333333333333, forecast_score=0.142, sentiment_score=0.0)
    found = decide(market({"btc_usdt": dusty}), S)
    assert 0.28 - 1e-15 < found.ranking[0].score < 0.28
    assert found.action == "BUY"
