"""Accounts and transfers: no balance below zero or above MAX_TOTAL, and no money made or lost."""

import asyncio

import pytest

from core.entities import Account, AccountDraft, TransferDraft
from core.errors import (
    AmountLimit,
    InsufficientFunds,
    NotFound,
    PreconditionFailed,
    SameAccount,
    TransientConflict,
    UnknownReference,
)
from core.money import MAX_TOTAL
from core.services import accounts
from core.storage import Storage
from tests.services.contended import ContendedStorage, Step
from tests.services.factory import FIRST_PAGE, Factory, failing_fields

UNKNOWN = 99


async def open_accounts(factory: Factory, *balances: int) -> list[Account]:
    user = await factory.user()
    return [await factory.account(user, balance) for balance in balances]


async def balances_of(storage: Storage, *opened: Account) -> list[int]:
    return [(await storage.accounts.get(account.id)).balance for account in opened]


def draft(source: int, target: int, amount: int) -> TransferDraft:
    return TransferDraft(from_account_id=source, to_account_id=target, amount=amount)


async def test_account_opens_with_its_balance(storage: Storage, factory: Factory) -> None:
    [empty, account] = await open_accounts(factory, 0, 10_00)
    assert (empty.balance, account.balance, account.version) == (0, 10_00, 1)
    assert await storage.accounts.get(account.id) == account


async def test_account_of_an_unknown_user_is_refused(storage: Storage) -> None:
    with pytest.raises(UnknownReference) as refused:
        await accounts.open_account(storage, AccountDraft(user_id=UNKNOWN))
    assert failing_fields(refused.value) == [("user_id", "unknown-reference")]


async def test_deposit_may_fill_an_account_to_its_limit(storage: Storage, factory: Factory) -> None:
    [account] = await open_accounts(factory, 5)
    after = await accounts.deposit(storage, account.id, MAX_TOTAL - 5)
    assert (after.balance, after.version) == (MAX_TOTAL, 2)
    assert await storage.accounts.get(account.id) == after


async def test_deposit_beyond_the_limit_is_refused(storage: Storage, factory: Factory) -> None:
    [account] = await open_accounts(factory, 5)
    with pytest.raises(AmountLimit) as refused:
        await accounts.deposit(storage, account.id, MAX_TOTAL - 4)
    assert failing_fields(refused.value) == [("amount", "amount-limit")]
    assert await storage.accounts.get(account.id) == account


async def test_deposit_at_another_version_is_refused(storage: Storage, factory: Factory) -> None:
    [account] = await open_accounts(factory, 5)
    with pytest.raises(PreconditionFailed):
        await accounts.deposit(storage, account.id, 1, frozenset({2}))
    with pytest.raises(NotFound):
        await accounts.deposit(storage, UNKNOWN, 1, frozenset({1}))
    assert await balances_of(storage, account) == [5]


async def test_concurrent_deposits_all_count(storage: Storage, factory: Factory) -> None:
    [account] = await open_accounts(factory, 0)
    await asyncio.gather(*(accounts.deposit(storage, account.id, amount) for amount in range(1, 11)))
    assert await balances_of(storage, account) == [55]


@pytest.mark.parametrize("amount", [1, 49_99, 50_00])
async def test_transfer_moves_its_amount(storage: Storage, factory: Factory, amount: int) -> None:
    [source, target] = await open_accounts(factory, 50_00, 7)
    moved = await accounts.transfer(storage, draft(source.id, target.id, amount))
    assert (moved.from_account_id, moved.to_account_id, moved.amount) == (source.id, target.id, amount)
    assert moved.status == "completed"
    assert await balances_of(storage, source, target) == [50_00 - amount, 7 + amount]
    assert [(await storage.accounts.get(one.id)).version for one in (source, target)] == [2, 2]


async def test_transfer_above_the_balance_is_refused(storage: Storage, factory: Factory) -> None:
    [source, target] = await open_accounts(factory, 50_00, 0)
    with pytest.raises(InsufficientFunds) as refused:
        await accounts.transfer(storage, draft(source.id, target.id, 50_01))
    assert failing_fields(refused.value) == [("amount", "insufficient-funds")]
    assert await balances_of(storage, source, target) == [50_00, 0]
    assert (await accounts.transfers(storage, source.id, FIRST_PAGE)).items == []


async def test_transfer_may_fill_an_account_to_its_limit(storage: Storage, factory: Factory) -> None:
    [source, target] = await open_accounts(factory, 10, MAX_TOTAL - 10)
    await accounts.transfer(storage, draft(source.id, target.id, 10))
    assert await balances_of(storage, source, target) == [0, MAX_TOTAL]


async def test_transfer_beyond_the_limit_is_refused(storage: Storage, factory: Factory) -> None:
    [source, target] = await open_accounts(factory, 10, MAX_TOTAL - 9)
    with pytest.raises(AmountLimit) as refused:
        await accounts.transfer(storage, draft(source.id, target.id, 10))
    assert failing_fields(refused.value) == [("amount", "amount-limit")]
    assert await balances_of(storage, source, target) == [10, MAX_TOTAL - 9]


async def test_transfer_to_the_same_account_is_refused(storage: Storage, factory: Factory) -> None:
    [account] = await open_accounts(factory, 10)
    for account_id in (account.id, UNKNOWN):
        with pytest.raises(SameAccount) as refused:
            await accounts.transfer(storage, draft(account_id, account_id, 1))
        assert failing_fields(refused.value) == [("to_account_id", "same-account")]
    assert await storage.accounts.get(account.id) == account


@pytest.mark.parametrize(
    ("source", "target", "fields"),
    [
        (UNKNOWN, 1, ["from_account_id"]),
        (1, UNKNOWN, ["to_account_id"]),
        (UNKNOWN, UNKNOWN + 1, ["from_account_id", "to_account_id"]),
    ],
)
async def test_unknown_accounts_of_a_transfer_are_named(
    storage: Storage, factory: Factory, source: int, target: int, fields: list[str]
) -> None:
    [account] = await open_accounts(factory, 10)
    with pytest.raises(UnknownReference) as refused:
        await accounts.transfer(storage, draft(source, target, 11))
    assert failing_fields(refused.value) == [(field, "unknown-reference") for field in fields]
    assert await storage.accounts.get(account.id) == account


async def test_transfer_after_a_conflict_moves_money_once(contended: ContendedStorage, factory: Factory) -> None:
    [source, target] = await open_accounts(factory, 10, 0)
    contended.steps = [Step(error=TransientConflict())]
    await accounts.transfer(contended, draft(source.id, target.id, 6))
    assert contended.runs == 2
    assert await balances_of(contended, source, target) == [4, 6]
    assert len((await accounts.transfers(contended, source.id, FIRST_PAGE)).items) == 1


async def test_concurrent_transfers_conserve_money(storage: Storage, factory: Factory) -> None:
    opened = await open_accounts(factory, 10, 10, 10)
    ids = [account.id for account in opened]
    pairs = [(a, b) for a in ids for b in ids if a != b] * 3
    transfers = [accounts.transfer(storage, draft(a, b, 3 + index % 5)) for index, (a, b) in enumerate(pairs)]
    outcomes = await asyncio.gather(*transfers, return_exceptions=True)
    assert {type(one).__name__ for one in outcomes} == {"Transfer", "InsufficientFunds"}
    balances = await balances_of(storage, *opened)
    assert sum(balances) == 30
    assert min(balances) >= 0


async def test_transfers_are_listed_for_both_accounts(storage: Storage, factory: Factory) -> None:
    [one, other, third] = await open_accounts(factory, 10, 10, 10)
    there = await accounts.transfer(storage, draft(one.id, other.id, 1))
    back = await accounts.transfer(storage, draft(other.id, one.id, 2))
    for account in (one, other):
        assert (await accounts.transfers(storage, account.id, FIRST_PAGE)).items == [back, there]
    assert (await accounts.transfers(storage, third.id, FIRST_PAGE)).items == []
    with pytest.raises(NotFound):
        await accounts.transfers(storage, UNKNOWN, FIRST_PAGE)
