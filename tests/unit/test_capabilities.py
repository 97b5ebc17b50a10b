"""Declared capabilities compared with those found, and the table of capabilities."""

from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any, get_args

import pytest

from cli.backends import explain_capabilities
from conformance.manifest import contents, shows
from core.errors import ConfigurationError
from core.storage import CAPABILITY_INFO, Capabilities
from core.storage.capabilities import CapabilityKind

MANDATORY = [name for name, info in CAPABILITY_INFO.items() if info.mandatory]
OPTIONAL = [name for name, info in CAPABILITY_INFO.items() if not info.mandatory]
VALUES = [name for name in OPTIONAL if CAPABILITY_INFO[name].kind is CapabilityKind.VALUE]
SWITCHES = [name for name in OPTIONAL if name not in VALUES]

ALL = Capabilities(**dict.fromkeys(SWITCHES, True), **dict.fromkeys(VALUES, 1))


def test_storage_with_declared_capabilities_is_accepted() -> None:
    ALL.require(ALL, "acme")


@pytest.mark.parametrize("name", SWITCHES)
def test_undeclared_capability_is_accepted(name: str) -> None:
    replace(ALL, **{name: False}).require(ALL, "acme")


@pytest.mark.parametrize("name", SWITCHES)
def test_missing_declared_capability_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"acme.*{name}"):
        ALL.require(replace(ALL, **{name: False}), "acme")


@pytest.mark.parametrize("other", [None, 0, 2])
@pytest.mark.parametrize("name", VALUES)
def test_value_other_than_declared_is_refused(name: str, other: int | None) -> None:
    found: Any = {name: other}
    with pytest.raises(ConfigurationError, match=f"acme.*{name}"):
        ALL.require(replace(ALL, **found), "acme")
    with pytest.raises(ConfigurationError, match=f"acme.*{name}"):
        replace(ALL, **found).require(ALL, "acme")


@pytest.mark.parametrize(("declared", "found"), [(True, False), (False, True), (False, False)])
@pytest.mark.parametrize("name", MANDATORY)
def test_missing_mandatory_capability_is_refused(name: str, found: bool, declared: bool) -> None:
    with pytest.raises(ConfigurationError, match=f"acme.*{name}.*cannot do without"):
        replace(ALL, **{name: declared}).require(replace(ALL, **{name: found}), "acme")


@pytest.mark.parametrize("declared", [True, False])
def test_storage_without_transactions_is_refused(declared: bool) -> None:
    without = replace(ALL, transactions=False)
    with pytest.raises(ConfigurationError, match=r"acme.*transactions"):
        replace(ALL, transactions=declared).require(without, "acme")


def test_optional_capabilities_have_no_default() -> None:
    assert [field.name for field in fields(Capabilities) if field.default is MISSING] == OPTIONAL
    assert all(field.default is True for field in fields(Capabilities) if field.name in MANDATORY)


@pytest.mark.parametrize("name", CAPABILITY_INFO)
def test_meaning_of_a_capability_is_short(name: str) -> None:
    meaning = CAPABILITY_INFO[name].meaning
    assert meaning.endswith(".")
    assert len(meaning) < 250
    assert "|" not in meaning


def test_page_of_capabilities_is_current() -> None:
    page = Path(__file__).parent.parent.parent / "docs" / "capabilities.md"
    assert explain_capabilities() in page.read_text(encoding="utf-8"), (
        "docs/capabilities.md: run `stockroom backends --explain`"
    )


@pytest.mark.parametrize("name", CAPABILITY_INFO)
def test_kit_tests_capability_present_and_absent(name: str) -> None:
    tests = shows(name)
    demands = [demand for test, demand in contents() if test in tests]
    assert [demand for demand in demands if name in demand.needs]
    never_missing = CAPABILITY_INFO[name].mandatory or get_args(Capabilities.__annotations__[name])[0] is int
    assert bool([demand for demand in demands if name in demand.lacks]) is not never_missing
