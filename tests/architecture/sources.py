"""Our own source files, parsed once; what the house rules look at."""

import ast
import subprocess
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("trading", "adapters", "blocks", "tasks", "flows", "deployments", "simulator", "infra")
OURS = (*PACKAGES, "scripts", "benchmarks")


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the project's root, and its text."""

    path: PurePosixPath
    text: str

    @property
    def room(self) -> str:
        """The top-level folder: trading, adapters, ..."""
        return self.path.parts[0]

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text, filename=str(self.path))

    @cached_property
    def aliases(self) -> dict[str, str]:
        """What each imported name stands for: `np` -> numpy, `now` -> time.time."""
        names: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names |= {
                    a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0] for a in node.names
                }
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        return names

    def dotted(self, node: ast.AST) -> str:
        """`np.random.default_rng` -> "numpy.random.default_rng"; "" for what is no plain name."""
        if isinstance(node, ast.Attribute):
            left = self.dotted(node.value)
            return f"{left}.{node.attr}" if left else ""
        return self.aliases.get(node.id, node.id) if isinstance(node, ast.Name) else ""


@cache
def sources(*rooms: str) -> tuple[Source, ...]:
    """Every Python file below these top-level folders; a folder that is not there yet has none."""
    paths = (path for room in rooms for path in sorted((ROOT / room).rglob("*.py")))
    return tuple(Source(PurePosixPath(p.relative_to(ROOT).as_posix()), p.read_text(encoding="utf-8")) for p in paths)


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file that git knows and that is there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())
