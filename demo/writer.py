"""Writing a demo shop to a storage: in batches through its repositories, orders through the shop's own use cases."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TypeVar, cast

from core import clock
from core.entities import (
    Account,
    AccountDraft,
    OrderStatus,
    PaymentDraft,
    PostDraft,
    PostStatus,
    Product,
    Tag,
    TagDraft,
    TransferDraft,
    User,
    UserDraft,
)
from core.services import catalogue, orders, slugs
from core.storage import Capabilities, PageRequest, ProductFilter, Storage, Transaction, UserFilter
from core.storage.sorts import NEWEST_FIRST
from demo import shop, words
from demo.scale import Scale

T = TypeVar("T")

BATCH = 100
"""Rows in one unit of work."""

Advance = Callable[[int], None]


async def is_empty(storage: Storage) -> bool:
    """Whether nothing is there that a demo shop could clash with."""
    page_request = PageRequest(sort=NEWEST_FIRST, size=1, page=None)
    users = await storage.users.page(UserFilter(), page_request)
    products = await storage.products.page(ProductFilter(), page_request)
    tags = await storage.tags.page(page_request)
    return not (users.items or products.items or tags.items or await storage.categories.all())


async def write(storage: Storage, scale: Scale, password_hash: str, advance: Advance) -> list[int]:
    """Fill an empty storage; the ids of the accounts, which no reader lists.

    ``advance`` is told how many rows were written; they add up to at most ``scale.total``.
    """
    leaf_ids = await _categories(storage)
    products: list[Product] = []
    for drafts in _batches(shop.products(scale.products, leaf_ids)):
        products += await catalogue.create_products(storage, drafts)
        advance(len(drafts))
    user_ids: list[int] = []
    for people in _batches(shop.users(scale.users)):
        user_ids += [user.id for user in await storage.run(partial(_add_users, people, password_hash))]
        advance(len(people))
    tags = await storage.run(_add_tags)
    for posts in _batches(shop.posts(scale.posts, user_ids, products)):
        await storage.run(partial(_add_posts, posts, {tag.name: tag for tag in tags}))
        advance(len(posts))
    accounts: list[Account] = []
    for openings in _batches(shop.accounts(scale.accounts, user_ids)):
        accounts += await storage.run(partial(_open_accounts, openings))
        advance(len(openings))
    for transfers in _batches(shop.transfers(scale.transfers, accounts)):
        await storage.run(partial(_transfer, transfers))
        advance(len(transfers))
    for planned in _batches(shop.orders(scale.orders, user_ids, products)):
        await storage.run(partial(_add_orders, planned, storage.capabilities))
        advance(len(planned))
    return [account.id for account in accounts]


async def _categories(storage: Storage) -> dict[str, int]:
    """The ids of the categories that products belong to, by name."""

    async def add(tx: Transaction) -> dict[str, int]:
        roots = await tx.categories.add(shop.roots(), clock.now())
        leaves = await tx.categories.add(shop.leaves({root.name: root.id for root in roots}), clock.now())
        return {leaf.name: leaf.id for leaf in leaves}

    return await storage.run(add)


async def _add_users(drafts: Sequence[UserDraft], password_hash: str, tx: Transaction) -> list[User]:
    return await tx.users.add(drafts, [password_hash] * len(drafts), clock.now())


async def _add_tags(tx: Transaction) -> list[Tag]:
    drafts = await slugs.assign_slugs(tx.tags, [TagDraft(name=name) for name in words.TAGS], "name", "tag")
    return await tx.tags.add(drafts, clock.now())


async def _add_posts(drafts: Sequence[PostDraft], tags: dict[str, Tag], tx: Transaction) -> None:
    now = clock.now()
    for draft in await slugs.assign_slugs(tx.posts, drafts, "title", "post"):
        published_at = now if draft.status is PostStatus.PUBLISHED else None
        await tx.posts.add(draft, [tags[name] for name in draft.tags], published_at, now)


async def _open_accounts(drafts: Sequence[AccountDraft], tx: Transaction) -> list[Account]:
    return [await tx.accounts.add(draft, clock.now()) for draft in drafts]


async def _transfer(drafts: Sequence[TransferDraft], tx: Transaction) -> None:
    for draft in drafts:
        now = clock.now()
        await tx.accounts.adjust_balances(
            {draft.from_account_id: -draft.amount, draft.to_account_id: draft.amount}, now
        )
        await tx.accounts.add_transfer(draft, now)


class Joined:
    """To a use case, a storage whose units of work are all part of one in progress: many orders, one commit."""

    def __init__(self, tx: Transaction, capabilities: Capabilities) -> None:
        self._tx = tx
        self.capabilities = capabilities

    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """What ``work`` returns."""
        return await work(self._tx)


async def _add_orders(planned: Sequence[shop.PlannedOrder], capabilities: Capabilities, tx: Transaction) -> None:
    storage = cast(Storage, Joined(tx, capabilities))  # these use cases ask for no more
    for order in planned:
        await _order(storage, order)


async def _order(storage: Storage, planned: shop.PlannedOrder) -> None:
    """Place an order and take it to its end."""
    place = orders.place_and_notify if planned.notify else orders.place
    order = await place(storage, planned.draft)
    if planned.outcome is OrderStatus.CANCELLED:
        await orders.change_status(storage, order.id, OrderStatus.CANCELLED)
    elif planned.outcome is not OrderStatus.PENDING:
        payment = PaymentDraft(amount=order.total_amount, method=planned.method)
        await orders.pay(storage, order.id, payment)
        for status in _after_payment(planned.outcome):
            await orders.change_status(storage, order.id, status)


def _after_payment(outcome: OrderStatus) -> Sequence[OrderStatus]:
    """The steps of a paid order; those in front of ``outcome``, and it."""
    steps = (OrderStatus.CONFIRMED, OrderStatus.SHIPPED, OrderStatus.DELIVERED)
    return steps[1 : steps.index(outcome) + 1]


def _batches(drafts: Iterable[T]) -> Iterator[list[T]]:
    drafts = iter(drafts)
    while batch := list(islice(drafts, BATCH)):
        yield batch
