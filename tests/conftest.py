"""What every test may use: Hypothesis profiles and the recorded market; and what none may touch: a real account."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from adapters.coincheck import signing

NO_CONSTANTS = providers._local_constants
ROOT = Path(__file__).resolve().parent.parent

# Whatever the developer's shell is set up for, no test reaches a real desk, account or Prefect server through it.
for _name in list(os.environ):
    if _name.startswith(("TRADER_", "TRADING_", "AWS_", "PREFECT_")) and _name not in {
        "TRADER_MARKET_DATA",
        "AWS_CA_BUNDLE",
    }:
        del os.environ[_name]
os.environ |= {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "ap-northeast-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}

# `same` is what everybody runs, here and in CI: the same examples every time, so that a green run here is one there.
# HYPOTHESIS_PROFILE=hunt looks for new ones, longer.
_shared = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("same", max_examples=100, derandomize=True, **_shared)
settings.register_profile("hunt", max_examples=5_000, **_shared)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
if os.environ.get("HYPOTHESIS_PROFILE", "same") == "same":
    # Hypothesis also draws constants of whatever modules the process has loaded by then, which depends on the tests
    # that ran before: the same test would meet other examples in CI.
    providers._get_local_constants = lambda: NO_CONSTANTS


@pytest.fixture(scope="session")
def market_data() -> Path:
    """The folder of recorded candles, news and payloads; tests that need it are skipped where it is not."""
    folder = Path(os.environ.get("TRADER_MARKET_DATA", ROOT.parent / "shared" / "market"))
    if not folder.is_dir():
        pytest.skip(f"no recorded market at {folder}: set TRADER_MARKET_DATA to run this test")
    return folder


@pytest.fixture(scope="module", autouse=True)
def _nonces_of_its_own() -> None:
    """No file inherits how far another one drove the nonces of a key: a process keeps one source per key for good."""
    signing._LANES.clear()
