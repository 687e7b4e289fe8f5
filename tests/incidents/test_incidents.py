"""Every incident of the design, staged: no harm comes of it, and harm does come once its protection is taken away."""

from __future__ import annotations

import pytest
from tests.incidents import scenarios_fills, scenarios_orders
from tests.incidents.stage import Incident, Stage

INCIDENTS: dict[str, Incident] = {**scenarios_orders.INCIDENTS, **scenarios_fills.INCIDENTS}


@pytest.mark.parametrize("name", INCIDENTS)
def test_it(name: str, stage: Stage) -> None:
    """x"""
    INCIDENTS[name].scenario(stage)


@pytest.mark.parametrize("name", INCIDENTS)
def test_the_incident_happens_without_its_protection(name: str, stage: Stage) -> None:
    """The scenario notices the harm as soon as exactly that protection is taken away."""
    incident = INCIDENTS[name]
    incident.unprotected(stage)
    with pytest.raises(AssertionError, match=incident.harm):
        incident.scenario(stage)
