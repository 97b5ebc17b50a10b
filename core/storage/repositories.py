"""One protocol per aggregate: a reader, usable at any time, and a repository, usable in a unit of work.

A read outside a unit of work sees everything committed. In a unit of work, ``lock`` reads an entity so that no other
unit of work can change it before this one ends, and ``save`` writes it back; together they take the place of updates by
field lists. Where several rows are locked, they are locked in the order of their ids.

Common errors, not repeated below:
    NotFound: ``get``, ``lock``, ``delete`` and the readers by another key, when there is no such entity.
    Duplicate: ``add`` and ``save``, when unique values are taken; names every such field, ``3.sku`` where several
        drafts were given. ``run`` raises it once the unit of work is undone: only then can all databases be asked which
        values are taken. Within the unit of work it may appear as any StockroomError.
    UnknownReference: ``add`` and ``save``, when references lead nowhere; names the fields, and is raised likewise.
    Referenced: ``delete``; raised likewise.
    TransientConflict: any write; ``run`` catches it and runs the unit of work again.
    Unavailable: anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from core.entities import (
    Account,
    AccountDraft,
    Category,
    CategoryDraft,
    Notification,
    NotificationDraft,
    Order,
    OrderDetails,
    OrderItem,
    OrderStatus,
    OrderSummary,
    Payment,
    PaymentDraft,
    Post,
    PostDraft,
    Product,
    ProductDraft,
    ProductWithCategory,
    Tag,
    TagDraft,
    TopSpender,
    Transfer,
    TransferDraft,
    User,
    UserDraft,
)
from core.storage.filters import OrderFilter, PostFilter, ProductFilter, UserFilter
from core.storage.pages import Page, Window

E = TypeVar("E")
E_co = TypeVar("E_co", covariant=True)
D_contra = TypeVar("D_contra", contravariant=True)


class Reader(Protocol[E_co]):
    """What every aggregate can be asked for."""

    async def get(self, id: int) -> E_co:
        """The entity with this id."""
        ...


class Repository(Reader[E], Protocol[E, D_contra]):
    """What every aggregate can do in a unit of work."""

    async def add(self, drafts: Sequence[D_contra], at: datetime) -> list[E]:
        """Store new entities, in as many round trips for a thousand as for one; returned in the order given.

        ``created_at`` and ``updated_at`` become ``at``, ``version`` 1. Drafts with a slug have it filled in.
        """
        ...

    async def lock(self, id: int) -> E:
        """The entity as it is now, held against changes by others until the unit of work ends."""
        ...

    async def save(self, entity: E) -> None:
        """Store a locked entity after a change; its ``version`` is one above the stored one, else TransientConflict."""
        ...

    async def delete(self, id: int) -> None:
        """Remove the entity, with the contract's effects on those that refer to it.

        Raises:
            Referenced: something that must not lose it refers to it.
        """
        ...


class Slugged(Protocol):
    """Aggregates with a slug that core derives when the client chose none."""

    async def taken_slugs(self, bases: Sequence[str]) -> set[str]:
        """Of the stored slugs, those in ``core.text.slug_range`` of any of ``bases``, in one round trip."""
        ...


class UserReader(Reader[User], Protocol):
    """Users."""

    async def by_email(self, email: str) -> User:
        """The user with this e-mail address, compared folded."""
        ...

    async def page(self, filter: UserFilter, window: Window) -> Page[User]:
        """A page of users."""
        ...

    async def active_count(self) -> int:
        """How many users are active."""
        ...

    async def top_spenders(self, limit: int) -> list[TopSpender]:
        """Users with at least one order that is not cancelled, most spent first, ties by id; at most ``limit``."""
        ...


class UserRepository(UserReader, Protocol):
    """Users in a unit of work. Differs from ``Repository`` by the password hash, which only ever goes in."""

    async def add(self, drafts: Sequence[UserDraft], password_hashes: Sequence[str], at: datetime) -> list[User]:
        """As ``Repository.add``; the n-th hash belongs to the n-th draft."""
        ...

    async def lock(self, id: int) -> User:
        """As ``Repository.lock``."""
        ...

    async def save(self, entity: User, password_hash: str | None = None) -> None:
        """As ``Repository.save``; a hash of None leaves the stored one."""
        ...

    async def delete(self, id: int) -> None:
        """As ``Repository.delete``: posts, orders and notifications go too; Referenced while accounts exist."""
        ...

    async def deactivate_stale(self, before: datetime, at: datetime) -> int:
        """Deactivate the active users last updated before ``before``; their number."""
        ...

    async def delete_inactive(self) -> int:
        """Delete every inactive user, as ``delete`` does, all or none; their number."""
        ...


class PostReader(Reader[Post], Protocol):
    """Posts, each with the names of its tags."""

    async def page(self, filter: PostFilter, window: Window) -> Page[Post]:
        """A page of posts."""
        ...


class PostRepository(PostReader, Slugged, Protocol):
    """Posts in a unit of work. Differs from ``Repository`` by the tags, which are given as stored tags."""

    async def add(self, draft: PostDraft, tags: Sequence[Tag], published_at: datetime | None, at: datetime) -> Post:
        """Store one new post with its tags."""
        ...

    async def lock(self, id: int) -> Post:
        """As ``Repository.lock``."""
        ...

    async def save(self, entity: Post, tags: Sequence[Tag] | None = None) -> None:
        """As ``Repository.save``; tags of None leave the stored ones."""
        ...

    async def delete(self, id: int) -> None:
        """As ``Repository.delete``; its links to tags go too."""
        ...


class TagReader(Reader[Tag], Protocol):
    """Tags."""

    async def page(self, window: Window) -> Page[Tag]:
        """A page of tags."""
        ...


class TagRepository(TagReader, Repository[Tag, TagDraft], Slugged, Protocol):
    """Tags in a unit of work. Renaming or deleting one is a change of every post that has it."""

    async def named(self, names: Sequence[str]) -> list[Tag]:
        """Those tags among ``names``, compared folded, that exist; by id."""
        ...


class CategoryReader(Reader[Category], Protocol):
    """Categories."""

    async def page(self, window: Window) -> Page[Category]:
        """A page of categories."""
        ...

    async def all(self) -> list[Category]:
        """Every category, by name and then id."""
        ...


class CategoryRepository(CategoryReader, Repository[Category, CategoryDraft], Slugged, Protocol):
    """Categories in a unit of work. Deleting one changes its products and children, whose reference becomes null."""

    async def lock_all(self) -> list[Category]:
        """Every category, all locked: for a change that must not meet another change of the forest."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryFigures:
    """Sums over the active products of a category (None: those without one), in minor units."""

    category: str | None
    product_count: int
    price_sum: int
    min_price: int
    max_price: int


class ProductReader(Reader[Product], Protocol):
    """Products."""

    async def by_sku(self, sku: str) -> Product:
        """The product with this SKU, compared exactly."""
        ...

    async def by_slug(self, slug: str) -> Product:
        """The product with this slug, compared exactly."""
        ...

    async def page(self, filter: ProductFilter, window: Window) -> Page[Product]:
        """A page of products."""
        ...

    async def page_with_category(self, filter: ProductFilter, window: Window) -> Page[ProductWithCategory]:
        """A page of products, each with its category."""
        ...

    async def figures_by_category(self) -> list[CategoryFigures]:
        """Figures of every category with active products, in no particular order."""
        ...


class ProductRepository(ProductReader, Repository[Product, ProductDraft], Slugged, Protocol):
    """Products in a unit of work."""

    async def lock_many(self, ids: Sequence[int]) -> dict[int, Product]:
        """Those of the products that exist, by id, locked in the order of their ids, in one round trip."""
        ...

    async def shift_stock(self, changes: Mapping[int, int], at: datetime) -> None:
        """Add to the stock of each product the given number of pieces, negative to take away; one round trip.

        Raises:
            TransientConflict: a product is gone, or its stock would leave 0 to ``MAX_QUANTITY``.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order as core has worked it out; totals in minor units."""

    order_number: str
    user_id: int
    shipping_address: str | None
    total_amount: int
    items: list[OrderItem]


class OrderReader(Reader[Order], Protocol):
    """Orders. ``get`` returns an order with its lines."""

    async def details(self, id: int) -> OrderDetails:
        """An order with its user, lines and products, in at most three round trips."""
        ...

    async def page(self, filter: OrderFilter, window: Window) -> Page[OrderSummary]:
        """A page of orders without lines."""
        ...

    async def totals(self) -> dict[OrderStatus, tuple[int, int]]:
        """Number and sum of the orders of each status that occurs."""
        ...


class OrderRepository(OrderReader, Protocol):
    """Orders in a unit of work."""

    async def add(self, order: NewOrder, at: datetime) -> Order:
        """Store a pending order with its lines. A taken ``order_number`` is a TransientConflict: core draws anew."""
        ...

    async def lock(self, id: int) -> Order:
        """As ``Repository.lock``."""
        ...

    async def save(self, entity: OrderSummary) -> None:
        """As ``Repository.save``; only ``status`` changes after birth."""
        ...


class PaymentRepository(Protocol):
    """Payments in a unit of work."""

    async def add(self, order_id: int, draft: PaymentDraft, at: datetime) -> Payment:
        """Store a completed payment."""
        ...


class AccountReader(Reader[Account], Protocol):
    """Accounts and their transfers."""

    async def transfers(self, account_id: int, window: Window) -> Page[Transfer]:
        """A page of the transfers from or to an account."""
        ...


class AccountRepository(AccountReader, Protocol):
    """Accounts in a unit of work."""

    async def add(self, draft: AccountDraft, at: datetime) -> Account:
        """Open an account."""
        ...

    async def lock(self, id: int) -> Account:
        """As ``Repository.lock``."""
        ...

    async def save(self, entity: Account) -> None:
        """As ``Repository.save``."""
        ...

    async def move(self, draft: TransferDraft, at: datetime) -> Transfer:
        """Take the amount from one account, add it to the other, and record it: guarded, locked in id order.

        Raises:
            UnknownReference: an account does not exist.
            InsufficientFunds: the balance of the first is below the amount.
            AmountLimit: the balance of the second would exceed ``core.money.MAX_TOTAL``.
        """
        ...


class NotificationReader(Reader[Notification], Protocol):
    """Notifications."""

    async def page(self, user_id: int, window: Window) -> Page[Notification]:
        """A page of a user's notifications."""
        ...


class NotificationRepository(NotificationReader, Repository[Notification, NotificationDraft], Protocol):
    """Notifications in a unit of work."""
