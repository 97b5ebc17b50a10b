"""The demo shop as drafts: pure, and the same whenever it is asked for. Nothing here knows how it is stored.

Every kind draws from a random source of its own, so that more of one does not change another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from core.entities import (
    Account,
    AccountDraft,
    CategoryDraft,
    OrderDraft,
    OrderItemDraft,
    OrderStatus,
    PostDraft,
    PostStatus,
    Product,
    ProductDraft,
    TransferDraft,
    UserDraft,
)
from core.text import derive_slug
from demo import words

MAX_LINES = 5
MAX_PIECES = 3


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """An order, and what becomes of it.

    Attributes:
        outcome: the status it ends in.
        method: how it is paid, where it is.
        notify: whether its user is told.
    """

    draft: OrderDraft
    outcome: OrderStatus
    method: str
    notify: bool


def roots() -> list[CategoryDraft]:
    """The categories without a parent."""
    return [CategoryDraft(name=name, slug=derive_slug(name, "category")) for name in words.CATALOGUE]


def leaves(root_ids: Mapping[str, int]) -> list[CategoryDraft]:
    """The categories below them, in which the products are."""
    return [
        CategoryDraft(name=leaf, slug=derive_slug(leaf, "category"), parent_id=root_ids[root])
        for root, below in words.CATALOGUE.items()
        for leaf in below
    ]


def products(count: int, leaf_ids: Mapping[str, int]) -> Iterator[ProductDraft]:
    """Products; many are cheap and a few dear, some are out of stock, some not for sale, some without a category."""
    draw = _source("products")
    shelves = [(leaf, noun) for below in words.CATALOGUE.values() for leaf, nouns in below.items() for noun in nouns]
    for number in range(count):
        leaf, noun = draw.choice(shelves)
        model = f"{draw.choice('ABCDEFGHJKLMNPRSTVWXZ')}{100 + number}"
        yield ProductDraft(
            name=f"{draw.choice(words.BRANDS)} {noun} {model}",
            description=" ".join(draw.choices(words.DESCRIPTIONS, k=2)) if draw.random() < 0.9 else None,
            price=min(1_000, int(9 * draw.paretovariate(1.1))) * 100 + 99,
            stock_quantity=0 if draw.random() < 0.03 else int(40 * draw.paretovariate(1.5)),
            sku=f"{derive_slug(leaf, 'sku')[:3].upper()}-{number:06d}",
            is_active=draw.random() < 0.95,
            category_id=leaf_ids[leaf] if draw.random() < 0.97 else None,
        )


def users(count: int) -> Iterator[UserDraft]:
    """People from all over the world; one in twenty is no longer active."""
    draw = _source("users")
    for number in range(1, count + 1):
        mixed = f"{draw.choice(words.GIVEN)} {draw.choice(words.FAMILY)}"
        name = draw.choice(words.NAMES) if draw.random() < 0.15 else mixed
        username = f"{derive_slug(name, 'user').replace('-', '_')}_{number}"
        yield UserDraft(
            username=username,
            email=f"{username}@example.com",
            full_name=name if draw.random() < 0.9 else None,
            bio=draw.choice(words.BIOS) if draw.random() < 0.3 else None,
            is_active=draw.random() < 0.95,
        )


def posts(count: int, author_ids: Sequence[int], named: Sequence[Product]) -> Iterator[PostDraft]:
    """Posts about products; most are published, most have tags."""
    draw = _source("posts")
    statuses = [PostStatus.PUBLISHED] * 7 + [PostStatus.DRAFT] * 2 + [PostStatus.ARCHIVED]
    for _ in range(count):
        paragraphs = [" ".join(draw.choices(words.SENTENCES, k=draw.randint(2, 5))) for _ in range(draw.randint(1, 4))]
        yield PostDraft(
            title=draw.choice(words.TITLES).format(product=draw.choice(named).name),
            content="\n\n".join(paragraphs),
            status=draw.choice(statuses),
            author_id=draw.choice(author_ids),
            tags=sorted(set(draw.choices(words.TAGS, k=draw.randint(0, 3)))),
        )


def accounts(count: int, user_ids: Sequence[int]) -> Iterator[AccountDraft]:
    """Accounts; a user may have several."""
    draw = _source("accounts")
    return (AccountDraft(user_id=draw.choice(user_ids), balance=draw.randint(50_00, 5_000_00)) for _ in range(count))


def transfers(count: int, between: Sequence[Account]) -> Iterator[TransferDraft]:
    """Part of what one account has left, to another. Fewer where accounts run dry."""
    draw = _source("transfers")
    left = {account.id: account.balance for account in between}
    ids = list(left)
    for _ in range(count):
        giver, taker = draw.sample(ids, 2)
        amount = int(left[giver] * draw.uniform(0.01, 0.5))
        if amount:
            left[giver] -= amount
            left[taker] += amount
            yield TransferDraft(from_account_id=giver, to_account_id=taker, amount=amount)


def orders(count: int, user_ids: Sequence[int], stocked: Sequence[Product]) -> Iterator[PlannedOrder]:
    """Orders of what is for sale: a few products are ordered often, most seldom. Fewer where the stock runs out."""
    draw = _source("orders")
    left = {product.id: product.stock_quantity for product in stocked if product.is_active}
    ids = sorted(left, key=lambda _: draw.random())
    popularity = list(accumulate(1 / rank for rank in range(1, len(ids) + 1)))
    outcomes = _outcomes()
    for _ in range(count if ids else 0):
        lines = []
        for key in dict.fromkeys(draw.choices(ids, cum_weights=popularity, k=draw.randint(1, MAX_LINES))):
            pieces = min(draw.randint(1, MAX_PIECES), left[key])
            if pieces:
                left[key] -= pieces
                lines.append(OrderItemDraft(product_id=key, quantity=pieces))
        if lines:
            address = f"{draw.randint(1, 200)} {draw.choice(words.STREETS)}, {draw.choice(words.CITIES)}"
            draft = OrderDraft(user_id=draw.choice(user_ids), items=lines, shipping_address=address)
            yield PlannedOrder(draft, draw.choice(outcomes), draw.choice(words.METHODS), draw.random() < 0.5)


def _outcomes() -> list[OrderStatus]:
    parts = {"delivered": 9, "shipped": 3, "confirmed": 3, "pending": 3, "cancelled": 2}
    return [OrderStatus(status) for status, part in parts.items() for _ in range(part)]


def _source(kind: str) -> Random:
    return Random(f"stockroom {kind}")  # noqa: S311
