"""What there is to choose from, and a customer's choices: the same on every storage for the same seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from compare.skew import Zipf
from core.entities import OrderDraft, OrderItemDraft, Product, ProductDraft, TransferDraft
from demo import words
from demo.shop import MAX_LINES, MAX_PIECES


@dataclass(frozen=True, slots=True)
class Population:
    """What a loaded store holds, each in the order of the ids. Only products for sale are among the products."""

    products: list[Product]
    categories: list[int]
    users: list[int]
    orders: list[int]
    accounts: list[int]


class Tastes:
    """What is liked by how many: one ranking for all customers."""

    def __init__(self, population: Population, skew: float, seed: int) -> None:
        ranking = Random(f"ranking {seed}")  # noqa: S311
        self.products = Zipf(population.products, skew, ranking)
        self.categories = Zipf(population.categories, skew, ranking)
        self.users = Zipf(population.users, skew, ranking)
        self.orders = Zipf(population.orders[::-1], skew)  # the newest are looked at most
        self.accounts = Zipf(population.accounts, skew, ranking)
        self.words = Zipf(sorted({brand.casefold() for brand in words.BRANDS}), skew, ranking)


class Customer:
    """Draws requests.

    Args:
        tastes: of all customers.
        name: distinguishes this customer's draws, and what it creates, from those of others.
    """

    def __init__(self, tastes: Tastes, name: str) -> None:
        self._tastes = tastes
        self._name = name
        self._numbers = count(1)
        self._source = Random(name)  # noqa: S311
        self.unpaid: list[tuple[int, int]] = []

    def product(self) -> Product:
        """One to look at."""
        return self._tastes.products.draw(self._source)

    def category(self) -> int:
        """One to look through."""
        return self._tastes.categories.draw(self._source)

    def word(self) -> str:
        """What to search for."""
        return self._tastes.words.draw(self._source)

    def order(self) -> int:
        """One to look at; it was there from the beginning."""
        return self._tastes.orders.draw(self._source)

    def basket(self) -> OrderDraft:
        """An order of one to a few lines."""
        products = self._tastes.products.several(self._source.randint(1, MAX_LINES), self._source)
        lines = [OrderItemDraft(product_id=p.id, quantity=self._source.randint(1, MAX_PIECES)) for p in products]
        address = f"{self._source.randint(1, 200)} {self._source.choice(words.STREETS)}"
        return OrderDraft(user_id=self._tastes.users.draw(self._source), items=lines, shipping_address=address)

    def novelty(self) -> ProductDraft:
        """A product that nobody else creates."""
        number = next(self._numbers)
        return ProductDraft(
            name=f"Novelty {self._name} {number}",
            slug=f"novelty-{self._name}-{number}".replace(" ", "-"),
            description=self.description(),
            price=self._source.randint(100, 100_000),
            stock_quantity=self._source.randint(1, 1000),
            sku=f"N-{self._name}-{number}".replace(" ", "-").upper(),
            category_id=self.category(),
        )

    def description(self) -> str:
        """A text that is not the one before."""
        return f"{self._source.choice(words.DESCRIPTIONS)} ({self._source.getrandbits(32):08x})"

    def pieces(self) -> int:
        """How many to put in stock."""
        return self._source.randint(1, 20)

    def transfer(self) -> TransferDraft:
        """A little money to be moved; there are always two accounts."""
        giver = taker = self._tastes.accounts.draw(self._source)
        while taker == giver:
            taker = self._tastes.accounts.draw(self._source)
        return TransferDraft(from_account_id=giver, to_account_id=taker, amount=self._source.randint(1, 500))

    def choose(self, things: Sequence[str], weights: Sequence[float]) -> str:
        """One of them."""
        return self._source.choices(things, weights)[0]
