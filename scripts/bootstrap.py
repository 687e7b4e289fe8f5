"""Make a .venv in the project's root with all that running, developing and testing need.

Runs on any Python >= 3.8 with nothing installed, because it runs before anything is. It finds uv (or fetches the
pinned one with pip), finds a CPython 3.12 that really starts, and installs exactly what requirements/dev.txt pins,
by hash. When nothing changed since the last time it says so and leaves at once.

UV and UV_PYTHON are honoured: the uv program to use, and the path of the Python 3.12 to make .venv with.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator, NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".tools"
STAMP = VENV / ".setup-stamp"
DEV, UV_PIN = ROOT / "requirements" / "dev.txt", ROOT / "requirements" / "uv.txt"
INPUTS = [ROOT / "pyproject.toml", DEV, UV_PIN, Path(__file__)]
OLDEST_UV = (0, 8)
IS_312 = "import sys; sys.exit(sys.version_info[:2] != (3, 12) or sys.implementation.name != 'cpython')"
PATH_DIRS = [Path(d) for d in os.environ.get("PATH", "").split(os.pathsep) if d and Path(d) != VENV / "bin"]


def main() -> None:
    """Bring .venv in line with pyproject.toml and requirements/dev.txt."""
    started_at, wanted = time.monotonic(), stamp()
    found = STAMP.read_text() if STAMP.is_file() else ""
    usable = runs(str(VENV / "bin" / "python"), "-c", IS_312)
    if usable and found == wanted:
        say("nothing changed, .venv is up to date")
        return
    uv = find_uv() or fetch_uv()
    moved = found.partition("\n")[0] not in ("", str(ROOT))  # a virtual environment cannot be moved or copied
    if moved or not usable:
        make_venv(uv)
    say("installing what requirements/dev.txt pins, by hash (about a minute the first time)")
    call(uv, "pip", "sync", "--quiet", "--python", str(VENV), "--require-hashes", "--compile-bytecode", str(DEV))
    say("installing this project, editable")
    # Nothing may be fetched here: the build backend is one of the pinned packages.
    editable = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--editable", str(ROOT)]
    call(uv, "pip", "install", "--python", str(VENV), *editable)
    STAMP.write_text(wanted)
    say(f"done in {time.monotonic() - started_at:.0f} s")


def stamp() -> str:
    """What .venv was made for: the place, and a digest of everything that it depends on."""
    return f"{ROOT}\n{hashlib.sha256(b''.join(path.read_bytes() for path in INPUTS)).hexdigest()}\n"


def make_venv(uv: str) -> None:
    """An empty .venv with Python 3.12, in place of what may be there."""
    python = find_python(uv)
    say("making .venv with " + python)
    call(uv, "venv", "--quiet", "--clear", "--python", python, str(VENV))
    if not runs(str(VENV / "bin" / "python"), "-c", IS_312):
        fail(f"{python} is no CPython 3.12.", "Set UV_PYTHON to the path of a python3.12, or unset it.")


# ------------------------------------------------------------------------------------------------------------- uv


def find_uv() -> str | None:
    """A uv that runs and is new enough, if there is one."""
    asked_for = os.environ.get("UV")
    if asked_for:
        if uv_version(asked_for) is None:
            fail(f"UV is set to {asked_for}, which does not run.", "Set UV to a uv program, or unset it.")
        return asked_for
    places = [TOOLS / "uv" / "bin", *PATH_DIRS, *(home / ".local" / "bin" for home in homes())]
    for uv in (str(place / "uv") for place in places):
        if (uv_version(uv) or (0, 0)) >= OLDEST_UV:
            return uv
    return None


def uv_version(uv: str) -> tuple[int, int] | None:
    """(major, minor) of a uv program; None when it does not run."""
    found = re.match(r"uv (\d+)\.(\d+)", output(uv, "--version") or "")
    return (int(found[1]), int(found[2])) if found else None


def fetch_uv() -> str:
    """Fetch the pinned uv into .tools/uv with the pip of any Python 3 here; the system is left as it is."""
    say("no uv found: fetching the pinned one into .tools/uv with pip")
    options = ["--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:", "--upgrade"]
    errors = []
    for pip in pips():
        done = run([*pip, "install", *options, "--target", str(TOOLS / "uv"), "--requirement", str(UV_PIN)])
        if done is not None and done.returncode == 0 and uv_version(str(TOOLS / "uv" / "bin" / "uv")):
            return str(TOOLS / "uv" / "bin" / "uv")
        errors.append(f"{' '.join(pip)}: {last_line(done)}")
    for error in errors:
        say("  " + error)
    return fail(
        "uv is missing, and pip could not fetch it.",
        "Install uv, or pip for any Python 3 (on Debian: apt-get install python3-pip), then run this again.",
    )


def pips() -> Iterator[list[str]]:
    """Every way to run pip here, the nearest first; as a last resort a pip of our own in .tools/pip."""
    pythons = [sys.executable, *(str(d / name) for d in PATH_DIRS for name in ("python3", "python"))]
    for python in dict.fromkeys(pythons):
        if runs(python, "-m", "pip", "--version"):
            yield [python, "-m", "pip"]
    if runs(sys.executable, "-m", "venv", str(TOOLS / "pip")):
        yield [str(TOOLS / "pip" / "bin" / "python"), "-m", "pip"]


# --------------------------------------------------------------------------------------------------------- Python


def find_python(uv: str) -> str:
    """A CPython 3.12 that really starts; fetched with uv if this machine has none."""
    asked_for = os.environ.get("UV_PYTHON", "")
    if os.sep in asked_for:  # a request such as "3.12" is what we look for anyway
        return asked_for
    for python in dict.fromkeys(pythons_312()):
        if runs(python, "-c", IS_312):
            return python
    managed = output(uv, "python", "find", "--managed-python", "--no-python-downloads", "3.12")
    if managed and runs(managed, "-c", IS_312):
        return managed
    say("no Python 3.12 on the PATH, under pyenv or from uv: asking uv to fetch one")
    done = run([uv, "python", "install", "3.12"])
    managed = output(uv, "python", "find", "--managed-python", "3.12")
    if managed and runs(managed, "-c", IS_312):
        return managed
    say("  uv: " + last_line(done))
    return fail(
        "Python 3.12 is missing, and uv could not fetch it.",
        "Install it (pyenv install 3.12, apt-get install python3.12, brew install python@3.12, ...),"
        " or set UV_PYTHON to the path of a python3.12; then run this again.",
    )


def pythons_312() -> Iterator[str]:
    """Where a Python 3.12 may be. A pyenv shim on the PATH may not run, but shows where the real one is."""
    names = ("python3.12", "python3", "python")
    yield from (str(d / name) for d in PATH_DIRS for name in names)
    roots = [Path(os.environ["PYENV_ROOT"])] if os.environ.get("PYENV_ROOT") else []
    roots += [d.parent for d in PATH_DIRS if d.name == "shims"] + [home / ".pyenv" for home in homes()]
    for root in roots:
        yield from sorted(map(str, root.glob("versions/3.12*/bin/python3.12")), reverse=True)
    yield from ("/usr/local/bin/python3.12", "/usr/bin/python3.12", "/opt/homebrew/bin/python3.12")


def homes() -> list[Path]:
    """HOME, and the home that the system knows for this user: they differ under sudo and in some CI."""
    return [Path.home(), Path(pwd.getpwuid(os.getuid()).pw_dir)]


# ------------------------------------------------------------------------------------------------------ processes


def environment() -> dict[str, str]:
    """Our environment, less what would send uv or pip somewhere else."""
    kept = {
        k: v
        for k, v in os.environ.items()
        if k not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__")
    }
    kept.update(PIP_USER="0", PIP_REQUIRE_VIRTUALENV="0", PIP_DISABLE_PIP_VERSION_CHECK="1")
    if Path("/etc/ssl/certs/ca-certificates.crt").exists():
        kept.setdefault("UV_SYSTEM_CERTS", "1")  # a company's proxy certificate is known there, not to uv
    return kept


def run(command: list[str]) -> subprocess.CompletedProcess[str] | None:
    """Run a command quietly; None when it cannot even be started."""
    try:
        return subprocess.run(
            command,
            cwd=str(ROOT),
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None


def runs(*command: str) -> bool:
    """Whether a command starts and succeeds."""
    done = run(list(command))
    return done is not None and done.returncode == 0


def output(*command: str) -> str | None:
    """What a command printed; None when it failed."""
    done = run(list(command))
    return done.stdout.strip() if done is not None and done.returncode == 0 else None


def call(*command: str) -> None:
    """Run a command in plain sight; its failure is ours."""
    if subprocess.run(command, cwd=str(ROOT), env=environment(), check=False).returncode:
        fail(
            "`{}` failed; its message stands above.".format(
                " ".join(["uv", *(word for word in command[1:3] if word[0] != "-")])
            ),
            "",
        )


def last_line(done: subprocess.CompletedProcess[str] | None) -> str:
    """The last thing that a failed command said."""
    lines = (done.stderr or done.stdout).strip().splitlines() if done is not None else []
    return lines[-1] if lines else "no message"


def say(line: str) -> None:
    """One line of progress."""
    print("setup: " + line, flush=True)


def fail(what: str, then: str) -> NoReturn:
    """Stop with what is wrong and what to do about it."""
    sys.exit(f"setup: {what} {then}".rstrip())


if __name__ == "__main__":
    main()
