"""The stage of an incident: a room of its own, made when it is first asked for."""

from __future__ import annotations

import pytest

from tests.incidents.stage import Stage
from tests.services.conftest import aws, names, room

__all__ = ["aws", "names", "room", "stage"]


@pytest.fixture
def stage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(request.getfixturevalue, monkeypatch)
