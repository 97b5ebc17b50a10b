"""The hierarchy of errors."""

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

ERRORS = [error for error in vars(errors).values() if isinstance(error, type) and issubclass(error, StockroomError)]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_has_a_code_and_a_title(error: type[StockroomError]) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.code)
    assert error.title[0].isupper()


def test_codes_are_unique() -> None:
    assert len({error.code for error in ERRORS}) == len(ERRORS)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_has_a_docstring(error: type[StockroomError]) -> None:
    assert (error.__doc__ or "").strip()


def test_duplicate_names_its_fields_in_order() -> None:
    error = Duplicate(["username", "email"])
    assert isinstance(error, Conflict)
    assert error.detail == "Already taken: username, email."
    assert [(e.field, e.code) for e in error.errors] == [("username", "duplicate"), ("email", "duplicate")]


def test_unknown_reference_names_every_field() -> None:
    error = UnknownReference.of(["from_account_id", "to_account_id"])
    assert isinstance(error, BusinessRuleViolation)
    assert [e.field for e in error.errors] == ["from_account_id", "to_account_id"]
    assert {e.code for e in error.errors} == {"unknown-reference"}


def test_still_referenced_names_the_referrer() -> None:
    error = StillReferenced("user", "accounts")
    assert error.detail == "The user cannot be deleted while accounts refer to it."
    assert [e.field for e in error.errors] == ["accounts"]


def test_validation_error_names_its_field() -> None:
    assert ValidationFailed("sort", "is unknown").errors == (FieldError("sort", "is unknown", "invalid"),)


def test_not_found_shortens_a_long_key() -> None:
    assert NotFound("product", 7).detail == "There is no such product: 7."
    assert len(NotFound("product", "x" * 10_000).detail) < 150


def test_unavailable_has_retry_after() -> None:
    assert all(error.retry_after >= 1 for error in ERRORS if issubclass(error, Unavailable))


def test_error_as_text_is_its_detail() -> None:
    assert str(Duplicate(["sku"])) == "Already taken: sku."
