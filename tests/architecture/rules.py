"""The house rules, one small function each: a parsed file in, complaints out.

Each rule has samples in samples.py that it must catch and samples that it must let pass.
"""

import ast
from collections.abc import Iterator

from tests.architecture.sources import PACKAGES, Source

Function = ast.FunctionDef | ast.AsyncFunctionDef
Complaints = Iterator[str]

LINES_PER_FILE, LINES_PER_FUNCTION, LINES_PER_FLOW_BODY = 300, 40, 25
IMPURE = (  # the world's time and chance, by their full names
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "pandas.Timestamp.now", "pandas.Timestamp.utcnow", "pandas.Timestamp.today",
    "time", "random", "secrets", "numpy.random", "uuid.uuid1", "uuid.uuid4", "os.urandom",
)  # fmt: skip
DESKS = {"live", "paper", "embedded"}
DESK_FLAGS = DESKS | {"is_live", "is_paper", "is_embedded", "dry_run"}


def a_file_has_one_reason(source: Source) -> Complaints:
    """No file over 300 lines."""
    lines = len(source.text.splitlines())
    if lines > LINES_PER_FILE:
        yield f"{source.path}: {lines} lines"


def a_function_fits_a_screen(source: Source) -> Complaints:
    """No function over 40 lines, its docstring included."""
    for node in functions(source.tree):
        lines = _last_line(node) - node.lineno + 1
        if lines > LINES_PER_FUNCTION:
            yield f"{_at(source, node)} {node.name} has {lines} lines"


def a_flow_is_a_table_of_contents(source: Source) -> Complaints:
    """No flow body over 25 lines, its docstring not counted."""
    for node in flows(source):
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        lines = _last_line(node) - body[0].lineno + 1 if body else 0
        if lines > LINES_PER_FLOW_BODY:
            yield f"{_at(source, node)} the body of {node.name} has {lines} lines"


def trading_reads_no_clock_and_rolls_no_dice(source: Source) -> Complaints:
    """The same inputs give the same decision: time and chance come in as arguments."""
    for node in ast.walk(source.tree):
        for name in _names(source, node):
            if any(name == impure or name.startswith(f"{impure}.") for impure in IMPURE):
                yield f"{_at(source, node)} uses {name}"


def money_is_never_a_float(source: Source) -> Complaints:
    """No float annotation, no float() call and no float literal where amounts, orders and positions are made."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and source.dotted(node.func) == "float":
            yield f"{_at(source, node)} float()"
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"{_at(source, node)} the float {node.value}"
        for annotation in _annotations(node):
            if any(isinstance(part, ast.Name) and part.id == "float" for part in ast.walk(annotation)):
                yield f"{_at(source, annotation)} is annotated as float"


def a_desk_is_not_a_flag(source: Source) -> Complaints:
    """Only blocks/desk.py chooses by the desk's name; everyone else is handed the right adapter."""
    for node in ast.walk(source.tree):
        parts: list[ast.AST] = []
        if isinstance(node, ast.Compare):
            parts = [part for side in (node.left, *node.comparators) for part in ast.walk(side)]
        elif isinstance(node, ast.MatchValue):
            parts = [node.value]
        if any(isinstance(part, ast.Constant) and part.value in DESKS for part in parts):
            yield f"{_at(source, node)} asks for the desk by name"
        if isinstance(node, ast.If | ast.IfExp | ast.While) and _is_desk_flag(source, node.test):
            yield f"{_at(source, node)} asks for the kind of desk"


def a_flow_can_be_found(source: Source, index: Source | None) -> Complaints:
    """Every flow is named in flows/__init__.py, by import or as text, so that the command line can list them all."""
    known = set(index.aliases) | _words(index.tree) if index else set()
    for node in flows(source):
        if not node.name.startswith("_") and node.name not in known:
            yield f"{_at(source, node)} {node.name} is not named in flows/__init__.py"


def infra_knows_the_tables_only(source: Source) -> Complaints:
    """The CDK app declares what trading/tables.py says, and needs nothing else of ours."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in _names(source, node):
                ours = name.split(".")[0] in set(PACKAGES) - {"infra"}
                if ours and not f"{name}.".startswith("trading.tables."):
                    yield f"{_at(source, node)} imports {name}"


def what_is_public_is_described(source: Source) -> Complaints:
    """Every public function, class and method has a docstring."""
    for node in _public(source.tree):
        if ast.get_docstring(node) is None:
            yield f"{_at(source, node)} {node.name} has no docstring"


def nothing_is_swallowed(source: Source) -> Complaints:
    """No bare except, and no catching of everything only to go on."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield f"{_at(source, node)} a bare except"
        elif isinstance(node, ast.ExceptHandler) and _everything(source, node.type) and all(map(_idle, node.body)):
            yield f"{_at(source, node)} swallows every error"
        elif isinstance(node, ast.Call) and source.dotted(node.func) == "contextlib.suppress":
            yield from (f"{_at(source, node)} suppresses every error" for a in node.args if _everything(source, a))


def a_test_states_its_fact(source: Source) -> Complaints:
    """Every test has a docstring: the fact that it proves."""
    for node in functions(source.tree):
        if node.name.startswith("test_") and not (ast.get_docstring(node) or "").strip():
            yield f"{_at(source, node)} {node.name} has no docstring"


# ---------------------------------------------------------------------------------------------------- looking around


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def flows(source: Source) -> Iterator[Function]:
    """Every function that Prefect's @flow makes a flow, with or without arguments."""
    for node in functions(source.tree):
        decorators = (d.func if isinstance(d, ast.Call) else d for d in node.decorator_list)
        if any(source.dotted(d).split(".")[-1] == "flow" for d in decorators):
            yield node


def _public(tree: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    for node in tree.body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        names = {ast.unparse(d).split(".")[-1] for d in node.decorator_list}
        if names & {"overload", "override", "setter"}:  # described where they are first defined
            continue
        yield node
        if isinstance(node, ast.ClassDef):
            yield from _public(node)


def _names(source: Source, node: ast.AST) -> list[str]:
    """The full names that a node uses or imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names if not node.level]
    if isinstance(node, ast.Attribute):
        root = node
        while isinstance(root.value, ast.Attribute):
            root = root.value
        imported = isinstance(root.value, ast.Name) and root.value.id in source.aliases
        return [source.dotted(node)] if imported else []  # a variable that happens to be called `time` is none
    return []


def _annotations(node: ast.AST) -> Iterator[ast.AST]:
    """The annotations that stand on a node itself, quoted ones parsed."""
    found = [getattr(node, "returns", None), getattr(node, "annotation", None)]
    for annotation in filter(None, found):
        quoted = isinstance(annotation, ast.Constant) and isinstance(annotation.value, str)
        if quoted:
            parsed = ast.parse(annotation.value, mode="eval")
            yield ast.copy_location(parsed.body, annotation)
        else:
            yield annotation


def _words(tree: ast.AST) -> set[str]:
    """The last word of every text in a file: "flows.analyze:analyze" -> analyze."""
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return {text.replace(":", ".").split(".")[-1] for text in texts}


def _is_desk_flag(source: Source, test: ast.AST) -> bool:
    if isinstance(test, ast.UnaryOp):
        return _is_desk_flag(source, test.operand)
    if isinstance(test, ast.BoolOp):
        return any(_is_desk_flag(source, value) for value in test.values)
    return source.dotted(test.func if isinstance(test, ast.Call) else test).split(".")[-1] in DESK_FLAGS


def _everything(source: Source, kind: ast.AST | None) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(k is not None and source.dotted(k) in {"Exception", "BaseException"} for k in kinds)


def _idle(statement: ast.stmt) -> bool:
    says_nothing = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return says_nothing or isinstance(statement, ast.Pass | ast.Continue)


def _last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _at(source: Source, node: ast.AST) -> str:
    return f"{source.path}:{getattr(node, 'lineno', 0)}:"
