"""Erasing users: deleted with all that is theirs, or anonymised with the books kept.

Locks are taken in the order: users, orders, payments, the users' accounts, products, accounts that get money back.
Other use cases lock products before users, or accounts before others: such a conflict runs the unit of work again.
"""

import secrets
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from core import clock
from core.entities import Account, Order, OrderStatus, Payment, User
from core.errors import BusinessRuleViolation, StillReferenced, StockroomError
from core.passwords import PasswordHasher
from core.services.accounts import check_limit
from core.services.expiring import end_sessions
from core.services.orders import restock
from core.services.payments import amount_left
from core.services.versioning import ExpectedVersions, bump_version, check_version, lock_expecting
from core.storage import Storage, Transaction

ANONYMOUS_DOMAIN = "anonymous.invalid"
"""The domain of e-mail addresses of anonymised users; mail to it is never delivered (RFC 2606)."""

_OPEN = (OrderStatus.PENDING, OrderStatus.CONFIRMED)
_AT_ONCE = 100  # users in one unit of work
_ORDERS_AT_ONCE = 500  # in one statement with a parameter for each


@dataclass(frozen=True, slots=True)
class KeptUser:
    """A user that could not be deleted, and why: a sentence."""

    id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Deletion:
    """How many users were deleted, and those that were kept."""

    deleted_count: int
    kept: list[KeptUser]


async def delete_user(storage: Storage, id: int, expected: ExpectedVersions = None) -> None:
    """Delete a user. Open orders are cancelled first: stock is restored, and what an account paid goes back to it.

    Raises:
        StillReferenced: accounts of the user hold money, or would then; names them.
        StockLimit, AmountLimit: a product or an account cannot take what it gets back.
    """

    async def work(tx: Transaction) -> None:
        user = check_version(await tx.users.lock_to_delete(id), expected)
        for refusal in (await _delete(tx, [user])).values():
            raise refusal

    await storage.run(work)


async def delete_inactive(storage: Storage) -> Deletion:
    """Delete the inactive users that can be deleted, some in each unit of work."""
    deleted, kept, last, most = 0, list[KeptUser](), 0, _AT_ONCE
    while True:
        batch: list[int] = []
        refusals: Mapping[int, StockroomError]
        try:
            refusals = await storage.run(partial(_delete_inactive, batch=batch, after=last, most=most))
        except BusinessRuleViolation as refusal:
            if len(batch) > 1:
                most = len(batch) // 2  # one user of the batch cannot be deleted: halves find it
                continue
            refusals = {batch[0]: refusal}
        if not batch:
            return Deletion(deleted, kept)
        deleted += len(batch) - len(refusals)
        kept += [KeptUser(key, refusals[key].detail) for key in sorted(refusals)]
        last, most = batch[-1], min(2 * most, _AT_ONCE)


async def _delete_inactive(tx: Transaction, batch: list[int], after: int, most: int) -> Mapping[int, StockroomError]:
    """Delete the next inactive users, whose ids ``batch`` gets; anonymised ones are kept with their orders."""
    users = await tx.users.lock_inactive(after, most)
    batch[:] = [user.id for user in users]
    kept = {user.id: _anonymised() for user in users if _is_anonymous(user)}
    others = [user for user in users if user.id not in kept]
    return {**kept, **(await _delete(tx, others) if others else {})}


def _anonymised() -> StillReferenced:
    return StillReferenced("user", "orders", "The user was anonymised, so that its orders and payments are kept.")


def _is_anonymous(user: User) -> bool:
    return user.email.endswith(f"@{ANONYMOUS_DOMAIN}")


async def _delete(tx: Transaction, users: Sequence[User]) -> Mapping[int, StillReferenced]:
    """Delete locked users, except for those that the result has, with the reason."""
    ids = [user.id for user in users]
    orders = await tx.orders.lock_of_users(ids, _OPEN)
    confirmed = [order.id for order in orders if order.status is OrderStatus.CONFIRMED]
    payments = [
        payment
        for start in range(0, len(confirmed), _ORDERS_AT_ONCE)
        for payment in await tx.orders.lock_payments(confirmed[start : start + _ORDERS_AT_ONCE])
    ]
    accounts = await tx.accounts.lock_of_users(ids)
    refusals = _refusals(accounts, payments)
    gone = {key for key in ids if key not in refusals}
    await _cancel(tx, [order for order in orders if order.user_id in gone], payments)
    if closed := [account.id for account in accounts if account.user_id in gone]:
        await tx.accounts.delete_many(closed, clock.now())
    if gone:
        await tx.users.delete_many(sorted(gone), clock.now())
    return refusals


def _refusals(accounts: Sequence[Account], payments: Sequence[Payment]) -> dict[int, StillReferenced]:
    """Users with accounts that hold money, or that get some back when the orders are cancelled."""
    refunds = _refunds(payments)
    funded: defaultdict[int, list[int]] = defaultdict(list)
    for account in accounts:
        if account.balance or refunds[account.id]:
            funded[account.user_id].append(account.id)
    return {key: _refusal(ids) for key, ids in funded.items()}


def _refusal(account_ids: Sequence[int]) -> StillReferenced:
    named = ", ".join(f"account {key}" for key in account_ids)
    return StillReferenced(
        "user", "accounts", f"The user cannot be deleted while it has money, or gets some back: {named}."
    )


def _refunds(payments: Sequence[Payment]) -> Counter[int]:
    """What each account gets back, in minor units."""
    refunds: Counter[int] = Counter()
    for payment in payments:
        if payment.account_id is not None:
            refunds[payment.account_id] += amount_left(payment)
    return +refunds


async def _cancel(tx: Transaction, orders: Sequence[Order], payments: Sequence[Payment]) -> None:
    """Undo orders that are about to be deleted: pieces go back in stock, money to accounts that are still open."""
    await restock(tx, orders)
    ids = {order.id for order in orders}
    refunds = _refunds([payment for payment in payments if payment.order_id in ids])
    if not refunds:
        return
    accounts = await tx.accounts.lock_many(sorted(refunds))
    for key, account in accounts.items():
        check_limit(account, refunds[key])
    if accounts:
        await tx.accounts.adjust_balances({key: refunds[key] for key in accounts}, clock.now())


async def anonymise(storage: Storage, hasher: PasswordHasher, id: int, expected: ExpectedVersions = None) -> User:
    """Replace the names of a user by neutral ones and empty its personal fields; end its sessions.

    Posts and notifications are deleted. Orders and payments are kept, without shipping addresses.
    """
    password_hash = await hasher.hash(secrets.token_urlsafe())

    async def work(tx: Transaction) -> User:
        user = await lock_expecting(tx.users, id, expected)
        await _delete_personal_data(tx, id)
        if _is_anonymous(user):
            return user
        name = f"anonymous_{id}_{secrets.token_hex(4)}"  # not to be guessed, or another user could take it before
        after = bump_version(
            replace(
                user,
                username=name,
                email=f"{name}@{ANONYMOUS_DOMAIN}",
                full_name=None,
                bio=None,
                is_active=False,
                is_superuser=False,
            )
        )
        await tx.users.save(after, password_hash)
        return after

    return await storage.run(work)


async def _delete_personal_data(tx: Transaction, user_id: int) -> None:
    now = clock.now()
    await end_sessions(tx, user_id)
    await tx.posts.delete_of_author(user_id, now)
    await tx.notifications.delete_of_user(user_id, now)
    await tx.orders.clear_addresses(user_id, now)
