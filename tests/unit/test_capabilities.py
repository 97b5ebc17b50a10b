"""What a storage declares against what was found on it, and the table of what there is to declare."""

from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any, get_args

import pytest

from cli.backends import explain_capabilities
from conformance.manifest import capability_tests, list_tests
from core.errors import ConfigurationError
from core.storage import CAPABILITY_INFO, Capabilities
from core.storage.capabilities import CapabilityKind

MANDATORY = [name for name, axis in CAPABILITY_INFO.items() if axis.mandatory]
OPTIONAL = [name for name, axis in CAPABILITY_INFO.items() if not axis.mandatory]
VALUES = [name for name in OPTIONAL if CAPABILITY_INFO[name].kind is CapabilityKind.VALUE]
SWITCHES = [name for name in OPTIONAL if name not in VALUES]

EVERY: dict[str, Any] = {**dict.fromkeys(SWITCHES, True), **dict.fromkeys(VALUES, 1)}
ALL = Capabilities(**EVERY)


def test_a_storage_that_can_do_what_it_declares_is_taken() -> None:
    ALL.require(ALL, "acme")


@pytest.mark.parametrize("name", SWITCHES)
def test_a_storage_may_be_able_to_do_more_than_it_declares(name: str) -> None:
    replace(ALL, **{name: False}).require(ALL, "acme")


@pytest.mark.parametrize("name", SWITCHES)
def test_a_declared_capability_that_is_missing_is_refused_by_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"acme.*{name}"):
        ALL.require(replace(ALL, **{name: False}), "acme")


@pytest.mark.parametrize("other", [None, 0, 2])
@pytest.mark.parametrize("name", VALUES)
def test_a_value_other_than_the_declared_one_is_refused_by_name(name: str, other: int | None) -> None:
    found: Any = {name: other}
    with pytest.raises(ConfigurationError, match=f"acme.*{name}"):
        ALL.require(replace(ALL, **found), "acme")
    with pytest.raises(ConfigurationError, match=f"acme.*{name}"):
        replace(ALL, **found).require(ALL, "acme")


@pytest.mark.parametrize(("declared", "found"), [(True, False), (False, True), (False, False)])
@pytest.mark.parametrize("name", MANDATORY)
def test_what_the_shop_cannot_do_without_cannot_be_declared_away(name: str, found: bool, declared: bool) -> None:
    with pytest.raises(ConfigurationError, match=f"acme.*{name}.*cannot do without"):
        replace(ALL, **{name: declared}).require(replace(ALL, **{name: found}), "acme")


@pytest.mark.parametrize("declared", [True, False])
def test_a_storage_without_transactions_is_refused_whatever_is_declared(declared: bool) -> None:
    without = replace(ALL, transactions=False)
    with pytest.raises(ConfigurationError, match=r"acme.*transactions"):
        replace(ALL, transactions=declared).require(without, "acme")


def test_whatever_is_not_mandatory_must_be_declared() -> None:
    assert [field.name for field in fields(Capabilities) if field.default is MISSING] == OPTIONAL
    assert all(field.default is True for field in fields(Capabilities) if field.name in MANDATORY)


@pytest.mark.parametrize("name", CAPABILITY_INFO)
def test_the_meaning_of_an_axis_is_a_sentence_or_two(name: str) -> None:
    meaning = CAPABILITY_INFO[name].meaning
    assert meaning.endswith(".")
    assert len(meaning) < 250
    assert "|" not in meaning


def test_the_page_is_not_stale() -> None:
    page = Path(__file__).parent.parent.parent / "docs" / "capabilities.md"
    assert explain_capabilities() in page.read_text(encoding="utf-8"), (
        "docs/capabilities.md: run `stockroom backends --explain`"
    )


@pytest.mark.parametrize("name", CAPABILITY_INFO)
def test_the_kit_tests_an_axis_where_it_is_declared_and_where_it_is_not(name: str) -> None:
    shown = capability_tests(name)
    demands = [demand for test, demand in list_tests() if test in shown]
    assert [demand for demand in demands if name in demand.needs]
    never_missing = CAPABILITY_INFO[name].mandatory or get_args(Capabilities.__annotations__[name])[0] is int
    assert bool([demand for demand in demands if name in demand.lacks]) is not never_missing
