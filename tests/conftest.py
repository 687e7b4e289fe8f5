"""What every test may use: Hypothesis profiles and the recorded market."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# ci and dev are reproducible: the same examples every time. HYPOTHESIS_PROFILE=hunt looks for new ones, longer.
_shared = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("dev", max_examples=100, derandomize=True, **_shared)
settings.register_profile("ci", max_examples=200, derandomize=True, **_shared)
settings.register_profile("hunt", max_examples=5_000, **_shared)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


@pytest.fixture(scope="session")
def market_data() -> Path:
    """The folder of recorded candles, news and payloads; tests that need it are skipped where it is not."""
    folder = Path(os.environ.get("TRADER_MARKET_DATA", ROOT.parent / "shared" / "market"))
    if not folder.is_dir():
        pytest.skip(f"no recorded market at {folder}: set TRADER_MARKET_DATA to run this test")
    return folder
