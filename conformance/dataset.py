"""A shop in which everything that a request may touch has a given number of rows."""

from collections.abc import Callable
from dataclasses import dataclass

from conformance.shop import Json, Shop

MAX_TAGS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
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
    async def create(cls, shop: Shop, size: int) -> "Dataset":
        """Add the rows to what is in the shop already."""
        user, owner = await shop.user(), await shop.user()
        category, tag = await shop.category(), await shop.tag()
        drafts = [shop.draft() | {"category_id": category["id"], "stock_quantity": 10_000} for _ in range(size)]
        dataset = cls(
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
            await shop.new_post(user, tags=[tag["name"]])
            await shop.order(user, dataset.products[0], notify=True)
            await shop.post("/accounts/transfers", dataset.transfer_body())
        return dataset

    async def order(self) -> Json:
        """A new pending order with a line for each product."""
        return await self.shop.create("/orders", self.order_body())

    def order_body(self) -> Json:
        """The body of that order."""
        items = [{"product_id": product["id"], "quantity": 1} for product in self.products]
        return {"user_id": self.user["id"], "items": items}

    def post_body(self, *tags: str) -> Json:
        """The body of a new post."""
        return {"title": "News", "content": "Text.", "author_id": self.user["id"], "tags": list(tags)}

    def transfer_body(self) -> Json:
        """The body of a transfer."""
        return {"from_account_id": self.account["id"], "to_account_id": self.other_account["id"], "amount": "0.01"}

    def tag_names(self, word: str) -> list[str]:
        """Names of unused tags that begin with ``word``, as many as a post may have."""
        return [f"{word} {self.size} {number}" for number in range(min(self.size, MAX_TAGS))]

    def bulk(self, make: Callable[[], Json]) -> list[Json]:
        """The body of a bulk of ``size`` elements."""
        return [make() for _ in range(self.size)]
