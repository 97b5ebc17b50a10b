"""The tree of errors."""

import re

import pytest

from core import errors
from core.errors import (
    BusinessRuleViolation,
    Conflict,
    Duplicate,
    FieldError,
    NotFound,
    StillReferenced,
    StockroomError,
    Unavailable,
    UnknownReference,
    ValidationFailed,
)

TREE = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, StockroomError)]


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_every_kind_has_a_code_for_programs_and_a_title_for_people(kind: type[StockroomError]) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.code)
    assert kind.title[0].isupper()


def test_no_two_kinds_share_a_code() -> None:
    assert len({kind.code for kind in TREE}) == len(TREE)


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_every_kind_says_what_it_is(kind: type[StockroomError]) -> None:
    assert (kind.__doc__ or "").strip()


def test_a_duplicate_names_every_field_in_the_order_given() -> None:
    error = Duplicate(["username", "email"])
    assert isinstance(error, Conflict)
    assert error.detail == "Already taken: username, email."
    assert [(e.field, e.code) for e in error.errors] == [("username", "duplicate"), ("email", "duplicate")]


def test_an_unknown_reference_names_every_field() -> None:
    error = UnknownReference.of(["from_account_id", "to_account_id"])
    assert isinstance(error, BusinessRuleViolation)
    assert [e.field for e in error.errors] == ["from_account_id", "to_account_id"]
    assert {e.code for e in error.errors} == {"unknown-reference"}


def test_what_is_still_referenced_names_by_whom() -> None:
    error = StillReferenced("user", "accounts")
    assert error.detail == "The user cannot be deleted while accounts refer to it."
    assert [e.field for e in error.errors] == ["accounts"]


def test_an_invalid_value_names_its_field() -> None:
    assert ValidationFailed("sort", "is unknown").errors == (FieldError("sort", "is unknown", "invalid"),)


def test_what_is_not_found_is_named_but_never_at_length() -> None:
    assert NotFound("product", 7).detail == "There is no such product: 7."
    assert len(NotFound("product", "x" * 10_000).detail) < 150


def test_unavailable_asks_for_patience() -> None:
    assert all(kind.retry_after >= 1 for kind in TREE if issubclass(kind, Unavailable))


def test_what_is_raised_can_be_read_in_a_log() -> None:
    assert str(Duplicate(["sku"])) == "Already taken: sku."
