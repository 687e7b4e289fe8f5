"""Fetch DynamoDB Local, AWS's own stand-in for its tables, into .cache/dynamodb-local: a strict judge of the books.

It comes with the npm package amplify-dynamodb-simulator, unchanged, under Amazon's own licence (LICENSE.txt beside it:
for those who use AWS, not to be passed on). It needs Java 11 or newer. Without npm or Java the tests that need it are
skipped: this script then says why and ends well. It does nothing when it is there already.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / ".cache" / "dynamodb-local"
PACKAGE, VERSION = "amplify-dynamodb-simulator", "2.9.30"
SHA256 = "3503ffac19f183407909fecdacf4db51ab1fdad1da7b2f177016670b2d80e4b9"
INSIDE = "package/emulator/"
"""Where the package keeps it."""
LIMIT_S = 300


def main() -> None:
    """Have it here, or say why not."""
    said = f"is in {HERE.relative_to(ROOT)}"
    if not (HERE / "DynamoDBLocal.jar").is_file():
        said = missing() or fetched()
    print(f"DynamoDB Local: {said}")


def missing() -> str | None:
    """What this machine lacks, in words."""
    lacks = [program for program in ("java", "npm") if shutil.which(program) is None]
    return f"no {' and no '.join(lacks)} here, its tests will be skipped" if lacks else None


def fetched() -> str:
    """Fetch and unpack it; how that went, in words."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(
                ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"],  # noqa: S607 - any npm will do, the digest decides
                cwd=folder,
                check=True,
                capture_output=True,
                timeout=LIMIT_S,
            )
        except (subprocess.SubprocessError, OSError) as error:
            return f"npm could not fetch {PACKAGE} ({type(error).__name__}), its tests will be skipped"
        (packed,) = Path(folder).glob("*.tgz")
        if hashlib.sha256(packed.read_bytes()).hexdigest() != SHA256:
            return f"{PACKAGE} {VERSION} is not the file we know, it was thrown away; its tests will be skipped"
        unpack(packed, Path(folder) / "unpacked")
        HERE.parent.mkdir(exist_ok=True)
        (HERE.parent / ".gitignore").write_text("*\n")
        shutil.rmtree(HERE, ignore_errors=True)
        shutil.move(Path(folder) / "unpacked" / INSIDE, HERE)
    return f"fetched into {HERE.relative_to(ROOT)}; its licence is LICENSE.txt there"


def unpack(packed: Path, to: Path) -> None:
    """The files of it, without the package around them."""
    with tarfile.open(packed) as archive:
        archive.extractall(to, [part for part in archive if part.name.startswith(INSIDE)], filter="data")


if __name__ == "__main__":
    main()
