"""Idempotency: the effect of a request and its response are stored together under its key, once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core import clock
from core.entities import EntryKind, Product
from core.entities.expiring import MAX_VALUE
from core.errors import (
    IdempotencyKeyInProgress,
    IdempotencyKeyMismatch,
    InsufficientStock,
    StoredResponseTooLarge,
    TransientConflict,
    Unavailable,
)
from core.passwords import PasswordHasher
from core.services import catalogue
from core.services.expiring import entry_key
from core.services.idempotency import (
    IdempotentRequest,
    IdempotentStorage,
    InProgressKeys,
    ReplayResponse,
)
from core.storage import Storage
from tests.services.contended import ContendedStorage, Step
from tests.services.factory import Factory, stock_of

LIFETIME = timedelta(hours=1)
REQUEST = IdempotentRequest(
    key=entry_key(EntryKind.IDEMPOTENT_RESPONSE, "key"),
    user_id=None,
    digest=lambda: "digest of one request",
    hasher=None,
    lifetime=LIFETIME,
)
OTHER_REQUEST = replace(REQUEST, digest=lambda: "digest of another request")


def render_left(changed: object) -> str:
    """What is left of a product, and a line break."""
    assert isinstance(changed, Product)
    return f"{changed.stock_quantity} left\n"


Sell = Callable[..., Awaitable[Product]]


@pytest.fixture
async def product(factory: Factory) -> Product:
    """Of which there are ten."""
    return await factory.product()


@pytest.fixture
def sell(storage: Storage, product: Product) -> Sell:
    """Takes one piece of the product, idempotently; the response is what is left and a line break."""

    async def sell_one(request: IdempotentRequest = REQUEST, within: Storage = storage, pieces: int = 1) -> Product:
        idempotent = IdempotentStorage(within, request, render_left)
        return await catalogue.change_stock(idempotent, product.id, -pieces)

    return sell_one


async def expect_replay(outcome: Awaitable[object]) -> str:
    """The response that is replayed instead of an outcome."""
    with pytest.raises(ReplayResponse) as replayed:
        await outcome
    return replayed.value.response


async def stored(storage: Storage, request: IdempotentRequest = REQUEST) -> str | None:
    """What is stored under the key of a request."""
    entry = await storage.expiring.get(request.key, clock.now())
    return None if entry is None else entry.value


def response_of_size(size: int, character: str) -> str:
    """As many of a character as fit into ``size`` bytes, with the digest of the request and a line break."""
    return character * ((size - len(f"{REQUEST.digest()}\n")) // len(character.encode()))


async def test_first_request_is_carried_out(storage: Storage, product: Product, sell: Sell) -> None:
    assert (await sell()).stock_quantity == 9
    assert await stock_of(storage, product) == [9]


async def test_same_request_is_replayed(storage: Storage, product: Product, sell: Sell) -> None:
    await sell()
    await catalogue.change_stock(storage, product.id, 5)
    assert [await expect_replay(sell()) for _ in range(2)] == ["9 left\n"] * 2
    assert await stock_of(storage, product) == [14]


async def test_other_key_is_another_request(storage: Storage, product: Product, sell: Sell) -> None:
    await sell()
    await sell(replace(REQUEST, key=entry_key(EntryKind.IDEMPOTENT_RESPONSE, "other")))
    assert await stock_of(storage, product) == [8]


async def test_other_request_with_the_key_is_refused(storage: Storage, product: Product, sell: Sell) -> None:
    await sell()
    with pytest.raises(IdempotencyKeyMismatch):
        await sell(OTHER_REQUEST)
    assert await stock_of(storage, product) == [9]
    assert await expect_replay(sell()) == "9 left\n"


async def test_digest_of_a_password_is_stored_hashed(storage: Storage, hasher: PasswordHasher, sell: Sell) -> None:
    request = replace(REQUEST, hasher=hasher)
    await sell(request)
    value = await stored(storage)
    assert value is not None
    assert value.startswith("$argon2id$")
    assert request.digest() not in f"{value}{request}"
    assert await expect_replay(sell(request)) == "9 left\n"
    with pytest.raises(IdempotencyKeyMismatch):
        await sell(replace(OTHER_REQUEST, hasher=hasher))


async def test_failure_stores_nothing(storage: Storage, product: Product, sell: Sell) -> None:
    with pytest.raises(InsufficientStock):
        await sell(pieces=11)
    assert await stored(storage) is None
    await sell(OTHER_REQUEST)
    assert await stock_of(storage, product) == [9]


async def test_failed_commit_stores_nothing(
    storage: Storage, contended: ContendedStorage, product: Product, sell: Sell
) -> None:
    contended.steps = [Step(error=Unavailable())]
    with pytest.raises(Unavailable):
        await sell(within=contended)
    assert (await stored(storage), await stock_of(storage, product)) == (None, [10])
    await sell(within=contended)
    assert await stock_of(storage, product) == [9]


async def test_request_after_conflict_is_carried_out_once(
    storage: Storage, contended: ContendedStorage, product: Product, sell: Sell
) -> None:
    contended.steps = [Step(error=TransientConflict())]
    await sell(within=contended)
    assert contended.runs == 2
    assert await stock_of(storage, product) == [9]
    assert await expect_replay(sell()) == "9 left\n"


async def test_concurrent_requests_are_carried_out_once(storage: Storage, product: Product, sell: Sell) -> None:
    outcomes = await asyncio.gather(*(sell() for _ in range(5)), return_exceptions=True)
    assert [sum(isinstance(one, kind) for one in outcomes) for kind in (Product, ReplayResponse)] == [1, 4]
    assert await stock_of(storage, product) == [9]


async def test_response_expires(
    storage: Storage, product: Product, sell: Sell, tick: Callable[[timedelta], datetime]
) -> None:
    await sell()
    tick(LIFETIME - timedelta(milliseconds=1))
    assert await expect_replay(sell()) == "9 left\n"
    tick(timedelta(milliseconds=1))
    await sell(OTHER_REQUEST)
    assert await stock_of(storage, product) == [8]
    assert await expect_replay(sell(OTHER_REQUEST)) == "8 left\n"


@pytest.mark.parametrize("character", ["x", "é"])
async def test_response_may_be_as_large_as_the_limit(storage: Storage, product: Product, character: str) -> None:
    response = response_of_size(MAX_VALUE, character)
    await catalogue.change_stock(IdempotentStorage(storage, REQUEST, lambda _: response), product.id, -1)
    assert await expect_replay(IdempotentStorage(storage, REQUEST, str).check_replay()) == response


@pytest.mark.parametrize("character", ["x", "é"])
async def test_larger_response_undoes_its_request(storage: Storage, product: Product, character: str) -> None:
    response = response_of_size(MAX_VALUE, character) + character
    idempotent = IdempotentStorage(storage, REQUEST, lambda _: response)
    with pytest.raises(StoredResponseTooLarge):
        await catalogue.change_stock(idempotent, product.id, -1)
    assert (await stored(storage), await stock_of(storage, product)) == (None, [10])


async def test_replay_is_found_before_the_work(storage: Storage, sell: Sell) -> None:
    await IdempotentStorage(storage, REQUEST, str).check_replay()
    await sell()
    assert await expect_replay(IdempotentStorage(storage, REQUEST, str).check_replay()) == "9 left\n"
    with pytest.raises(IdempotencyKeyMismatch):
        await IdempotentStorage(storage, OTHER_REQUEST, str).check_replay()


async def test_later_units_of_work_pass_through(storage: Storage, product: Product) -> None:
    idempotent = IdempotentStorage(storage, REQUEST, render_left)
    left = [(await catalogue.change_stock(idempotent, product.id, -1)).stock_quantity for _ in range(3)]
    assert left == [9, 8, 7]
    assert (await idempotent.products.get(product.id)).stock_quantity == 7
    assert await expect_replay(IdempotentStorage(storage, REQUEST, str).check_replay()) == "9 left\n"


def test_key_in_progress_is_refused() -> None:
    keys = InProgressKeys()
    with keys.holding("one"), keys.holding("other"):
        with pytest.raises(IdempotencyKeyInProgress), keys.holding("one"):
            pass
        with pytest.raises(IdempotencyKeyInProgress), keys.holding("one"):
            pass
    with keys.holding("one"):
        pass


def test_key_is_free_after_a_failure() -> None:
    keys = InProgressKeys()
    with pytest.raises(LookupError), keys.holding("key"):
        raise LookupError
    with keys.holding("key"):
        pass
