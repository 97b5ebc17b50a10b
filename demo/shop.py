"""Generates the demo shop as drafts: deterministic, and independent of the storage.

Every kind of entity has its own random generator, so that the number of one does not change the others.
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
    """An order and its final state.

    Attributes:
        status: the final status.
        method: of the payment, where the order is paid.
        notify: whether its user gets a notification.
    """

    draft: OrderDraft
    status: OrderStatus
    method: str
    notify: bool


def root_categories() -> list[CategoryDraft]:
    """The categories without a parent."""
    return [CategoryDraft(name=name, slug=derive_slug(name, "category")) for name in words.CATALOGUE]


def leaf_categories(root_ids: Mapping[str, int]) -> list[CategoryDraft]:
    """Their children, which the products belong to."""
    return [
        CategoryDraft(name=leaf, slug=derive_slug(leaf, "category"), parent_id=root_ids[root])
        for root, leaves in words.CATALOGUE.items()
        for leaf in leaves
    ]


def generate_products(count: int, leaf_ids: Mapping[str, int]) -> Iterator[ProductDraft]:
    """Mostly cheap products; some are out of stock, some inactive, some without a category."""
    random = _make_random("products")
    nouns_by_leaf = [
        (leaf, noun) for leaves in words.CATALOGUE.values() for leaf, nouns in leaves.items() for noun in nouns
    ]
    for number in range(count):
        leaf, noun = random.choice(nouns_by_leaf)
        model = f"{random.choice('ABCDEFGHJKLMNPRSTVWXZ')}{100 + number}"
        yield ProductDraft(
            name=f"{random.choice(words.BRANDS)} {noun} {model}",
            description=" ".join(random.choices(words.DESCRIPTIONS, k=2)) if random.random() < 0.9 else None,
            price=min(1_000, int(9 * random.paretovariate(1.1))) * 100 + 99,
            stock_quantity=0 if random.random() < 0.03 else int(40 * random.paretovariate(1.5)),
            sku=f"{derive_slug(leaf, 'sku')[:3].upper()}-{number:06d}",
            is_active=random.random() < 0.95,
            category_id=leaf_ids[leaf] if random.random() < 0.97 else None,
        )


def generate_users(count: int) -> Iterator[UserDraft]:
    """Users with names from many countries; one in twenty is inactive."""
    random = _make_random("users")
    for number in range(1, count + 1):
        mixed = f"{random.choice(words.GIVEN)} {random.choice(words.FAMILY)}"
        name = random.choice(words.NAMES) if random.random() < 0.15 else mixed
        username = f"{derive_slug(name, 'user').replace('-', '_')}_{number}"
        yield UserDraft(
            username=username,
            email=f"{username}@example.com",
            full_name=name if random.random() < 0.9 else None,
            bio=random.choice(words.BIOS) if random.random() < 0.3 else None,
            is_active=random.random() < 0.95,
        )


def generate_posts(count: int, author_ids: Sequence[int], about: Sequence[Product]) -> Iterator[PostDraft]:
    """Posts about products; most are published, most have tags."""
    random = _make_random("posts")
    statuses = [PostStatus.PUBLISHED] * 7 + [PostStatus.DRAFT] * 2 + [PostStatus.ARCHIVED]
    for _ in range(count):
        paragraphs = [
            " ".join(random.choices(words.SENTENCES, k=random.randint(2, 5))) for _ in range(random.randint(1, 4))
        ]
        yield PostDraft(
            title=random.choice(words.TITLES).format(product=random.choice(about).name),
            content="\n\n".join(paragraphs),
            status=random.choice(statuses),
            author_id=random.choice(author_ids),
            tags=sorted(set(random.choices(words.TAGS, k=random.randint(0, 3)))),
        )


def generate_accounts(count: int, user_ids: Sequence[int]) -> Iterator[AccountDraft]:
    """Accounts; a user may have several."""
    random = _make_random("accounts")
    return (
        AccountDraft(user_id=random.choice(user_ids), balance=random.randint(50_00, 5_000_00)) for _ in range(count)
    )


def generate_transfers(count: int, between: Sequence[Account]) -> Iterator[TransferDraft]:
    """Transfers of part of one account's balance to another account; fewer where balances reach zero."""
    random = _make_random("transfers")
    left = {account.id: account.balance for account in between}
    ids = list(left)
    for _ in range(count):
        sender, recipient = random.sample(ids, 2)
        amount = int(left[sender] * random.uniform(0.01, 0.5))
        if amount:
            left[sender] -= amount
            left[recipient] += amount
            yield TransferDraft(from_account_id=sender, to_account_id=recipient, amount=amount)


def generate_orders(count: int, user_ids: Sequence[int], stocked: Sequence[Product]) -> Iterator[PlannedOrder]:
    """Orders of active products, a few often and most seldom; fewer where the stock runs out."""
    random = _make_random("orders")
    left = {product.id: product.stock_quantity for product in stocked if product.is_active}
    ids = sorted(left, key=lambda _: random.random())
    popularity = list(accumulate(1 / rank for rank in range(1, len(ids) + 1)))
    statuses = _weighted_statuses()
    for _ in range(count if ids else 0):
        lines = []
        for key in dict.fromkeys(random.choices(ids, cum_weights=popularity, k=random.randint(1, MAX_LINES))):
            pieces = min(random.randint(1, MAX_PIECES), left[key])
            if pieces:
                left[key] -= pieces
                lines.append(OrderItemDraft(product_id=key, quantity=pieces))
        if lines:
            address = f"{random.randint(1, 200)} {random.choice(words.STREETS)}, {random.choice(words.CITIES)}"
            draft = OrderDraft(user_id=random.choice(user_ids), items=lines, shipping_address=address)
            yield PlannedOrder(draft, random.choice(statuses), random.choice(words.METHODS), random.random() < 0.5)


def _weighted_statuses() -> list[OrderStatus]:
    weights = {"delivered": 9, "shipped": 3, "confirmed": 3, "pending": 3, "cancelled": 2}
    return [OrderStatus(status) for status, weight in weights.items() for _ in range(weight)]


def _make_random(kind: str) -> Random:
    return Random(f"stockroom {kind}")  # noqa: S311
