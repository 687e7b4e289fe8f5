"""Pin and hash every dependency: pyproject.toml -> requirements/*.txt, one file per group.

No file names a registry. build, image, infra and distributed are resolved under the pins of dev.txt: they can be added
to a set-up .venv without moving anything in it. sagemaker.txt holds the project too. Options are handed to uv:
`--upgrade` takes the newest of everything. ministack.txt is locked by scripts/ministack.py.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

from bootstrap import find_uv

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"
OPTIONS = ["--quiet", "--python", str(PYTHON), "--generate-hashes", "--no-emit-index-url", "--no-header"]
PROJECT = "pyproject.toml"
GROUP = "-"  # a group's lines come in on stdin: uv reads no groups from a project that it does not manage
FILES = {
    "runtime": [PROJECT],
    "dev": [PROJECT, GROUP, "-c", "requirements/runtime.txt"],
    "build": [GROUP, "-c", "requirements/dev.txt"],
    "image": [GROUP, "-c", "requirements/dev.txt"],
    "infra": [GROUP, "-c", "requirements/dev.txt"],
    "distributed": [GROUP, "-c", "requirements/dev.txt"],
    "sagemaker": [PROJECT, GROUP],  # asks for an older rich and graphql-core: a whole set, for a .venv of its own
}


def main(options: list[str]) -> None:
    """Write every file of FILES; what is pinned already stays unless the options say otherwise."""
    uv = find_uv()
    if uv is None:
        sys.exit("lock: uv is missing; `make setup` fetches it")
    groups = tomllib.loads((ROOT / PROJECT).read_text())["dependency-groups"]
    for name, sources in FILES.items():
        target = ROOT / "requirements" / f"{name}.txt"
        command = [uv, "pip", "compile", *sources, *OPTIONS, *options, "-o", str(target.relative_to(ROOT))]
        if subprocess.run(command, cwd=ROOT, input="\n".join(groups.get(name, [])), text=True, check=False).returncode:
            sys.exit(f"lock: requirements/{name}.txt does not resolve; uv says why above")
        print(f"lock: requirements/{name}.txt pins {target.read_text().count('==')} packages")


if __name__ == "__main__":
    main(sys.argv[1:])
