"""Writes a demo shop to a storage: in batches through its repositories, orders through the shop's use cases."""

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
from core.services import catalogue, orders, payments, slugs
from core.storage import Capabilities, PageRequest, ProductFilter, Storage, Transaction, UserFilter
from core.storage.sorts import NEWEST_FIRST
from demo import shop, words
from demo.scale import Scale

T = TypeVar("T")

BATCH_SIZE = 100
"""Rows in one unit of work."""

OnRows = Callable[[int], None]
"""Called with numbers of rows as they are written; they add up to at most ``Scale.total``."""


async def is_empty(storage: Storage) -> bool:
    """Whether the storage has no users, products, tags or categories."""
    first = PageRequest(sort=NEWEST_FIRST, size=1, page=None)
    users = await storage.users.page(UserFilter(), first)
    products = await storage.products.page(ProductFilter(), first)
    tags = await storage.tags.page(first)
    return not (users.items or products.items or tags.items or await storage.categories.all())


async def write_shop(storage: Storage, scale: Scale, password_hash: str, on_rows: OnRows) -> list[int]:
    """Fill an empty storage; returns the ids of the accounts, which no reader lists."""
    leaf_ids = await _add_categories(storage)
    products: list[Product] = []
    for drafts in _batches(shop.generate_products(scale.products, leaf_ids)):
        products += await catalogue.create_products(storage, drafts)
        on_rows(len(drafts))
    user_ids: list[int] = []
    for user_drafts in _batches(shop.generate_users(scale.users)):
        user_ids += [user.id for user in await storage.run(partial(_add_users, user_drafts, password_hash))]
        on_rows(len(user_drafts))
    tags = await storage.run(_add_tags)
    for posts in _batches(shop.generate_posts(scale.posts, user_ids, products)):
        await storage.run(partial(_add_posts, posts, {tag.name: tag for tag in tags}))
        on_rows(len(posts))
    accounts: list[Account] = []
    for account_drafts in _batches(shop.generate_accounts(scale.accounts, user_ids)):
        accounts += await storage.run(partial(_open_accounts, account_drafts))
        on_rows(len(account_drafts))
    for transfers in _batches(shop.generate_transfers(scale.transfers, accounts)):
        await storage.run(partial(_transfer, transfers))
        on_rows(len(transfers))
    for planned in _batches(shop.generate_orders(scale.orders, user_ids, products)):
        await storage.run(partial(_add_orders, planned, storage.capabilities))
        on_rows(len(planned))
    return [account.id for account in accounts]


async def _add_categories(storage: Storage) -> dict[str, int]:
    """Add the categories; returns the ids of the leaves, by name."""

    async def add(tx: Transaction) -> dict[str, int]:
        roots = await tx.categories.add(shop.root_categories(), clock.now())
        leaves = await tx.categories.add(shop.leaf_categories({root.name: root.id for root in roots}), clock.now())
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


class JoinedStorage:
    """A storage whose units of work are parts of one in progress, so that many orders are one commit."""

    def __init__(self, tx: Transaction, capabilities: Capabilities) -> None:
        self._tx = tx
        self.capabilities = capabilities

    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """As ``Storage.run``, but neither commits nor retries."""
        return await work(self._tx)


async def _add_orders(planned: Sequence[shop.PlannedOrder], capabilities: Capabilities, tx: Transaction) -> None:
    storage = cast(Storage, JoinedStorage(tx, capabilities))  # these use cases use nothing else
    for order in planned:
        await _place_order(storage, order)


async def _place_order(storage: Storage, planned: shop.PlannedOrder) -> None:
    """Place an order, and bring it to its final status."""
    place = orders.place_and_notify if planned.notify else orders.place
    order = await place(storage, planned.draft)
    if planned.status is OrderStatus.CANCELLED:
        await orders.change_status(storage, order.id, OrderStatus.CANCELLED)
    elif planned.status is not OrderStatus.PENDING:
        payment = PaymentDraft(amount=order.total_amount, method=planned.method)
        await payments.pay(storage, order.id, payment)
        for status in _steps_after_payment(planned.status):
            await orders.change_status(storage, order.id, status)


def _steps_after_payment(status: OrderStatus) -> Sequence[OrderStatus]:
    """The changes of status of a paid order, up to ``status``."""
    steps = (OrderStatus.CONFIRMED, OrderStatus.SHIPPED, OrderStatus.DELIVERED)
    return steps[1 : steps.index(status) + 1]


def _batches(drafts: Iterable[T]) -> Iterator[list[T]]:
    drafts = iter(drafts)
    while batch := list(islice(drafts, BATCH_SIZE)):
        yield batch
