"""What every unit test begins with."""

from __future__ import annotations

import pytest

from adapters.coincheck import signing


@pytest.fixture(autouse=True)
def fresh_nonces() -> None:
    """A key that another test has run ahead of the clock with is a new one here."""
    signing._LANES.clear()
