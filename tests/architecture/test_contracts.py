"""Arrows only go right: the import contracts of pyproject.toml hold, and each is shown to break."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS = [contract["name"] for contract in PYPROJECT["tool"]["importlinter"]["contracts"]]

# One line of code per way to break the house's direction.
PLANTED = {
    "trading/planted.py": "import prefect\nimport adapters\nimport simulator\n",
    "adapters/planted.py": "import prefect\n",
    "tasks/planted.py": "import ccxt\nimport simulator\n",
    "simulator/planted.py": "import adapters\n",
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the import contracts of the tree in a folder, whatever else is installed."""
    environment = os.environ | {"PYTHONPATH": str(folder), "NO_COLOR": "1"}
    command = [str(LINT_IMPORTS), "--no-cache", "--config", str(folder / "pyproject.toml")]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def small_house(tmp_path: Path) -> Path:
    """A house with every room of ours and nothing in it, under the same contracts."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for room in PYPROJECT["tool"]["importlinter"]["root_packages"]:
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").touch()
    return tmp_path


def test_the_contracts_hold() -> None:
    """No package of ours imports against the direction of the house."""
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_contract_breaks_when_it_should(small_house: Path) -> None:
    """Bad imports, planted on purpose, break every contract; without them the same house is kept."""
    assert lint(small_house).returncode == 0
    for path, code in PLANTED.items():
        (small_house / path).write_text(code)
    done = lint(small_house)
    assert done.returncode == 1, done.stdout + done.stderr
    kept = [name for name in CONTRACTS if f"{name} BROKEN" not in done.stdout]
    assert kept == [], done.stdout


@pytest.mark.parametrize("sdk", ["boto3", "botocore", "httpx", "slack_sdk", "aiohttp", "moto", "aws_cdk", "ccxt"])
def test_trading_may_import_no_sdk(sdk: str) -> None:
    """Every SDK that we use, or will, is on the list of what trading may not import."""
    pure = next(c for c in PYPROJECT["tool"]["importlinter"]["contracts"] if c["name"] == "trading is pure")
    assert sdk in pure["forbidden_modules"]


def test_every_package_is_under_contract() -> None:
    """A new top-level package joins the contracts, the types and the wheel in the same change."""
    there = {room for room in PACKAGES if (ROOT / room / "__init__.py").is_file()}
    tool = PYPROJECT["tool"]
    assert there <= set(tool["importlinter"]["root_packages"])
    assert there <= set(tool["mypy"]["files"])
    assert there <= set(tool["hatch"]["build"]["targets"]["wheel"]["packages"])


def test_no_package_is_unknown_to_the_rules() -> None:
    """A top-level package that the rules have never heard of is found here."""
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name.isidentifier()}
    assert packages - {"tests", "benchmarks", "scripts"} <= set(PACKAGES)
