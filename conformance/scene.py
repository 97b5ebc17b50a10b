"""A shop in which everything that a request may touch has as many rows, or lines, as was asked for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from conformance.shop import Json, Shop

MAX_TAGS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """``size`` rows below each of these: posts, orders, notifications; products and categories; posts; transfers."""

    shop: Shop
    size: int
    user: Json
    category: Json
    products: list[Json]
    tag: Json
    account: Json
    other_account: Json

    @classmethod
    async def of(cls, shop: Shop, size: int) -> "Scene":
        """Fill the shop; what is in it already stays."""
        user, owner = await shop.user(), await shop.user()
        category, tag = await shop.category(), await shop.tag()
        drafts = [shop.draft() | {"category_id": category["id"], "stock_quantity": 10_000} for _ in range(size)]
        scene = cls(
            shop=shop,
            size=size,
            user=user,
            category=category,
            products=await shop.post("/products/bulk", drafts),
            tag=tag,
            account=await shop.account(owner, "1000.00"),
            other_account=await shop.account(owner),
        )
        for _ in range(size):
            await shop.category(parent_id=category["id"])
            await shop.article(user, tags=[tag["name"]])
            await shop.order(user, scene.products[0], notify=True)
            await shop.post("/accounts/transfers", scene.transfer())
        return scene

    async def order(self) -> Json:
        """A pending order with a line for each product."""
        return await self.shop.create("/orders", self.order_draft())

    def order_draft(self) -> Json:
        """The body of that order."""
        items = [{"product_id": product["id"], "quantity": 1} for product in self.products]
        return {"user_id": self.user["id"], "items": items}

    def post_draft(self, *tags: str) -> Json:
        """The body of a new post."""
        return {"title": "News", "content": "Text.", "author_id": self.user["id"], "tags": list(tags)}

    def transfer(self) -> Json:
        """The body of a transfer."""
        return {"from_account_id": self.account["id"], "to_account_id": self.other_account["id"], "amount": "0.01"}

    def tags(self, word: str) -> list[str]:
        """Names of tags that nobody has used, as many as a post may have."""
        return [f"{word} {self.size} {number}" for number in range(min(self.size, MAX_TAGS))]

    def many(self, make: Callable[[], Json]) -> list[Json]:
        """The body of a bulk."""
        return [make() for _ in range(self.size)]

    def page(self, path: str) -> str:
        """A page, by number, that holds everything there is below one parent."""
        return f"{path}{'&' if '?' in path else '?'}page_size={self.size}"


Prepare = Callable[[Scene], Awaitable[tuple[str, Any]]]
"""Sets up what a request needs, and returns its URL and body."""
