"""The house rules hold, and each of them can fail."""

from collections.abc import Callable
from pathlib import PurePosixPath

import pytest

from tests.architecture import rules
from tests.architecture.samples import CAUGHT, FINE, FLOW
from tests.architecture.sources import OURS, PACKAGES, Source, sources

Rule = Callable[[Source], rules.Complaints]
MONEY = {"trading/money.py", "trading/order.py", "trading/position.py"}
COMPOSITION_ROOT = PurePosixPath("blocks/desk.py")

IN_FORCE: list[tuple[Rule, tuple[Source, ...]]] = [
    (rules.a_file_has_one_reason, sources(*OURS)),
    (rules.a_function_fits_a_screen, sources(*OURS)),
    (rules.a_flow_is_a_table_of_contents, sources("flows")),
    (rules.trading_reads_no_clock_and_rolls_no_dice, sources("trading")),
    (rules.money_is_never_a_float, tuple(s for s in sources("trading") if str(s.path) in MONEY)),
    (
        rules.a_desk_is_not_a_flag,
        tuple(s for s in sources("trading", "adapters", "blocks", "tasks", "flows") if s.path != COMPOSITION_ROOT),
    ),
    (rules.infra_knows_the_tables_only, sources("infra")),
    (rules.what_is_public_is_described, sources(*PACKAGES)),
    (rules.nothing_is_swallowed, sources(*OURS)),
    (rules.a_test_states_its_fact, sources("tests")),
]


def name(value: object) -> str | None:
    return getattr(value, "__name__", None)


@pytest.mark.parametrize(("rule", "where"), IN_FORCE, ids=name)
def test_the_rule_holds(rule: Rule, where: tuple[Source, ...]) -> None:
    """No file of ours breaks the rule; a complaint names the file and the line."""
    complaints = [complaint for source in where for complaint in rule(source)]
    assert not complaints, "\n".join(["", *complaints])


@pytest.mark.parametrize(("rule", "path", "code"), CAUGHT, ids=name)
def test_the_rule_catches(rule: Rule, path: str, code: str) -> None:
    """The rule complains about code that breaks it: a rule that cannot fail protects nothing."""
    assert list(rule(Source(PurePosixPath(path), code)))


@pytest.mark.parametrize(("rule", "path", "code"), FINE, ids=name)
def test_the_rule_lets_pass(rule: Rule, path: str, code: str) -> None:
    """The rule says nothing about code that only looks like a breach."""
    assert list(rule(Source(PurePosixPath(path), code))) == []


def test_every_rule_is_in_force_and_has_a_sample() -> None:
    """No rule is written down and then neither applied nor tried."""
    written = {
        rule
        for rule_name, rule in vars(rules).items()
        if callable(rule) and getattr(rule, "__module__", "") == rules.__name__ and not rule_name.startswith("_")
    } - {rules.functions, rules.flows, rules.a_flow_can_be_found}
    assert written == {rule for rule, _ in IN_FORCE} == {rule for rule, *_ in CAUGHT} == {rule for rule, *_ in FINE}


def test_the_money_files_are_where_the_rule_looks() -> None:
    """Renaming a money file does not silently lift the rule against floats."""
    assert {str(source.path) for source in sources("trading")} >= MONEY


# --------------------------------------------------------------------------------------------- the index of the flows


def index_of_flows() -> Source | None:
    return next((source for source in sources("flows") if source.path.name == "__init__.py"), None)


def test_every_flow_can_be_found() -> None:
    """Every flow is named in flows/__init__.py."""
    complaints = [c for source in sources("flows") for c in rules.a_flow_can_be_found(source, index_of_flows())]
    assert not complaints, "\n".join(["", *complaints])


@pytest.mark.parametrize("index", ["", "from flows.other import other\n", "X = 'flows.analyze:other'\n", None])
def test_a_flow_missing_from_the_index_is_caught(index: str | None) -> None:
    """A flow that flows/__init__.py does not name is a complaint."""
    known = None if index is None else Source(PurePosixPath("flows/__init__.py"), index)
    assert list(rules.a_flow_can_be_found(Source(PurePosixPath("flows/a.py"), FLOW), known))


@pytest.mark.parametrize("index", ["from flows.analyze import analyze\n", "X = {'analyze': 'flows.analyze:analyze'}\n"])
def test_a_flow_may_be_named_by_import_or_as_text(index: str) -> None:
    """An index that loads flows only when they are asked for counts as one."""
    known = Source(PurePosixPath("flows/__init__.py"), index)
    assert list(rules.a_flow_can_be_found(Source(PurePosixPath("flows/a.py"), FLOW), known)) == []
