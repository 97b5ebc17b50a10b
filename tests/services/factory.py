"""Test data, made by the use cases themselves, and what tests read from a storage."""

from dataclasses import dataclass
from typing import Any

from core.entities import (
    Account,
    AccountDraft,
    Category,
    CategoryDraft,
    Order,
    OrderDraft,
    OrderItemDraft,
    Post,
    PostDraft,
    Product,
    ProductDraft,
    Registration,
    User,
)
from core.errors import StockroomError
from core.passwords import PasswordHasher
from core.services import accounts, catalogue, orders, posts, users
from core.storage import PageRequest, Storage
from core.storage.sorts import NEWEST_FIRST

PASSWORD = "SecurePass123"
FIRST_PAGE = PageRequest(NEWEST_FIRST, size=100)


@dataclass(frozen=True, slots=True)
class Factory:
    """Creates entities in a storage; fields that are not given get valid defaults."""

    storage: Storage
    hasher: PasswordHasher

    async def user(self, username: str = "ada", **fields: Any) -> User:
        return await users.register_one(self.storage, self.hasher, registration(username, **fields))

    async def category(self, name: str = "Books", **fields: Any) -> Category:
        return await catalogue.create_category(self.storage, CategoryDraft(name=name, **fields))

    async def product(self, sku: str = "PEN", **fields: Any) -> Product:
        return await catalogue.create_product(self.storage, product_draft(sku, **fields))

    async def post(self, author: User, title: str = "News", **fields: Any) -> Post:
        draft = PostDraft(title=title, content="Text", author_id=author.id, **fields)
        return await posts.create_post(self.storage, draft)

    async def account(self, user: User, balance: int = 0) -> Account:
        return await accounts.open_account(self.storage, AccountDraft(user_id=user.id, balance=balance))

    async def order(self, user: User, *lines: tuple[Product, int]) -> Order:
        return await orders.place(self.storage, order_draft(user.id, *((p.id, quantity) for p, quantity in lines)))


def registration(username: str = "ada", **fields: Any) -> Registration:
    given: dict[str, Any] = {"email": f"{username}@example.com", "password": PASSWORD}
    return Registration(username=username, **(given | fields))


def product_draft(sku: str = "PEN", **fields: Any) -> ProductDraft:
    """A product named like its SKU, of which there are ten at one unit of the currency each."""
    given: dict[str, Any] = {"name": sku.title(), "price": 100, "stock_quantity": 10}
    return ProductDraft(sku=sku, **(given | fields))


def order_draft(user_id: int, *lines: tuple[int, int]) -> OrderDraft:
    """Of lines that are pairs of product id and quantity."""
    items = [OrderItemDraft(product_id=product_id, quantity=quantity) for product_id, quantity in lines]
    return OrderDraft(user_id=user_id, items=items)


def failing_fields(error: StockroomError) -> list[tuple[str, str]]:
    """Path and code of each field error, in order."""
    return [(one.field, one.code) for one in error.errors]


async def stock_of(storage: Storage, *products: Product) -> list[int]:
    """The stock of products as it is now."""
    return [(await storage.products.get(product.id)).stock_quantity for product in products]
