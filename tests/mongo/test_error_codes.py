"""Error codes of the server: what may succeed later is tried again, or the storage is unavailable."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from backends.mongo import error_codes as codes
from backends.mongo import storage as mongo_storage
from backends.mongo.driver import BulkWriteError, OperationFailure
from backends.mongo.errors import Disconnected, is_outcome_unknown, translate
from conformance.defaults import settings_for
from core.clock import now
from core.errors import TransientConflict, Unavailable
from core.plugins import Registry
from core.storage import Storage, Transaction
from tests.mongo.deployment import failpoint
from tests.mongo.units import CountedUnit, category_names

pytestmark = pytest.mark.only("mongodb")

# Those for which clients were answered 500.
CODES = (
    *(6, 7, 24, 43, 46, 79, 89, 100, 112, 133, 134, 175, 225, 237, 246, 251, 267, 279, 290, 317, 365, 384),
    *(9001, 10107, 11601, 13388, 13435),
)
CATEGORIES = {
    name: listed for name, listed in vars(codes).items() if isinstance(listed, set) and name not in {"ACCESS"}
}


@pytest.fixture
async def storage(
    faulty: Storage, faulty_url: str, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Storage]:
    """The database whose commands can be made to fail; few retries, and a category."""
    await faulty.run(CountedUnit("first"))
    monkeypatch.setattr(mongo_storage, "RETRY_POLICY", replace(mongo_storage.RETRY_POLICY, attempts=3))
    settings = settings_for(faulty_url, database_timeout=0.3)
    storage = await registry.choose(settings).open(settings)
    yield storage
    await storage.close()


async def change(tx: Transaction) -> None:
    """An update."""
    [first] = await tx.categories.all()
    await tx.categories.save(replace(first, version=first.version + 1))


async def delete(tx: Transaction) -> None:
    """A deletion, which is then undone."""
    [first] = await tx.categories.all()
    await tx.categories.delete(first.id, now())
    raise ZeroDivisionError


async def outcome_of(call: Awaitable[object]) -> str:
    """What became of a call, in a word."""
    try:
        await call
    except ZeroDivisionError:
        return "undone"
    except Exception as error:
        return type(error).__name__
    return "done"


OPERATIONS: dict[str, Callable[[Storage], Awaitable[Any]]] = {
    "find": lambda storage: storage.categories.all(),
    "aggregate": lambda storage: storage.users.active_count(),
    "update": lambda storage: storage.run(change),
    "delete": lambda storage: storage.run(delete),
    "commitTransaction": lambda storage: storage.run(change),
}


@pytest.mark.parametrize(("command", "operation"), OPERATIONS.items(), ids=OPERATIONS)
async def test_failing_command_is_sent_again_or_unavailable(
    storage: Storage, faulty_url: str, command: str, operation: Callable[[Storage], Awaitable[Any]]
) -> None:
    outcomes = {}
    for code in CODES:
        async with failpoint(faulty_url, command, {"times": 1}, errorCode=code):
            once = await outcome_of(operation(storage))
        async with failpoint(faulty_url, command, "alwaysOn", errorCode=code):
            outcomes[code] = {once, await outcome_of(operation(storage))}
    fine = {"done", "undone", "Unavailable", "RetriesExhausted"}
    assert {code: outcome for code, outcome in outcomes.items() if outcome - fine} == {}
    assert await category_names(storage) == ["first"]


@pytest.mark.parametrize("command", ["insert", "findAndModify", "commitTransaction"])
async def test_failing_insert_stores_all_or_nothing(storage: Storage, faulty_url: str, command: str) -> None:
    expected = ["first"]
    for code in CODES:
        name = f"of {code:05}"
        async with failpoint(faulty_url, command, {"times": 1}, errorCode=code):
            outcome = await outcome_of(storage.run(CountedUnit(name)))
        assert outcome in {"done", "Unavailable", "RetriesExhausted"}, code
        expected += [name] if outcome == "done" else []
        assert await category_names(storage) == expected


@pytest.mark.parametrize("code", [64, 79, 100, 11601])
async def test_commit_without_write_concern_is_not_rerun(faulty: Storage, faulty_url: str, code: int) -> None:
    unit = CountedUnit("once")
    fault = {"writeConcernError": {"code": code, "errmsg": "not known"}}
    async with failpoint(faulty_url, "commitTransaction", {"times": 2}, **fault):
        await faulty.run(unit)
    assert unit.runs == 1
    assert await category_names(faulty) == ["once"]


@pytest.mark.parametrize("category", CATEGORIES)
def test_category_is_transient_or_unavailable(category: str) -> None:
    for code in CATEGORIES[category]:
        error = translate(OperationFailure("", code))
        assert isinstance(error, TransientConflict | Unavailable), code


@pytest.mark.parametrize("code", sorted(codes.NOT_PRIMARY | codes.NETWORK | codes.SHUTDOWN))
def test_connection_without_primary_counts_as_lost(code: int) -> None:
    assert isinstance(translate(OperationFailure("", code)), Disconnected)


@pytest.mark.parametrize("errors", ["writeErrors", "writeConcernErrors"])
def test_bulk_write_has_code_of_its_parts(errors: str) -> None:
    assert isinstance(translate(BulkWriteError({errors: [{"code": 79, "errmsg": ""}]})), Unavailable)


def test_labelled_commit_has_known_outcome() -> None:
    labelled = OperationFailure("", 251, {"errorLabels": ["TransientTransactionError"]})
    assert not is_outcome_unknown(labelled)
    assert is_outcome_unknown(OperationFailure("", 251))
