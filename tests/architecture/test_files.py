"""What is committed runs anywhere: no workplace in it, every dependency pinned by hash."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, tracked_files

# Put together here, so that this file does not mention them either.
UNMENTIONABLE = [
    "/wo" + "rk/", "py" + "pi.org", "files.python" + "hosted.org", "registry.npm" + "js.org", "deb." + "debian.org",
]  # fmt: skip
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))


def mentions(text: str) -> list[str]:
    """Which workplace paths and registry hosts a text mentions."""
    return [word for word in UNMENTIONABLE if word in text]


def loose(requirements: str) -> list[str]:
    """The requirements of a file that are not pinned to one version by hash, and options that change their source."""
    joined = requirements.replace("\\\n", " ")
    lines = (line.split(" #")[0].strip() for line in joined.splitlines())
    pinned = re.compile(r"[\w.\[\],-]+==[\w.!+]+( ; [^-]+)?( +--hash=sha256:[0-9a-f]{64})+")
    return [line for line in lines if line and not line.startswith("#") and not pinned.fullmatch(line)]


def test_no_tracked_file_mentions_a_workplace_or_a_registry() -> None:
    """A clone works anywhere: nothing in it points at one machine's folders or at a package registry's host."""
    texts = ((path, path.read_text(encoding="utf-8", errors="ignore")) for path in tracked_files())
    assert {str(path.relative_to(ROOT)): found for path, text in texts if (found := mentions(text))} == {}


@pytest.mark.parametrize("word", UNMENTIONABLE)
def test_a_mention_is_caught(word: str) -> None:
    """A workplace path or a registry's host is found inside a line of text."""
    assert mentions(f"see https://{word}x for more") == [word]


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_is_pinned_by_hash(path: Path) -> None:
    """What is installed is what was locked: one version, known hashes, no other source."""
    text = path.read_text()
    assert "==" in text
    assert loose(text) == []


@pytest.mark.parametrize(
    "line",
    ["httpx", "httpx==1.0", "httpx>=1.0 --hash=sha256:" + "0" * 64, "--index-url https://example.org", "-e ."],
)
def test_a_loose_requirement_is_caught(line: str) -> None:
    """A pin without a hash, a range and an option are all complaints; a hashed pin beside them is none."""
    hashed = "rich==15.0.0 \\\n    --hash=sha256:" + "0" * 64 + "\n    # via prefect\n"
    assert loose(hashed + line + "\n") == [line]


def test_the_bootstrap_starts_on_an_old_python() -> None:
    """scripts/bootstrap.py runs before anything is installed: Python 3.8 and the standard library are enough."""
    tree = ast.parse((ROOT / "scripts" / "bootstrap.py").read_text(), feature_version=(3, 8))
    imported = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {"__future__", "hashlib", "os", "pathlib", "pwd", "re", "subprocess", "sys", "time", "typing"}


def test_make_help_lists_every_target() -> None:
    """Every target of the Makefile says what it does."""
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    helped = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert targets
    assert [line.split()[1] for line in helped.splitlines() if line.startswith("make ")] == targets[1].split()
