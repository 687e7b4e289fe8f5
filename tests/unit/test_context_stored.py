"""What one collection of the market context stores: what came, with its own time, and what did not, by name."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.made import NOW, S
from trading.errors import Rejected, Transient
from trading.ports.context import Measured
from trading.services import context as verbs
from trading.services import judge
from trading.services.looks import Outcomes
from trading.signals.context import DOMINANCE, FEAR_GREED, FUNDING, RANGES, SCORED, USD_JPY, context_signal, unusable

VALUES = {FEAR_GREED: 12.0, FUNDING: {"BTCUSDT": 0.0001, "SOLUSDT": -0.0003}, DOMINANCE: 56.0, USD_JPY: 150.0}
sources = st.sampled_from(sorted(RANGES))


def measured(name, hours_old=0.0, **changes):
    as_of = NOW - timedelta(hours=hours_old)
    return Measured(**{
        "name": name, "value": VALUES[name], "as_of": as_of, "provider": "p", "url": "https://p", **changes
    })  # fmt: skip


class Source:
    """A source that answers, or fails."""

    def __init__(self, name, answer):
        self.name, self.answer = name, answer

    def read(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Table:
    """Readings in memory."""

    def __init__(self):
        self.rows = {}

    def put_context(self, at, row):
        self.rows[at] = {**row, "timestamp": int(at.timestamp())}

    def context(self, at):
        return max((row for when, row in self.rows.items() if when <= at), key=lambda r: r["timestamp"], default=None)


def read(*failing):
    """Outcomes in which some sources failed."""
    came = {name: measured(name) for name in RANGES if name not in failing}
    return Outcomes(came, {name: "Transient: too many requests" for name in RANGES if name in failing})


@given(st.sets(sources, max_size=2))
def test_what_failed_is_not_in_the_row_and_its_weight_goes_to_the_others(failing):
    """Whichever sources fail, nothing stands in their place; the score is that of the others alone (I18)."""
    table = Table()
    mood = verbs.store(read(*failing), NOW, table, S)
    row = table.rows[NOW]
    assert {name for name in RANGES if name in row} == set(RANGES) - failing == set(row["sources"])
    assert row["failed"] == [f"{name}: Transient: too many requests" for name in RANGES if name in failing]
    only = {name: VALUES[name] for name in RANGES if name not in failing}
    expected = context_signal({"timestamp": NOW.timestamp(), **only}, NOW, S)
    assert mood.signal.score == row["score"] == pytest.approx(expected.score)
    assert judge.context(NOW, table, S) == mood.signal
    assert mood.failed.keys() == failing


def test_when_nothing_is_left_nothing_is_stored():
    """No source answers and nothing of before may be used: no row without values, which would only hide that."""
    table = Table()
    assert verbs.store(read(*RANGES), NOW, table, S) is None
    verbs.store(read(), NOW, table, S)
    assert verbs.store(read(*RANGES), NOW + timedelta(hours=49), table, S) is None
    assert verbs.store(read(*RANGES), NOW - timedelta(hours=1), table, S) is None, "kept from a time to come"
    assert len(table.rows) == 1


def test_extreme_fear_outlives_an_outage_of_all_sources():
    """All three down is no end of the caution (I14): what is not too old by its own time is stored again as kept."""
    table = Table()
    verbs.store(Outcomes({name: measured(name, 12 if name == FEAR_GREED else 0) for name in RANGES}, {}), NOW, table, S)
    for half_hours, left in ((5, SCORED), (7, (FEAR_GREED, DOMINANCE)), (13, (FEAR_GREED,)), (72, (FEAR_GREED,))):
        at = NOW + timedelta(minutes=30 * half_hours)
        mood = verbs.store(read(*RANGES), at, table, S)
        assert mood is not None
        assert (mood.signal.sources, mood.signal.fear_greed) == (tuple(left), 12)
        assert mood.failed.keys() == set(RANGES)
        assert table.rows[at]["failed"] == [f"{name}: Transient: too many requests" for name in RANGES]
        assert judge.context(at, table, S) == mood.signal
    assert verbs.store(read(*RANGES), at + timedelta(minutes=1), table, S) is None
    assert judge.context(at + timedelta(hours=2, minutes=1), table, S).fear_greed is None


@given(st.sets(sources, min_size=1), st.integers(1, 200))
def test_a_source_that_fails_keeps_what_it_said_until_that_is_too_old(failing, half_hours):
    """With its own time, which grows old however often it is kept: extreme fear outlives a lost reply (I14)."""
    table = Table()
    verbs.store(read(), NOW, table, S)
    for number in range(1, half_hours + 1):
        at = NOW + timedelta(minutes=30 * number)
        mood = verbs.store(read(*failing), at, table, S)
    row = mood.row if mood else {"sources": {}}
    first = table.rows[NOW]["sources"]
    for name in failing:
        age_s = at.timestamp() - first[name]["as_of"]
        assert (name in row) == (name in row["sources"]) == (not unusable(name, age_s, S))
        if name in row:
            assert row[name] == table.rows[NOW][name]
            assert row["sources"][name]["as_of"] == first[name]["as_of"]
            assert row["sources"][name]["note"].startswith("kept: ")


def test_a_row_says_where_each_value_came_from_and_how_old_it_was():
    """Provider, address, its own time, its age and what it said of itself stand beside each value."""
    note = "SOLUSDT is not listed"
    came = {FEAR_GREED: measured(FEAR_GREED, 5), FUNDING: measured(FUNDING, note=note)}
    row = verbs.row_of(Outcomes(came, {}), NOW, S)
    stamp = int(NOW.timestamp())
    own = {"provider": "p", "url": "https://p"}
    assert row["sources"] == {
        FEAR_GREED: {"as_of": stamp - 18_000, "age_s": 18_000, **own},
        FUNDING: {"as_of": stamp, "age_s": 0, **own, "note": note},
    }


@given(sources, st.floats(-100, 100))
def test_a_source_is_only_as_good_as_its_own_time(name, hours_old):
    """An answer that is too old, or of a time to come, is refused where it is read, in words; any other is taken."""
    limit_h = {FEAR_GREED: 48, FUNDING: 3, DOMINANCE: 6, USD_JPY: 6}[name]
    found = measured(name, hours_old)
    source = Source(name, found)
    if -5 / 60 <= (NOW - found.as_of).total_seconds() / 3600 <= limit_h:
        assert verbs.measure(source, NOW, S) == found
    else:
        with pytest.raises(Rejected, match=f"p: {name} is as of .* UTC, .*; left out"):
            verbs.measure(source, NOW, S)


def test_a_source_that_fails_fails_by_itself():
    """What a source raises is what its task run shows, unchanged."""
    with pytest.raises(Transient, match="too many"):
        verbs.measure(Source(FUNDING, Transient("too many requests")), NOW, S)


def test_people_hear_of_what_is_missing_and_an_alarm_when_all_is():
    """One missing source is told, all missing is an alarm, none is not worth a word."""
    assert verbs.notices_of(read(), NOW) == []
    (partial,) = verbs.notices_of(read(FUNDING), NOW)
    assert (partial.kind, partial.alarm) == ("context.partial", False)
    assert partial.text == "market context without funding: Transient: too many requests"
    (missing,) = verbs.notices_of(read(*RANGES), NOW)
    assert (missing.kind, missing.alarm) == ("context.missing", True)
    assert all(name in missing.text for name in RANGES)
    (moodless,) = verbs.notices_of(read(*SCORED), NOW)
    assert moodless.alarm, "a rate is no mood"


@given(st.sets(st.sampled_from(SCORED)), st.booleans())
def test_the_rate_changes_no_mood(failing, late):
    """Yen per dollar is stored with its source, and score, note and sources of the mood are as without it."""
    with_rate, without = Table(), Table()
    verbs.store(read(*failing, *([USD_JPY] if late else [])), NOW, with_rate, S)
    verbs.store(read(*failing, USD_JPY), NOW, without, S)
    judged = [judge.context(NOW, table, S) for table in (with_rate, without)]
    if failing != set(SCORED):
        assert judged[0] == judged[1]
        assert "usd_jpy" not in judged[0].note
    if not late:
        row = with_rate.rows[NOW]
        assert (row[USD_JPY], row["sources"][USD_JPY]["provider"], judged[0].score) == (150.0, "p", row["score"])


@pytest.mark.parametrize(("yen", "taken"), [(50, False), (50.1, True), (499.9, True), (500, False), (0.0064, False)])
def test_a_rate_that_no_strategy_believes_is_refused(yen, taken):
    """At the ends of the strategy's range, and upside down, it is Rejected in words, not stored."""
    source = Source(USD_JPY, measured(USD_JPY, value=yen))
    if taken:
        assert verbs.measure(source, NOW, S).value == yen
    else:
        with pytest.raises(Rejected, match=r"p: usd_jpy is .* yen per dollar, not between 50 and 500; left out"):
            verbs.measure(source, NOW, S)
