"""Every incident of the design, staged: no harm comes of it, and harm does come once its protection is taken away."""

from __future__ import annotations

import pytest

from tests.incidents import (
    scenarios_books,
    scenarios_context,
    scenarios_fills,
    scenarios_forecasts,
    scenarios_orders,
    scenarios_runs,
)
from tests.incidents.stage import Incident, Stage

INCIDENTS: dict[str, Incident] = {
    **scenarios_orders.INCIDENTS,
    **scenarios_fills.INCIDENTS,
    **scenarios_books.INCIDENTS,
    **scenarios_runs.INCIDENTS,
    **scenarios_forecasts.INCIDENTS,
    **scenarios_context.INCIDENTS,
}


@pytest.mark.parametrize("name", sorted(INCIDENTS))
def test_the_incident_happens_without_its_protection(name: str, stage: Stage) -> None:
    """The harm comes back as soon as exactly the incident's protection is taken away, so the scenario can see it."""
    incident = INCIDENTS[name]
    incident.unprotected(stage)
    with pytest.raises(AssertionError, match=f"^{incident.harm}"):
        incident.scenario(stage)


def test_every_incident_is_staged_with_its_protection_and_without() -> None:
    """Each has a test that is named after it, and a protection that is taken away."""
    named = {f"I{int(name[6:8])}" for name in globals() if name.startswith("test_i")}
    assert named == {name.partition(",")[0] for name in INCIDENTS}
    assert len({incident.scenario for incident in INCIDENTS.values()}) == len(INCIDENTS) - 1  # I3 has two protections


def test_i01_a_saved_position_that_crashes_does_not_buy_twice(stage: Stage) -> None:
    """I1: the buy went through, saving the position crashed, the message came again: one order, one position."""
    scenarios_orders.crash_after_the_buy(stage)


def test_i01_of_two_executors_one_gets_the_trade(stage: Stage) -> None:
    """I1: one message reaches two executors at once and both read a booked trade: one claims it, one order is made."""
    scenarios_orders.one_message_to_two_executors(stage)


def test_i02_a_bad_message_does_not_touch_the_good_ones(stage: Stage) -> None:
    """I2: good messages beside bad ones are carried out once and do not come again; of the bad ones people are told."""
    scenarios_orders.bad_message_among_good_ones(stage)


def test_i03_an_answer_without_numbers_is_an_order_not_a_fill(stage: Stage) -> None:
    """I3: the reply's nulls crash nothing, and an order is not filled before the venue has shown its fills."""
    scenarios_fills.an_answer_without_numbers(stage)


def test_i04_fills_over_several_pages_are_all_summed(stage: Stage) -> None:
    """I4: a position is all parts of its order, also those that are no longer on the newest page."""
    scenarios_fills.fills_over_two_pages(stage)


def test_i04_a_sum_that_the_account_contradicts_is_not_booked(stage: Stage) -> None:
    """I4: if a page were missed all the same, the coins that moved say so, and nothing gets into the books."""
    scenarios_fills.a_partial_sum_against_the_account(stage)


def test_i05_fills_of_other_orders_are_not_mixed_in(stage: Stage) -> None:
    """I5: the list shows other orders and other coins; size and entry price are those of our order alone."""
    scenarios_fills.fills_of_other_orders(stage)


def test_i06_signed_amounts_sum_to_what_moved(stage: Stage) -> None:
    """I6: fills whose paid side is negative sum to the coins and the yen by which the account changed."""
    scenarios_fills.what_was_paid_is_negative(stage)


def test_i07_what_was_just_bought_is_not_sold_by_a_signal(stage: Stage) -> None:
    """I7: the worst score sells nothing within 30 minutes of the entry, and then the very position it names."""
    scenarios_books.bought_and_sold_in_one_batch(stage)


def test_i08_a_dollar_price_is_no_loss_in_yen(stage: Stage) -> None:
    """I8: a price in dollars does not compare with an entry in yen: nothing is said of it, nothing is sold."""
    scenarios_books.a_dollar_price_for_a_yen_entry(stage)


def test_i09_a_crash_while_closing_leaves_trade_and_position_agreed(stage: Stage) -> None:
    """I9: wherever closing breaks off, the position is closed exactly when its sell is booked."""
    scenarios_books.crash_while_closing(stage)


def test_i09_a_difference_of_book_and_venue_is_found_and_stops_entries(stage: Stage) -> None:
    """I9: coins sold behind our back are found by amount and by execution, people are told, nothing is bought."""
    scenarios_books.coins_sold_behind_our_back(stage)


def test_i10_every_trailing_tier_fires(stage: Stage) -> None:
    """I10: at +4, +7, +11, +20 and +31 % the stop hangs at its tier and sells there, take-profit or not."""
    scenarios_books.upper_tiers(stage)


def test_i11_an_open_position_is_seen_behind_a_newer_closed_one(stage: Stage) -> None:
    """I11: the newest row is a closed one; the older open position is found, and its pair is not bought again."""
    scenarios_books.the_newest_row_is_closed(stage)


def test_i12_a_query_reads_every_page(stage: Stage) -> None:
    """I12: more than a megabyte of history comes back complete."""
    scenarios_books.more_than_a_page(stage)


def test_i13_the_endpoint_sees_no_more_than_its_budget(stage: Stage) -> None:
    """I13: sixteen machines forecast at once; never more than six are at the endpoint, all get their forecast."""
    scenarios_forecasts.too_many_at_once(stage)


def test_i13_expected_throttling_is_no_alarm(stage: Stage) -> None:
    """I13: a busy endpoint is asked again and costs nothing; a long busy one is one fallback, told and not alarmed."""
    scenarios_forecasts.expected_throttling(stage)


def test_i14_extreme_fear_asks_for_more_than_a_bullish_forecast(stage: Stage) -> None:
    """I14: what buys at an index of 21 does not at 20: the threshold is 1.35 times as high, best forecast or not."""
    scenarios_context.a_bullish_forecast_in_extreme_fear(stage)


def test_i17_a_failed_run_is_not_a_hold(stage: Stage) -> None:
    """I17: an outage fails the run by name, and an analysis without inputs says of every pair what was missing."""
    scenarios_runs.an_outage_of_the_market(stage)


def test_i18_what_was_not_measured_is_missing_not_fifty_percent(stage: Stage) -> None:
    """I18: a throttled and an impossible source leave the judgement to the third, and are named wherever one looks."""
    scenarios_context.throttled_and_impossible(stage)


def test_i18_a_pair_without_fresh_candles_sits_out(stage: Stage) -> None:
    """I18: when candles stop coming in, no pair is judged by old ones, and each says why it sits out."""
    scenarios_context.candles_that_stopped(stage)


def test_i20_overlapping_analyses_make_one_order(stage: Stage) -> None:
    """I20: late runs and those after them that all decided to buy, in one slot and the next, make one order."""
    scenarios_orders.overlapping_analyses(stage)


def test_i21_an_intent_without_a_message_is_sent_by_the_sweeper(stage: Stage) -> None:
    """I21: an intent whose machine died before the message was sent is queued by the sweeper and carried out once."""
    scenarios_orders.death_between_booking_and_sending(stage)


def test_i22_an_order_without_an_answer_is_neither_lost_nor_made_again(stage: Stage) -> None:
    """I22: the venue accepted and did not answer: the pair stays taken, the order is found and booked, once."""
    scenarios_orders.time_out_after_acceptance(stage)


def test_i23_nonces_rise_across_processes(stage: Stage) -> None:
    """I23: a process whose clock is behind another's gets its order through: refused nonces are jumped over."""
    scenarios_orders.clocks_of_two_processes(stage)


def test_i23_one_thread_does_not_overtake_another(stage: Stage) -> None:
    """I23: a request on a slow way is not overtaken by a later nonce of the same process: both are answered."""
    scenarios_orders.two_threads_on_ways_of_different_length(stage)


def test_i24_a_webhook_outage_does_not_stop_an_exit(stage: Stage) -> None:
    """I24: with Slack down the stop is seen, the exit booked and carried out; what was not told is counted."""
    scenarios_runs.a_webhook_outage(stage)


def test_i25_no_secret_reaches_the_log(stage: Stage) -> None:
    """I25: whatever fails with a secret in address, answer or exception, no planted secret stands in what is logged."""
    scenarios_runs.everything_fails_in_the_log(stage)
