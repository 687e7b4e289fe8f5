"""The image: what goes into it, and what never may. There is no Docker here; a release builds it."""

from __future__ import annotations

import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.conftest import ROOT

DOCKERFILE = (ROOT / "deployments" / "Dockerfile").read_text()
RULES = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]


def let_through(path: str) -> bool:
    """As Docker reads .dockerignore: the last rule that fits the path, or a folder above it, decides."""
    kept = True
    parts = path.split("/")
    above = ["/".join(parts[: number + 1]) for number in range(len(parts))]
    for rule in RULES:
        pattern = rule.removeprefix("!").removeprefix("**/")
        names = [one.rsplit("/", 1)[-1] for one in above] if "**/" in rule else above
        if any(fnmatch(one, pattern) and (pattern != "*" or "/" not in one) for one in names):
            kept = rule.startswith("!")
    return kept


def copied() -> list[str]:
    """The first words of every COPY from the build context."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


def test_the_dockerfile_copies_what_exists_and_is_let_through() -> None:
    """Every source of a COPY is in the checkout and not ignored; every package of ours is copied."""
    for source in copied():
        assert (ROOT / source).exists(), source
        inside = f"{source}/__init__.py" if (ROOT / source).is_dir() else source
        assert let_through(inside), source
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name not in {"tests", "infra"}}
    assert packages <= set(copied()) | {"benchmarks", "scripts"}


@pytest.mark.parametrize(
    "path",
    [".git/config", ".env", "tests/conftest.py", ".venv/bin/python", ".trader/demo/prefect/prefect.db", "shared/market",
     "requirements/dev.txt", "trading/__pycache__/money.cpython-312.pyc", "deployments/key.pyc", "docs/runbook.md"],
)  # fmt: skip
def test_what_no_image_may_hold_is_kept_out(path: str) -> None:
    """History, tests, environments, state and whatever is not named: none of it reaches a build."""
    assert not let_through(path)


def test_the_image_is_pinned_and_runs_as_nobody_special() -> None:
    """One base with a patch release, hashes asked for, no root, a health check, and no secret's name anywhere."""
    assert re.search(r"^ARG PYTHON=3\.12\.\d+-slim-\w+", DOCKERFILE, re.MULTILINE)
    assert {line.split()[1] for line in re.findall(r"^FROM .+$", DOCKERFILE, re.MULTILINE)} == {"python:${PYTHON}"}
    assert "--require-hashes" in DOCKERFILE
    user, health = DOCKERFILE.index("\nUSER 10001"), DOCKERFILE.index("\nHEALTHCHECK")
    assert user < health < DOCKERFILE.index("\nCMD")
    assert not re.search(r"(?i)(_key|secret_|password|webhook)\s*=", DOCKERFILE)


def test_the_pins_of_the_image_agree_with_those_of_a_run() -> None:
    """What both files name, they pin alike: the second install changes nothing of the first."""
    pins = [
        dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE))
        for name in ("runtime.txt", "image.txt")
    ]
    assert {name: pins[0][name] for name in pins[0].keys() & pins[1].keys()} == {
        name: pins[1][name] for name in pins[0].keys() & pins[1].keys()
    }
    assert {"awslambdaric", "hatchling"} <= pins[1].keys()


@pytest.mark.parametrize(("url", "code"), [("", 0), ("http://127.0.0.1:9/api", 1)])
def test_a_container_knows_whether_it_is_well(tmp_path: Path, url: str, code: int) -> None:
    """Without a Prefect to reach it only needs its state directory; one that does not answer is an illness."""
    env = {"TRADER_STATE": str(tmp_path / "state"), "PREFECT_API_URL": url}
    asked = subprocess.run(
        [sys.executable, "-m", "deployments.healthy"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert asked.returncode == code, asked.stderr
    assert len(asked.stderr.splitlines()) == code
