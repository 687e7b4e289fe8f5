"""Fetch MiniStack, an AWS on this machine whose queues and schedules run Lambda functions, into .cache/ministack.

It has a Python environment of its own, since it pins another botocore than ours; what requirements/ministack.txt pins
goes in, by hash. Where it cannot be had, the tests that need it are skipped: this script then says why and ends well.
It does nothing when it is there already. ``--lock`` pins the newest release again.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from bootstrap import find_uv

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / ".cache" / "ministack"
PINS = ROOT / "requirements" / "ministack.txt"
STAMP = HERE / ".stamp"
LIMIT_S = 300


def main(options: list[str]) -> None:
    """Have it here, or say why not."""
    uv = find_uv()
    if uv is None:
        said = "uv is missing (`make setup` fetches it), its tests will be skipped"
    elif options == ["--lock"]:
        said = locked(uv)
    elif STAMP.is_file() and STAMP.read_text() == stamp():
        said = f"is in {HERE.relative_to(ROOT)}"
    else:
        said = fetched(uv)
    print(f"MiniStack: {said}")


def stamp() -> str:
    """What the environment was made for: the place and the pins."""
    return f"{HERE}\n{hashlib.sha256(PINS.read_bytes()).hexdigest()}\n"


def locked(uv: str) -> str:
    """Pin and hash the newest release and all that it needs; in words."""
    options = ["--quiet", "--generate-hashes", "--no-emit-index-url", "--no-header", "--upgrade"]
    command = [uv, "pip", "compile", "-", *options, "--python", sys.executable, "-o", str(PINS.relative_to(ROOT))]
    subprocess.run(command, cwd=ROOT, input="ministack", text=True, check=True, capture_output=True, timeout=LIMIT_S)
    return f"{PINS.relative_to(ROOT)} pins {PINS.read_text().count('==')} packages"


def fetched(uv: str) -> str:
    """Make the environment; how that went, in words."""
    HERE.parent.mkdir(exist_ok=True)
    (HERE.parent / ".gitignore").write_text("*\n")
    steps = (
        ["venv", "--quiet", "--clear", "--python", sys.executable, str(HERE)],
        ["pip", "sync", "--quiet", "--python", str(HERE), "--require-hashes", "--compile-bytecode", str(PINS)],
    )
    try:
        for step in steps:
            subprocess.run([uv, *step], check=True, capture_output=True, timeout=LIMIT_S)
    except (subprocess.SubprocessError, OSError) as error:
        return f"could not be fetched ({type(error).__name__}), its tests will be skipped"
    STAMP.write_text(stamp())
    return f"fetched into {HERE.relative_to(ROOT)}"


if __name__ == "__main__":
    main(sys.argv[1:])
