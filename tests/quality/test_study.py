"""A small sample of the study: every kind of damage, real crashes and quiet days. The whole is a command."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.quality.alarms import quiet_days, real_days
from tests.quality.damages import ALL_KINDS, study
from tests.quality.study import ESCAPED, damage_lines, quiet_lines

FEW = 2


def test_no_damage_of_any_kind_is_judged(market_data: Path) -> None:
    """Each kind a few times, on the real way: collected, stored, checked, gated, held against the yen: none escapes."""
    found = study([market_data / "candles-2024"], FEW)
    assert set(found) == set(ALL_KINDS)
    assert {kind: counts for kind, counts in found.items() if counts[ESCAPED]} == {}
    assert all(sum(counts.values()) >= FEW for counts in found.values())
    assert all("| 0 |" in line for line in list(damage_lines(found))[2:])


def test_a_damage_that_no_rule_knows_counts_as_escaped(market_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the gate's doubts a spike is judged, and the study says so: it would see a gate that is broken."""
    monkeypatch.setattr("trading.services.quality.jumps", lambda *_: {})
    found = study([market_data / "candles-2024"], 6 * FEW, kinds=["single-pair spike"])
    assert found["single-pair spike"][ESCAPED] > 0


def test_real_days_are_judged(market_data: Path) -> None:
    """The crash of 2024-04-13 and a quiet day: nobody sits out, and the second venue showed what one pair did alone."""
    days = [day for day in real_days(market_data, 20) if day[0] == "candles-2024"][-2:]
    quiet = quiet_days(market_data, days, timedelta(hours=8))
    assert quiet.cycles == 2 * 3 * 6
    assert (quiet.alarms, quiet.where) == ({}, [])
    assert "false alarms: 0" in "\n".join(quiet_lines(quiet, 480))
