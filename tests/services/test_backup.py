"""Backup and restore: a snapshot is one, what is restored is identical, and nothing is sent from a restored book."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.dynamodb import open_tables
from adapters.dynamodb.dump import DynamoItems, one_text
from adapters.provision import provision
from tests.services.kept import NOW, Killed, MemoryArchive, MemoryItems, Wire
from trading.errors import Conflict, Halt, Rejected
from trading.limits import KillSwitch, Mode, allows_entry, allows_exit
from trading.services import backup as backups
from trading.services.backup import BACKED_UP, READINGS, content_of, found, kept, reading, take
from trading.services.lines import lines_of
from trading.services.restore import SWITCH, restore
from trading.tables import ANALYSIS_STATE, LINEAGE, ORDER_STATE, REVISIONS, Names


def order(number: int, version: int = 1):
    return {"pk": {"S": f"TRADE#{number}"}, "sk": {"S": "METADATA"}, "version": {"N": str(version)}}


def switch(reason: str, mode: str, sk: str = SWITCH):
    return {"pk": {"S": "GLOBALCONFIG"}, "sk": {"S": sk}, "mode": {"S": mode}, "reason": {"S": reason}}


def books(wire: Wire | None = None, *, filled: bool = True) -> MemoryItems:
    items = MemoryItems(wire)
    if filled:
        items.put(ORDER_STATE, *map(order, range(5)), switch("", "OFF"), switch("lunch", "NOTHING", f"{SWITCH}#1"))
        items.put(ANALYSIS_STATE, {"pair": {"S": "eth_usdt"}, "cool_downs": {"M": {}}})
        items.put(LINEAGE, *({"day": {"S": "2024-03-14"}, "number": {"N": str(n)}} for n in range(3)))
        items.put(REVISIONS, {"pair": {"S": "eth_usdt"}, "revision": {"S": "a#b"}, "before": {"L": [{"N": "0.1"}]}})
    return items


class Target:
    """Tables to restore into, and the switch of the books in them."""

    def __init__(self, *, filled: bool = False):
        self.wire = Wire()
        self.items = books(self.wire, filled=filled)

    def stop(self, said: KillSwitch) -> None:
        entry = switch(said.reason, said.mode.value, f"{SWITCH}#2024")
        self.wire.write(lambda: self.items.put(ORDER_STATE, switch(said.reason, said.mode.value), entry))

    def restore(self, key, content):
        return restore(key, content, NOW, "kei", self.items, self.stop)

    @property
    def mode(self) -> str | None:
        item = self.items.tables.get(ORDER_STATE.name, {}).get(("GLOBALCONFIG", SWITCH))
        return None if item is None else item["mode"]["S"]

    def holds_all_but_the_switch(self, content) -> bool:
        ours = {name: set(lines) for name, lines in reading(self.items).items()}
        theirs = {name: set(lines) - set(lines_of([switch("", "OFF")])) for name, lines in content.items()}
        extra = {line for name in ours for line in ours[name] - theirs[name]}
        return all(theirs[name] <= ours[name] for name in theirs) and all("restored from" in line for line in extra)


@pytest.fixture
def backup():
    archive = MemoryArchive()
    made = take(NOW, "0.1.0", books(), archive)
    return archive, made, content_of(made, archive)


def test_what_is_restored_is_identical_and_stopped(backup):
    """Into empty tables: every item is back as it was, but for the kill switch, which lets nothing through."""
    archive, made, content = backup
    assert found("latest", archive) == found(f"{made.key}/manifest.json", archive) == made
    target = Target()
    done = target.restore(made.key, content)
    assert done.identical
    assert target.holds_all_but_the_switch(content)
    assert sum(done.written.values()) == sum(done.rows.values()) - 1
    assert not allows_entry(Mode(target.mode))
    assert not allows_exit(Mode(target.mode))
    assert sum(target.restore(made.key, content).written.values()) == 0


def test_a_backup_of_what_is_there_stops_nothing(backup):
    """Brought back onto the books it was taken from, it changes nothing: a desk that runs keeps its exits."""
    _, made, content = backup
    running = Target(filled=True)
    done = running.restore(made.key, content)
    assert (sum(done.written.values()), done.identical, done.differs_by) == (0, True, ())
    assert running.mode == "OFF"


@pytest.mark.parametrize("done", [False, True])
def test_killed_at_any_write_a_restore_goes_on_and_nothing_is_ever_sent(backup, done):
    """Killed at each of its writes: the switch is set before anything else is there, and the next run completes it."""
    _, made, content = backup
    for kill in range(1, sum(made.rows.values()) + 1):
        target = Target()
        target.wire.killed_at(kill, done=done)
        with pytest.raises(Killed):
            target.restore(made.key, content)
        assert target.mode == "NOTHING" or not any(reading(target.items).values())
        target.wire.alive()
        assert target.restore(made.key, content).identical
        assert target.holds_all_but_the_switch(content)


@pytest.mark.parametrize("there", [order(3, version=2), order(77), switch("mine", "OFF")])
def test_tables_that_hold_anything_else_are_refused_untouched(backup, there):
    """One item that is not of this backup: Halt before the first write, and the tables are as they were."""
    _, made, content = backup
    target = Target()
    target.items.put(ORDER_STATE, there)
    before = reading(target.items)
    with pytest.raises(Halt, match="nothing was written"):
        target.restore(made.key, content)
    assert (reading(target.items), target.wire.writes) == (before, 0)


@settings(max_examples=60)
@given(
    steps=st.lists(st.sampled_from([None, None, None, *range(6)]), max_size=80),
    start=st.integers(0, 40),
)
def test_a_backup_that_says_snapshot_is_a_state_that_the_books_were_in(steps, start):
    """However writers and the two readings interleave, what is called a snapshot existed, all tables at one moment."""
    items, states, todo = books(), [], [None] * start + list(steps)

    def meanwhile() -> None:
        number = todo.pop(0) if todo else None
        if number is not None:
            key = (f"TRADE#{number}", "METADATA")
            version = int(items.tables[ORDER_STATE.name].get(key, order(number, 0))["version"]["N"])
            items.put(ORDER_STATE, order(number, version + 1))
            items.put(ANALYSIS_STATE, {"pair": {"S": "eth_usdt"}, "by": {"N": str(len(todo))}})
            states.append(reading_of(items))

    def reading_of(whole: MemoryItems) -> dict[str, list[str]]:
        return {table.name: lines_of(whole.tables.get(table.name, {}).values()) for table in BACKED_UP}

    states.append(reading_of(items))
    items.meanwhile = meanwhile
    archive = MemoryArchive()
    made = take(NOW, "0.1.0", items, archive)
    if not made.moved:
        assert content_of(made, archive) in states
    assert 2 <= made.readings <= READINGS


def test_the_lines_of_one_table_are_in_memory_at_a_time(monkeypatch):
    """However often the books are read, no two tables lie in memory unpacked, nor one table twice."""
    alive, most = [0], [0]

    class Lines(list):
        def __init__(self, of):
            super().__init__(of)
            alive[0] += 1
            most[0] = max(most[0], alive[0])

        def __del__(self):
            alive[0] -= 1

    for name in ("lines_of", "unzipped"):
        real = getattr(backups, name)
        monkeypatch.setattr(backups, name, lambda *asked, real=real: Lines(real(*asked)))
    take(NOW, "0.1.0", books(), MemoryArchive())
    assert (most, alive) == ([1], [0])


def test_where_trading_never_pauses_the_backup_says_that_it_is_no_snapshot():
    """A table that moves in every reading is named; the backup is kept all the same."""
    items, numbers, archive = books(), iter(range(1, 10_000)), MemoryArchive()
    items.meanwhile = lambda: items.put(ORDER_STATE, order(0, next(numbers)))
    made = take(NOW, "0.1.0", items, archive)
    assert (made.moved, made.readings) == (("order-state",), READINGS)
    assert kept(archive) == [made.key]


@pytest.mark.parametrize("harm", [lambda data: data[:30] + b"x" + data[31:], lambda data: data[:-1], lambda _: b""])
def test_a_changed_byte_in_a_backup_is_found(backup, harm):
    """Neither a backup that reads back otherwise is marked, nor one that changed later restored."""
    archive, made, _ = backup
    archive.spoil = lambda key, data: harm(data) if "order-state" in key else data
    with pytest.raises(Halt, match=r"order-state\.jsonl\.gz"):
        content_of(made, archive)
    with pytest.raises(Halt, match=r"order-state\.jsonl\.gz"):
        take(NOW + timedelta(days=1), "0.1.0", books(), archive)
    assert kept(archive) == [made.key]


def test_a_backup_that_is_not_there_is_refused_with_the_newest_one_that_is(backup):
    """A wrong key names the newest backup; without any, the command that makes one."""
    archive, made, _ = backup
    with pytest.raises(Rejected, match=made.key):
        found("backup/1999-01-01T000000Z", archive)
    with pytest.raises(Rejected, match="trader backup"):
        found("latest", MemoryArchive())


def test_on_real_tables_books_come_back_identical_into_an_empty_account(aws, monkeypatch):
    """Through the ledger's own switch and DynamoDB's own conditions: identical, stopped, and another item stands."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    old, new = (aws.complete(Names(f"books-{name}")) for name in ("old", "new"))
    for names in (old, new):
        provision(names, aws, tables=BACKED_UP, queues=(), buckets=())
    source, target = (DynamoItems(names, aws.dynamodb, page=2) for names in (old, new))
    filled = books()
    for table in BACKED_UP:
        assert all(source.put_back(table, item) for item in filled.all(table))
    ledger, archive = open_tables(new, aws).ledger, MemoryArchive()
    made = take(NOW, "0.1.0", source, archive)
    done = restore(made.key, content_of(made, archive), NOW, "kei", target, ledger.set_kill_switch)
    assert (done.identical, ledger.kill_switch().mode) == (True, Mode.NOTHING)
    with pytest.raises(Conflict, match="TRADE#3 METADATA"):
        target.put_back(ORDER_STATE, order(3, version=9))
    assert not target.put_back(ORDER_STATE, order(3))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=20, min_value=-(10**15), max_value=10**15))
def test_a_number_has_one_text(number):
    """However a number is written, its text is one, without exponent, and says exactly the same number."""
    texts = {one_text(str(number)), one_text(f"{number:E}"), one_text(f"{number:f}00")}
    assert len(texts) == 1
    (text,) = texts
    assert type(number)(text) == number
    assert "E" not in text
