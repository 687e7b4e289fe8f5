"""What breaks between us and the tables in memory, and how it is met."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from adapters.dynamodb.client import Dynamo, Write
from tests.simulation.asked import NAME, absent, put, stored
from tests.simulation.refusals import contended, no_connection, no_reply, throttled
from tests.simulation.tables import MemoryDynamo
from trading.errors import Conflict, Transient, Unknown


@pytest.fixture
def tables():
    return MemoryDynamo()


@pytest.mark.parametrize(
    ("at", "error", "means", "written"),
    [
        ("before put_item", throttled(), Transient, False),
        ("before put_item", no_connection(), Transient, False),
        ("before put_item", no_reply(), Unknown, False),
        ("after put_item", no_reply(), Unknown, True),
    ],
)
def test_the_hook_breaks_a_write_before_or_after_it_happens(tables, at, error, means, written):
    """Raised before, nothing was written; raised after, only the reply is lost; our adapter says what it means."""

    def fail(seen, request):
        assert request["TableName"] == NAME
        if seen == at:
            raise error

    tables.on_call = fail
    with pytest.raises(means):
        Dynamo(tables).write(Write("Put", NAME, {"pk": "a", "sk": "x"}, "a"))
    tables.on_call = lambda *_: None
    assert (stored(tables, "a") is not None) is written


def test_a_clear_no_is_told_to_the_hook_too(tables):
    """The reply of a refused write may be lost like any other."""
    tables.put_item(**put("a"))
    seen = []
    tables.on_call = lambda at, _: seen.append(at)
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        tables.put_item(**absent(put("a")))
    assert seen == ["before put_item", "after put_item"]


def falls(*errors):
    """A hook that raises these, one a call, after what was to happen did; and the calls it has seen."""
    left, seen = list(errors), []

    def fail(at, _):
        seen.append(at)
        if at.startswith("after") and left:
            raise left.pop(0)

    return fail, seen


NEW = Write("Put", NAME, {"pk": "a", "sk": "x"}, "a", "attribute_not_exists(#pk)")


def test_with_attempts_a_lost_reply_is_sent_again_as_botocore_does(tables):
    """The second attempt meets the first, and our adapter knows its own: as on the wire."""
    tables.attempts = 3
    tables.on_call, seen = falls(no_reply())
    Dynamo(tables).write(NEW)
    assert seen == ["before put_item", "after put_item"] * 2
    tables.on_call = lambda *_: None
    with pytest.raises(Conflict):
        Dynamo(tables).write(NEW)


def test_attempts_end(tables):
    """When every reply is lost, the last loss is what the caller meets."""
    tables.attempts = 3
    tables.on_call, seen = falls(*[no_reply()] * 3)
    with pytest.raises(Unknown):
        Dynamo(tables).write(NEW)
    assert len(seen) == 6


def test_a_no_after_a_lost_reply_is_unknown(tables):
    """The first attempt was lost, somebody else took its place, the second attempt is refused: nobody can tell."""
    tables.attempts = 2

    def overtaken(at, _):
        if at == "after put_item":
            tables.on_call = lambda *_: None
            tables.put_item(**put("a", write_id={"S": "somebody else's"}))
            raise no_reply()

    tables.on_call = overtaken
    with pytest.raises(Unknown, match="may have been written"):
        Dynamo(tables).write(NEW)


def test_a_contended_transaction_is_transient(tables):
    """It met another one: nothing happened, try again."""

    def meet(_, request):
        raise contended(len(request["TransactItems"]))

    tables.on_call = meet
    with pytest.raises(Transient, match="met another one"):
        Dynamo(tables).write(NEW, Write("Delete", NAME, {"pk": "b", "sk": "x"}, "b"))
    tables.on_call = lambda *_: None
    assert stored(tables, "a") is None
