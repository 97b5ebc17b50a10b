"""What a storage declares against what was found on it."""

from dataclasses import fields, replace

import pytest

from core.errors import ConfigurationError
from core.storage import Capabilities

ALL = Capabilities(
    transactions=True, savepoints=True, durable=True, shared=True, concurrent_writers=True, embedded=True
)
NAMES = [field.name for field in fields(Capabilities)]


def test_a_storage_that_can_do_what_it_declares_is_taken() -> None:
    ALL.require(ALL, "acme")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "transactions"])
def test_a_storage_may_be_able_to_do_more_than_it_declares(name: str) -> None:
    replace(ALL, **{name: False}).require(ALL, "acme")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "transactions"])
def test_a_declared_capability_that_is_missing_is_refused_by_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"acme.*{name}"):
        ALL.require(replace(ALL, **{name: False}), "acme")


@pytest.mark.parametrize("declared", [True, False])
def test_a_storage_without_transactions_is_refused_whatever_is_declared(declared: bool) -> None:
    without = replace(ALL, transactions=False)
    with pytest.raises(ConfigurationError, match=r"acme.*transactions"):
        replace(ALL, transactions=declared).require(without, "acme")
