"""The expressions that the tables in memory understand."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.simulation.asked import number
from tests.simulation.expressions import condition, key_condition, update

NAMES = {"#a": "a", "#b": "b"}
VALUES = {":one": number(1), ":two": number(2), ":x": {"S": "x"}, ":yes": {"BOOL": True}}


@pytest.mark.parametrize(
    ("text", "item", "holds"),
    [
        ("#a = :one", {"a": number("1.00")}, True),
        ("#a = :one", {"a": {"S": "1"}}, False),
        ("#a = :one", {}, False),
        ("#a < :two", {"a": number("1E+0")}, True),
        ("#a < :two", {"a": number(10)}, False),
        ("#a < :two", {"a": number(2)}, False),
        ("#a <= :two", {"a": number(2)}, True),
        ("#a <= :two", {}, False),
        ("#a < :x", {"a": {"S": "w"}}, True),
        ("#a < :x", {"a": number(1)}, False),
        ("#a IN (:one, :x)", {"a": {"S": "x"}}, True),
        ("#a IN (:one, :x)", {"a": {"S": "y"}}, False),
        ("attribute_not_exists(#a)", {"b": number(1)}, True),
        ("attribute_not_exists(#a)", {"a": {"NULL": True}}, False),
        ("#a = :one OR #a = :two AND #b = :x", {"a": number(1)}, True),
        ("(#a = :one OR #a = :two) AND #b = :x", {"a": number(1)}, False),
        ("attribute_not_exists(#a) OR #a <= :two", {"a": number(3)}, False),
    ],
)
def test_a_condition_holds_as_in_dynamodb(text, item, holds):
    """Numbers by value, kinds apart, AND before OR, and nothing is equal to what is not there."""
    assert condition(text)(item, NAMES, VALUES) is holds


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (condition, "attribute_exists(#a)"),
        (condition, "NOT #a = :one"),
        (condition, "#a <> :one"),
        (condition, "#a > :one"),
        (condition, "a = :one"),
        (condition, "#a.#b = :one"),
        (condition, "#a = #b"),
        (condition, "size(#a) = :one"),
        (condition, "#a = :one AND"),
        (condition, "#a BETWEEN :one AND :two"),
        (update, "SET #a = #a + :one"),
        (update, "REMOVE #a"),
        (update, "ADD #a :one SET #b = :two"),
        (key_condition, "#a < :one"),
        (key_condition, "#a = :one AND #b <> :two"),
        (key_condition, "#a = :one OR #b = :two"),
    ],
)
def test_an_expression_that_we_do_not_write_is_not_guessed_at(read, text):
    """Whoever writes a new kind of expression learns that the simulation does not know it yet."""
    with pytest.raises(NotImplementedError, match="none of the expressions"):
        read(text)


def test_an_order_of_truths_is_a_wrong_request():
    """Only texts and numbers have an order."""
    with pytest.raises(ClientError, match="no order"):
        condition("#a < :yes")({"a": {"BOOL": False}}, NAMES, VALUES)


def test_an_update_sets_and_counts_from_what_was_there():
    """SET, SET only what is missing, ADD to what may be missing; sums are exact to 38 digits."""
    text = "SET #a = :x, #b = if_not_exists(#b, :x) ADD #n :one"
    names = {**NAMES, "#n": "n"}
    new = update(text).applied({}, names, VALUES)
    assert new == {"a": {"S": "x"}, "b": {"S": "x"}, "n": {"N": "1"}}
    old = {"b": {"S": "old"}, "n": number("12345678901234567890123456789.000000001")}
    assert update(text).applied(old, names, VALUES)["n"] == number("12345678901234567890123456790.000000001")
    assert update(text).applied(old, names, VALUES)["b"] == {"S": "old"}
    gone = update("ADD #n :back").applied({"n": number("0.00157894")}, names, {":back": number("-0.00157894")})
    assert gone == {"n": number("0.00000000")}
