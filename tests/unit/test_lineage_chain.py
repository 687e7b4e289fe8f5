"""A chain of records: whatever is changed, left out, added or put elsewhere in a day is found and named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from trading.lineage.chain import differences, faults_of, linked, place_of, sha256_of
from trading.lineage.inputs import canonical
from trading.ports.lineage import Head, Link

DAY = date(2024, 1, 3)
bodies = st.lists(st.integers(0, 9), min_size=1, max_size=6).map(lambda found: [canonical({"n": n}) for n in found])


def chained(found):
    """The records of a day, and its head."""
    links: list[Link] = []
    head = None
    for body in found:
        links.append(linked(DAY, head, body))
        head = Head(links[-1].number, links[-1].sha256)
    return links, head


@given(bodies)
def test_a_whole_chain_has_no_fault(found):
    """Records in the order in which they were chained are whole; a day without records is, too."""
    assert faults_of(DAY, *chained(found)) == faults_of(DAY, [], None) == []


@settings(max_examples=200)
@given(bodies, st.data())
def test_a_changed_byte_is_found_and_its_record_named(found, data):
    """Whichever byte of whichever record, hash or predecessor changes, the day is broken there or at the next one."""
    links, head = chained(found)
    at = data.draw(st.integers(0, len(links) - 1))
    name = data.draw(st.sampled_from(["body", "sha256", "previous"]))
    text = getattr(links[at], name)
    place = data.draw(st.integers(0, len(text)))
    changed = text[:place] + data.draw(st.characters(codec="utf-8")) + text[place + 1 :]
    assume(changed != text)
    links[at] = replace(links[at], **{name: changed})
    faults = faults_of(DAY, links, head)
    assert faults
    assert {fault.number for fault in faults} <= {at + 1, at + 2}
    assert str(at + 1) in str(faults[0])


@given(bodies, st.data())
def test_a_record_changed_with_its_hash_is_found_by_what_follows(found, data):
    """Who changes a record and hashes it again has broken the next one, or the head of the day."""
    links, head = chained(found)
    at = data.draw(st.integers(0, len(links) - 1))
    body = canonical({"n": "changed"})
    links[at] = replace(links[at], body=body, sha256=sha256_of(links[at].previous, body))
    (fault,) = faults_of(DAY, links, head)
    assert fault.number == min(at + 2, len(links))


@given(bodies, st.data())
def test_a_record_left_out_or_put_elsewhere_is_found(found, data):
    """A deleted record, two that changed places, and a head that is gone or behind are all faults."""
    links, head = chained([canonical({"n": n, "body": body}) for n, body in enumerate(found)])
    gone = data.draw(st.integers(0, len(links) - 1))
    assert faults_of(DAY, [*links[:gone], *links[gone + 1 :]], head)
    assert faults_of(DAY, links, None)
    assert faults_of(DAY, links, replace(head, count=head.count + 1))
    if len(links) > 1:
        first, second, *rest = links
        swapped = [replace(second, number=1), replace(first, number=2), *rest]
        assert faults_of(DAY, swapped, head)


def test_a_day_written_anew_as_a_whole_is_found_by_its_archive():
    """Whoever changes a record and all hashes after it leaves a whole chain; the archived day tells what it said."""
    old, _ = chained([canonical({"n": 1, "why": {"price": 5}}), canonical({"n": 2})])
    new, head = chained([canonical({"n": 1, "why": {"price": 6}}), canonical({"n": 2})])
    assert faults_of(DAY, new, head) == differences(DAY, old, old) == []
    changed, after = differences(DAY, new, old)
    assert "record 1 of 2024-01-03: table and archive differ: why.price: 6 in the table, 5 archived" in str(changed)
    assert "the same record under another hash" in str(after)
    assert "is only in the archive" in str(differences(DAY, new[:1], old)[-1])
    assert "is not in the archive" in str(differences(DAY, new, old[:1])[-1])


def test_an_id_says_where_its_record_is():
    """The id of a link is its day and number; what is no such id is no place."""
    link = linked(DAY, Head(11, "x"), "{}")
    assert link.record_id == "LN-20240103-0012"
    assert place_of(link.record_id) == (DAY, 12)
    assert {place_of(text) for text in ("", "LN-20240103", "LN-20241303-0001", "XLN-20240103-0001")} == {None}
